"""Every request of the window and what was answered: whose it was, how long it took, what it says. Pure."""
