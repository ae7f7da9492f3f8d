"""Hides a record as an HTML comment in a comment's second line, below the marker. Pure."""

import json
from typing import TypeVar

from pydantic import ValidationError

from deploy_verdict.model import Record, dumped

Kept = TypeVar("Kept", bound=Record)


def hidden(name: str, record: Record) -> str:
    """Return the hidden line; no text in it can end the HTML comment."""
    text = json.dumps(dumped(record), separators=(", ", ": "))
    text = text.replace("--", "\\u002d\\u002d").replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<!-- {name} {text} -->"


def hidden_in(comment: str | None, name: str, kind: type[Kept]) -> Kept | None:
    """Read the record in a comment's second line; None if there is none or it is unreadable."""
    lines = (comment or "").splitlines()[1:2]
    start, end = f"<!-- {name} ", " -->"
    if not lines or not (lines[0].startswith(start) and lines[0].rstrip().endswith(end)):
        return None
    try:
        return kind.model_validate_json(lines[0].rstrip()[len(start) : -len(end)])
    except ValidationError:
        return None
