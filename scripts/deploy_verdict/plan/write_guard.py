"""Test-data safety: whether a request may be sent, decided on its final form. Pure.

Denied unless shown to be safe: a request that may write must name an entity of `test_data.may_write`,
and must not name any other, in whatever spelling; and it must stand in a form that all servers read alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from deploy_verdict.plan.lookalikes import (
    OVERRIDES,
    disguised_key,
    folded,
    keys_in,
    looking_like,
    segments_to_check,
    strange_path,
    strange_query,
    texts_in,
)

MayWrite = Mapping[str, Sequence[str | int]]
NO_HEADERS: Mapping[str, str] = {}


def refusal(
    method: str,
    path: str,
    body: Any,
    may_write: MayWrite,
    filled: Sequence[str] = (),
    headers: Mapping[str, str] = NO_HEADERS,
) -> str | None:
    """Why this request must not be sent, or None. `filled` holds captured values that stand in the path."""
    override = next((name for name in headers if folded(name) in OVERRIDES), None)
    if override:
        return f"{method} {path} asks for another method in its header {override} — name that method itself"
    if method in ("GET", "HEAD"):
        return None
    if not may_write:
        return f"{method} {path} would write, and test_data.may_write allows nothing"
    return next(_reasons(method, path, body, may_write, filled), None)


def entities(path: str, body: Any, may_write: MayWrite) -> tuple[str, ...]:
    """The allowed entities that a request names: tag_spool=TEST-02."""
    named = [*_named(body, may_write), *_in_query(path.partition("?")[2], may_write)]
    return tuple(dict.fromkeys(f"{key}={value}" for key, value in named))


def _reasons(method: str, path: str, body: Any, may_write: MayWrite, filled: Sequence[str]) -> Iterator[str]:
    what = f"{method} {path}"
    route, _, query = path.partition("?")
    everything = [item for values in may_write.values() for item in values]
    strange = strange_path(route) or strange_query(query)
    if strange:
        yield f"{what} {strange} — write it plainly"
    named = [*_named(body, may_write), *_in_query(query, may_write)]
    if not named:
        keys = ", ".join(may_write)
        yield f"{what} names no {keys}, so what it would write cannot be checked"
    for key, value in named:
        if not _allowed(value, may_write[key]):
            allowed = ", ".join(str(item) for item in may_write[key])
            yield f"{what} would write {key} = {value!r}; test_data.may_write allows {allowed}"
    for value in filled:
        if not _allowed(value, everything) and not _allowed(unquote(value), everything):
            yield f"{what} has the captured value {value!r} in its path, which may not be written"
    for segment in segments_to_check(route):
        if not _allowed(segment, everything):
            yield f"{what} has {segment!r} in its path, which is no word of a route and may not be written"
    yield from _disguised(what, query, body, may_write, everything)


def _disguised(
    what: str, query: str, body: Any, may_write: MayWrite, everything: Sequence[str | int]
) -> Iterator[str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    key = disguised_key([*keys_in(body), *(name for name, _ in pairs)], may_write)
    if key:
        yield f"{what} names {key!r}, which a server could read as {', '.join(may_write)} — write it as that"
    texts = [*texts_in(body), *(text for pair in pairs for text in pair)]
    for value in looking_like(texts, everything):
        yield f"{what} holds {value!r}, which looks like an entity that test_data.may_write does not allow"


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


def _in_query(query: str, may_write: MayWrite) -> Iterator[tuple[str, Any]]:
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in may_write:
            yield key, value
