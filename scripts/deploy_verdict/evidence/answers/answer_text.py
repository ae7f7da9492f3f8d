"""Extracts what an error response says, as one line, from JSON, a page or plain text. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from deploy_verdict.base.log_templates import template_of

MOST_CHARACTERS = 200
_SPEAKS = re.compile(r"(?i)error|detail|message|msg|reason|exception|title|fault|description|cause")
_PAGE = re.compile(r"(?is)<(title|h1|pre)[^>]*>(.*?)</\1>")
# Any server says these of any failure, so they cannot distinguish two failures of one service.
_REASON_PHRASE = re.compile(
    r"(?i)((http )?(error )?\d{3}:?\s*)?(an? )?(unexpected |unknown )?((internal )?server error"
    r"|service unavailable|service temporarily unavailable|bad gateway|gateway time-?out"
    r"|application failed to respond"
    r"|something went wrong|not found|error|fail(ed|ure)|internal error|\d{3})?(\s*(occurred|\d{3}))?\W*"
)
_PREFIX = re.compile(r"(?i)^(http )?(\d{3}:?\s*)?(internal )?(server )?error:\s+(?=\S)")
_DEEPEST = 4


def answer_text(body: str | None) -> str:
    """Return the most telling line of a body, at most MOST_CHARACTERS long; "" if it says nothing."""
    text = (body or "").strip()
    if not text:
        return ""
    try:
        found = list(_texts(json.loads(text), "", 0))
    except (ValueError, RecursionError):
        pages = [re.sub(r"<[^>]*>", " ", match[2]) for match in _PAGE.finditer(text[:4000])]
        found = pages or [text.partition("\n")[0] if not text.startswith("<") else ""]
    lines = [_PREFIX.sub("", " ".join(item.split())) for item in found]
    telling = [line for line in lines if line and not is_reason_phrase(line)] or [
        line for line in lines if line
    ]
    return max(telling, key=len, default="")[:MOST_CHARACTERS]


def is_reason_phrase(text: str) -> bool:
    """Return whether a text says no more than a status does."""
    return _REASON_PHRASE.fullmatch(text.strip()) is not None


def shape_of_text(text: str) -> str:
    """Return a key that is equal for texts which differ only in numbers and ids."""
    return template_of(text)


def _texts(value: Any, key: str, depth: int) -> Iterator[str]:
    """Yield the strings under keys that name an error, down to a few levels."""
    if isinstance(value, str):
        if depth == 0 or _SPEAKS.search(key):
            yield value
    elif depth < _DEEPEST and isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name, depth + 1)
    elif depth < _DEEPEST and isinstance(value, list):
        for item in value[:20]:
            yield from _texts(item, key, depth + 1)
