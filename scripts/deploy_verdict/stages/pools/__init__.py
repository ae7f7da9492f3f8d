"""Does the connection pool hold? Its level, its growth, and whether its gauge can be trusted."""
