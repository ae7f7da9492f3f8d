"""Is the code that runs the code that was meant? Judged from fingerprints and named checks."""
