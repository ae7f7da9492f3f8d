"""What a new user needs once: a plan drafted from a live service, a live check of it, and the callers."""
