"""Decides what a plan's requests may write, before anything is sent. Pure."""
