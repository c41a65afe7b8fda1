"""What the project costs and how fast it is, measured beside a peer or a bound in the same run.

`python -m benchmarks [--quick] [--only NAME ...]`. Every figure is a module with `measure`, which
starts what it needs (a real S3 server, a real Prefect server, the stand-in API over HTTP), runs
each contender in a child process of its own, and returns frozen results. Linux only: processes are
measured by /proc.
"""
