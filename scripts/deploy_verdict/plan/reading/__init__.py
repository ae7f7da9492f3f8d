"""Reads a plan's text: gives the plan, or every mistake with its place and what to write. Pure."""
