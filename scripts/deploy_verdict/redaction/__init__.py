"""Removes secrets and control characters, and guards every output against them."""
