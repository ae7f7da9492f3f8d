"""A GitHub for tests: requests and answers are validated against GitHub's own OpenAPI description."""
