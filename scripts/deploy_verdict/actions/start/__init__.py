"""Decides whether an event opens a window on GitHub, and on what."""
