"""Kills every step of the pipeline at each of its disk operations, then resumes it."""
