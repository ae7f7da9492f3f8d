"""Takes each sample at its time and shows progress."""
