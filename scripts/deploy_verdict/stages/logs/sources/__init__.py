"""Where a log's lines come from, and whether its clock is ours."""
