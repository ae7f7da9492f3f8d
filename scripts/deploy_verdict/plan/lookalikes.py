"""What could name an entity without naming it as the plan does: other spellings, encodings, shapes. Pure."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

# Routes are words and versions; whatever else stands in a path could be an entity.
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
            return "climbs with a dot segment"
        if not plain.isascii() or not plain.isprintable() or set(plain) & set("%/\\;?#"):
            return "holds an encoding that servers read differently"
    return None


def segments_to_check(path: str) -> list[str]:
    """The segments that are no words of a route."""
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
    """A key without case, plural, separators and brackets: Tag-Spools[] is tagspool."""
    plain = unicodedata.normalize("NFKC", key).casefold()
    return "".join(character for character in plain if character.isalnum()).removesuffix("s")


def disguised_key(keys: Iterable[str], known: Iterable[str]) -> str | None:
    """The first key that is one of the known ones in another spelling."""
    exact = set(known)
    meant = {folded(key) for key in exact}
    return next((key for key in keys if key not in exact and folded(key) in meant), None)


def looking_like(texts: Iterable[str], allowed: Sequence[str | int]) -> Iterator[str]:
    """What stands in the texts, in any encoding, and has the shape of an allowed entity but is none."""
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
    """Every key of a JSON value, at any depth, also of JSON that stands in a text."""
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
    """TEST-02 is letters, a dash, digits. What is letters or digits only has the shape of every word."""
    if not (re.search(r"[A-Za-z]", item) and re.search(r"[0-9]", item)):
        return None
    parts = [_part(part) for part in re.split(r"([A-Za-z]+|[0-9]+)", item) if part]
    return re.compile(rf"(?<![A-Za-z0-9]){''.join(parts)}(?![A-Za-z0-9])")


def _part(part: str) -> str:
    if not _RUN.fullmatch(part):
        return re.escape(part)
    return "[A-Za-z]+" if part.isalpha() else "[0-9]+"


def _forms(text: str) -> Iterator[str]:
    """A text as it stands, in its plain characters, and decoded as often as it lets itself be."""
    seen: set[str] = set()
    before = ""
    # Each decoding makes it shorter, so this ends.
    while text != before:
        for form in (text, _visible(text)):
            if form not in seen:
                seen.add(form)
                yield form
        before, text = text, unquote(text)


def _visible(text: str) -> str:
    """In plain characters, and without what cannot be seen."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(character for character in plain if unicodedata.category(character) not in ("Cf", "Cc"))
