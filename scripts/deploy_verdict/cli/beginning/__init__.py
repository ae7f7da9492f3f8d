"""The verbs before the first window: draft, ask, check, adopt, and what a Railway token may read."""
