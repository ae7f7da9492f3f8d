"""Which process or instance gave an answer, since when it runs, how many there are. Pure."""
