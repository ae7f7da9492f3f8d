"""One window in one directory: open it, sample, watch, judge, and keep what it produces."""
