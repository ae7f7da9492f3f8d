"""The supply chain of this project: its locks, a fresh install from them, the bill, and SECURITY.md."""
