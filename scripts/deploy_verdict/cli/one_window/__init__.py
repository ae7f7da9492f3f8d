"""The verbs of one window: all at once, or step by step."""
