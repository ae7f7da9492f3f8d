"""From a plan's text to the plan, or to every mistake with its place and what to write. Pure."""
