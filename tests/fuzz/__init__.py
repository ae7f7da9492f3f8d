"""Coverage-guided fuzzing of the readers of untrusted text: `make fuzz`, and a short run in the tests."""
