"""Checks across a plan's sections, what the plan will do, and what it leaves unwatched. Pure."""
