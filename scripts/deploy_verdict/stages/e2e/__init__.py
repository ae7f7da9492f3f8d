"""The end-to-end suite: its steps, its runs, its clean-up, and suites of other tools."""
