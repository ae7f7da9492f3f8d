"""The verbs after a verdict: explain, compare, archive, review, export, rollback."""
