"""What one window keeps on disk: its plan, its evidence files, its locks, earlier verdicts."""
