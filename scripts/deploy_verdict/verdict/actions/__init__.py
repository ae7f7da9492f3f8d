"""What to do now, in its order, and what to add to the plan. Pure."""
