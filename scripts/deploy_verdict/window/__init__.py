"""One window in one directory: opening, sampling, watching, evidence files, locks, history."""
