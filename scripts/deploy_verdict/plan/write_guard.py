"""Test-data safety: whether a request may be sent, decided on its final form. Pure.

Denied unless shown to be safe: a request that may write must name an entity of `test_data.may_write`, and no
other one in any spelling; and its form must be one that all servers read alike.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

# Routes are words and versions; anything else in a path could be an entity.
_ROUTE = re.compile(r"[a-z][A-Za-z]*(?:[-_][A-Za-z]+)*|v\d+(?:\.\d+)?")
_PLAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@%/-]*")
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")
OVERRIDES = ("xhttpmethodoverride", "xmethodoverride", "xhttpmethod", "method")


def strange_path(path: str) -> str | None:
    """Why servers could read this path differently from us, or None. Without its query."""
    if not path.startswith("/") or "//" in path:
        return "has an empty segment"
    if not _PLAIN.fullmatch(path):
        return "holds a character that servers read differently"
    for segment in path.split("/"):
        plain = unquote(segment)
        if plain.strip(".") == "" and plain:
            return "has a dot segment"
        if not plain.isascii() or not plain.isprintable() or set(plain) & set("%/\\;?#"):
            return "holds an encoding that servers read differently"
    return None


def segments_to_check(path: str) -> list[str]:
    """The segments that are not route words."""
    plain = [unquote(segment) for segment in path.split("/") if segment]
    return [segment for segment in plain if not _ROUTE.fullmatch(segment)]


def strange_query(query: str) -> str | None:
    """Why servers could read this query differently from us, or None."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if ";" in query or "#" in query or not query.isascii() or not query.isprintable():
        return "holds a separator or a character that servers read differently"
    if any("%" in text or not text.isascii() or not text.isprintable() for pair in pairs for text in pair):
        return "holds an encoding that servers read differently"
    if any(folded(key) in OVERRIDES for key, _ in pairs):
        return "asks for another method"
    return None


def folded(key: str) -> str:
    """A key without case, plural, separators and brackets: Tag-Spools[] becomes tagspool."""
    plain = unicodedata.normalize("NFKC", key).casefold()
    return "".join(character for character in plain if character.isalnum()).removesuffix("s")


def disguised_key(keys: Iterable[str], known: Iterable[str]) -> str | None:
    """The first key that is one of the known ones in another spelling."""
    exact = set(known)
    meant = {folded(key) for key in exact}
    return next((key for key in keys if key not in exact and folded(key) in meant), None)


def looking_like(texts: Iterable[str], allowed: Sequence[str | int]) -> Iterator[str]:
    """Parts of the texts, in any encoding, that have the shape of an allowed entity but are not allowed."""
    names = {str(item) for item in allowed}
    shapes = [shape for item in allowed if isinstance(item, str) and (shape := _shape(item))]
    for text in texts:
        for form in _forms(text):
            for shape in shapes:
                yield from (found for found in shape.findall(form) if found not in names)


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value, its keys among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from texts_in(item)


def keys_in(value: Any) -> Iterator[str]:
    """Every key of a JSON value, at any depth, also of JSON within a text."""
    if isinstance(value, list):
        for item in value:
            yield from keys_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from keys_in(item)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return
        yield from keys_in(inner)


def _shape(item: str) -> re.Pattern[str] | None:
    """TEST-02 is letters, a dash, digits. Letters or digits alone are the shape of any word, so None."""
    if not (re.search(r"[A-Za-z]", item) and re.search(r"[0-9]", item)):
        return None
    parts = [_part(part) for part in re.split(r"([A-Za-z]+|[0-9]+)", item) if part]
    return re.compile(rf"(?<![A-Za-z0-9]){''.join(parts)}(?![A-Za-z0-9])")


def _part(part: str) -> str:
    if not _RUN.fullmatch(part):
        return re.escape(part)
    return "[A-Za-z]+" if part.isalpha() else "[0-9]+"


def _forms(text: str) -> Iterator[str]:
    """A text as it is, in its plain characters, and decoded as often as possible."""
    known: set[str] = set()
    before = ""
    # Each decoding makes it shorter, so this ends.
    while text != before:
        for form in (text, _visible(text)):
            if form not in known:
                known.add(form)
                yield form
        before, text = text, unquote(text)


def _visible(text: str) -> str:
    """In plain characters, and without invisible ones."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(character for character in plain if unicodedata.category(character) not in ("Cf", "Cc"))


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
    """Why this request must not be sent, or None. `filled` are the captured values in the path."""
    override = next((name for name in headers if folded(name) in OVERRIDES), None)
    if override:
        return f"{method} {path} asks for another method in its header {override} — use that method itself"
    if method in ("GET", "HEAD"):
        return None
    if not may_write:
        return f"{method} {path} would write, but test_data.may_write allows nothing"
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
        yield f"{what} names no {keys}, so the write guard cannot check what it writes"
    for key, value in named:
        if not _allowed(value, may_write[key]):
            allowed = ", ".join(str(item) for item in may_write[key])
            yield f"{what} would write {key} = {value!r}; test_data.may_write allows {allowed}"
    for value in filled:
        if not _allowed(value, everything) and not _allowed(unquote(value), everything):
            yield f"{what} has the captured value {value!r} in its path, which may not be written"
    for segment in segments_to_check(route):
        if not _allowed(segment, everything):
            yield f"{what} has {segment!r} in its path, which is not a route word and may not be written"
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
