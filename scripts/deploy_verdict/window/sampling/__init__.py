"""Each sample at its time, and what people see of it meanwhile."""
