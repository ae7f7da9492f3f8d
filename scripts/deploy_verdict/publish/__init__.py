"""Brings a verdict to people: comment, commit status, job summary, notifications."""
