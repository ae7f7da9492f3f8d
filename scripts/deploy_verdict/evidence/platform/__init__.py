"""What the platform reports about the service and about other people's requests. Pure."""
