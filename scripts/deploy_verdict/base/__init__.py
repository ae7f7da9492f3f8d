"""What everybody stands on, knowing nothing of deployments: errors, units, time, strict JSON, files."""
