"""What is written when the verdict stands: the later samples, the deployments before, the review. Pure."""
