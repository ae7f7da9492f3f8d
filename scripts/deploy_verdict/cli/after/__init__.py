"""The verbs of what follows a verdict: the archive, the review."""
