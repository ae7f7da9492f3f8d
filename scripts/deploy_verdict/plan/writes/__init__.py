"""What a plan's requests may write, decided before anything is sent. Pure."""
