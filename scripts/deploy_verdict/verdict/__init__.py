"""Turns all findings of all stages into one verdict. Pure."""
