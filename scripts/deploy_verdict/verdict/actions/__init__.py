"""What to do now, in order, and what to add to the plan. Pure."""
