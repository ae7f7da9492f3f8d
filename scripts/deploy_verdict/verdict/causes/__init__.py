"""Which findings have one explanation, what it is, and its sentence. Pure."""
