"""What a repository needs on GitHub and at Railway before its first window."""
