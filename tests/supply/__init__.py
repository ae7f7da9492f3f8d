"""What this project is made of: its locks, a fresh install from them, the bill, and SECURITY.md."""
