"""The headers that a plan would send, wherever in it they stand. Pure."""

from collections.abc import Iterator
from typing import Any


def headers_in(value: Any) -> Iterator[tuple[str, str]]:
    """Names and texts of every `headers` of a plan's data, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "headers" and isinstance(item, dict):
                yield from ((str(name), str(text)) for name, text in item.items())
            else:
                yield from headers_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from headers_in(item)
