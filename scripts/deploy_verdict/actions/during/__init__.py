"""After each sample of a run: the comment so far, and bad news at once."""
