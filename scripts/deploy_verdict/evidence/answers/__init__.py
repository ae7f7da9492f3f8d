"""Every request of the window and its response: whose it was, how long it took, what it says. Pure."""
