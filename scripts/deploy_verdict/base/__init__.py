"""The foundation, which knows nothing of deployments: errors, units, time, strict JSON, files."""
