"""All findings of all stages become one verdict. Pure."""
