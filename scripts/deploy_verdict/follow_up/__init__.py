"""What follows a verdict: a longer window, later samples, a rollback, the archive, the review."""
