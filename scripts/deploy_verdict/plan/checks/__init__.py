"""What is wrong with a plan as a whole, what it will do, and what it leaves unwatched. Pure."""
