"""The contenders. Each is a program: `python -m benchmarks.arms.NAME ASKED TOLD`, two JSON files.

A process for each, so that nobody's memory, threads or warm caches are another's.
"""
