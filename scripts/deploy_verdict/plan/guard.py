"""Test-data safety: whether a request may be sent, decided on its final form. Pure.

Denied unless shown to be safe: a request that may write must name an entity of `test_data.may_write`,
and must not name any other.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

MayWrite = Mapping[str, Sequence[str | int]]


def refusal(method: str, path: str, body: Any, may_write: MayWrite, filled: Sequence[str] = ()) -> str | None:
    """Why this request must not be sent, or None. `filled` holds captured values that stand in the path."""
    if method in ("GET", "HEAD"):
        return None
    if not may_write:
        return f"{method} {path} would write, and test_data.may_write allows nothing"
    named = [*_named(body, may_write), *_in_query(path, may_write)]
    if not named:
        keys = ", ".join(may_write)
        return f"{method} {path} names no {keys}, so what it would write cannot be checked"
    for key, value in named:
        if not _allowed(value, may_write[key]):
            allowed = ", ".join(str(item) for item in may_write[key])
            return f"{method} {path} would write {key} = {value!r}; test_data.may_write allows {allowed}"
    everything = [item for values in may_write.values() for item in values]
    for value in filled:
        if not _allowed(value, everything) and not _allowed(unquote(value), everything):
            return f"{method} {path} has the captured value {value!r} in its path, which may not be written"
    return None


def _allowed(value: Any, allowed: Sequence[str | int]) -> bool:
    return not isinstance(value, bool) and any(
        (type(value) is type(item) and value == item) or str(item) == value for item in allowed
    )


def _named(body: Any, may_write: MayWrite) -> Iterator[tuple[str, Any]]:
    """Every entity that a JSON body names, at any depth; a list of them counts one by one."""
    if isinstance(body, list):
        for item in body:
            yield from _named(item, may_write)
    if isinstance(body, dict):
        for key, value in body.items():
            if key in may_write:
                yield from ((key, item) for item in (value if isinstance(value, list) and value else [value]))
            else:
                yield from _named(value, may_write)


def _in_query(path: str, may_write: MayWrite) -> Iterator[tuple[str, Any]]:
    for key, value in parse_qsl(urlsplit(path).query, keep_blank_values=True):
        if key in may_write:
            yield key, value
