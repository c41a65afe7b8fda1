"""What a person configures in the Prefect UI: the connection and the bucket."""

from blocks.bucket import MediaBucket
from blocks.connection import GlobalAIOPC

__all__ = ["GlobalAIOPC", "MediaBucket"]
