"""What must not leave: secrets and control characters, and the guard at every way out."""
