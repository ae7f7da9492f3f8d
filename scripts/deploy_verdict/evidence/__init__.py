"""The evidence of one window, read: its bundle, every exchange, its measures and its steps. Pure."""
