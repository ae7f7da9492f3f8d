"""Captured values in later steps: `{name}` in texts, with `{{` and `}}` for literal braces. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

_PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names_in(value: Any) -> Iterator[str]:
    """The names that a JSON value's texts ask for."""
    if isinstance(value, str):
        yield from (match.group(1) for match in _PLACE.finditer(value) if match.group(1))
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from names_in(item)


def filled(value: Any, captured: Mapping[str, Any]) -> Any:
    """A JSON value with its places filled. A text that is one place only takes the value's own type."""
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole and whole.group(1):
            return captured[whole.group(1)]
        return _PLACE.sub(lambda match: _text(match, captured), value)
    if isinstance(value, list):
        return [filled(item, captured) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, captured) for key, item in value.items()}
    return value


def filled_path(path: str, captured: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """A path with its places filled and percent-encoded, and the values that went in."""
    used: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group(0)[0]
        used.append(str(captured[match.group(1)]))
        return quote(used[-1], safe="")

    return _PLACE.sub(value, path), tuple(used)


def _text(match: re.Match[str], captured: Mapping[str, Any]) -> str:
    return match.group(0)[0] if match.group(1) is None else str(captured[match.group(1)])
