"""A Railway to talk to: the real schema, executed by graphql-core, over the demo backend's own story."""
