"""Reads the evidence of one window: its bundle, every exchange, its measures and its steps. Pure."""
