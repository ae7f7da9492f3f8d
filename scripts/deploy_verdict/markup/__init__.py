"""How things are written down: Markdown, tables, charts, labels. Pure."""
