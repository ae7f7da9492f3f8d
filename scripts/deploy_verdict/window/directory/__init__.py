"""What one window keeps on disk: its plan, evidence files, locks and earlier verdicts."""
