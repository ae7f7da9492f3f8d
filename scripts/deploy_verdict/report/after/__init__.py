"""What is written after the verdict: later samples, earlier deployments, the badge, the review. Pure."""
