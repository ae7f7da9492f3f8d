"""A GitHub to talk to: requests and answers are validated against GitHub's own OpenAPI description."""
