"""Is the running code the intended code? Judged from fingerprints and named checks."""
