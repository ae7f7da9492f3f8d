"""The verbs before the first window: draft, examine, check and adopt a plan, and probe a Railway token."""
