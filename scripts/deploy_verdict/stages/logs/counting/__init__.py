"""What is counted in a log, in memory that does not grow with it."""
