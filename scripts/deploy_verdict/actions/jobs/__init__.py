"""Which jobs of a run take the window's samples, and what holds each back until it is due."""
