"""Clients that query a database server for its connections, read only."""
