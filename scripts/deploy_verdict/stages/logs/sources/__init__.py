"""Where a log's lines come from, and whether its clock agrees with ours."""
