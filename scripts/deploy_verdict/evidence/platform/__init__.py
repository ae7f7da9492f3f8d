"""What the platform says of the service and of other people's requests. Pure."""
