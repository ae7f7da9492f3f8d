"""Killed anywhere: every step of the pipeline, broken at each of its steps on the disk, then resumed."""
