"""`make demo`: everything on this machine, then a batch of briefs through it, then a verdict."""
