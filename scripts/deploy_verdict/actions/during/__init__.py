"""After each sample of a run: updates the comment, and reports bad news at once."""
