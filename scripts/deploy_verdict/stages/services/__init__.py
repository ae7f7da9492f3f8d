"""Other services of the project, such as the Redis behind the service."""
