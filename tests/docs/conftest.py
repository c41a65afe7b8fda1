from tests.pipeline import pipeline

__all__ = ["pipeline"]
