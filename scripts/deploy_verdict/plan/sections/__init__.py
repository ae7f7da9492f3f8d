"""The sections of a plan, one file for each stage or subject."""
