"""What comes after a verdict: a longer window, later samples, a rollback."""
