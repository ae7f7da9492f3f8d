"""Coverage-guided fuzzing of what reads texts of others: `make fuzz`, and a short run in the tests."""
