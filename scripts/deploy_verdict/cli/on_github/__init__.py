"""The verbs that publish on GitHub, notify people, and run in workflows."""
