"""The verbs of one window: at once, or step by step."""
