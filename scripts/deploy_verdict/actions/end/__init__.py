"""The end of a run on GitHub: its verdict told, what follows, and what a run leaves that died."""
