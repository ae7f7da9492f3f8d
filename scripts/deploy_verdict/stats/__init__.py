"""Statistics, each function held to scipy or statsmodels in its test. Pure."""
