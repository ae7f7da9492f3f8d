"""Database servers that are asked themselves, read only."""
