"""A pool's readings as numbers. Pure."""
