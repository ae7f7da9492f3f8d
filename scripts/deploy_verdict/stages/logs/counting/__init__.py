"""What is counted of a log, in memory that does not grow with it."""
