"""A production Prefect server: its settings, and the same server as processes and as containers."""
