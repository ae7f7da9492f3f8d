"""The end-to-end suite: its steps, its runs, its cleanup, and suites of other tools."""
