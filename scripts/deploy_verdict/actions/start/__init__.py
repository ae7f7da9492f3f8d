"""Does an event open a window on GitHub, and on what?"""
