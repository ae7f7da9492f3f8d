"""Which process or instance answered, since when it runs, and how many there are. Pure."""
