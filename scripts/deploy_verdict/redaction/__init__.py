"""Secrets and control characters, and the guard that keeps them out of every output."""
