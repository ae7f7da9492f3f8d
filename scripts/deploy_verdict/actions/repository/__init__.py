"""What a repository needs, before its first window, on GitHub and at Railway."""
