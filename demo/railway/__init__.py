"""A Railway for tests: the real schema, executed by graphql-core, about the demo backend's deployments."""
