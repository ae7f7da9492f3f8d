"""An answer's body as the report shows it: JSON laid out so that small parts stay on one line. Pure."""

import json
from typing import Any

WIDTH = 96


def told_body(body: str) -> tuple[str, str]:
    """The body and the language of its code block. What is not plain JSON is shown as it came."""
    try:
        value = json.loads(body)
        json.dumps(value, allow_nan=False)
        return _laid_out(value, "", top=True), "json"
    except (ValueError, RecursionError):
        return body, "text"


def _laid_out(value: Any, margin: str, *, top: bool = False) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (not top and len(margin) + len(flat) <= WIDTH):
        return flat
    inner = f"{margin}  "
    if isinstance(value, dict):
        parts = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, inner)}"
            for key, item in value.items()
        ]
    else:
        parts = [inner + _laid_out(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{margin}{closing}"
