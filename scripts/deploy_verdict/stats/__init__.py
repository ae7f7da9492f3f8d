"""Statistics; each function is tested against scipy or statsmodels. Pure."""
