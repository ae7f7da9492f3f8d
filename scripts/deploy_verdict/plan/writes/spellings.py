"""Finds paths, queries, keys and texts that a server could read differently than we do. Pure."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from deploy_verdict.redaction.derived_secrets import decoded

_PLAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@%/-]*")
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")


def strange_path(path: str) -> str | None:
    """Say why servers could read this path (without its query) differently; None if they read it alike."""
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


def strange_query(query: str) -> str | None:
    """Say why servers could read this query differently; None if they read it alike."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if ";" in query or "#" in query or not query.isascii() or not query.isprintable():
        return "holds a separator or a character that servers read differently"
    if any("%" in text or not text.isascii() or not text.isprintable() for pair in pairs for text in pair):
        return "holds an encoding that servers read differently"
    return None


def folded(key: str) -> str:
    """Return a key without case, plural, separators and brackets: Tag-Spools[] becomes tagspool."""
    plain = unicodedata.normalize("NFKC", key).casefold()
    return "".join(character for character in plain if character.isalnum()).removesuffix("s")


def disguised_key(keys: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the first key that is one of the known keys in another spelling, or None."""
    exact = set(known)
    meant = {folded(key) for key in exact}
    return next((key for key in keys if key not in exact and folded(key) in meant), None)


def looking_like(texts: Iterable[str], allowed: Sequence[str | int]) -> Iterator[str]:
    """Yield parts of the texts, in any encoding, that have an allowed entity's shape but are not allowed."""
    names = {str(item) for item in allowed}
    shapes = [shape for item in allowed if isinstance(item, str) and (shape := _shape(item))]
    for text in texts:
        for form in forms(text):
            for shape in shapes:
                yield from (found for found in shape.findall(form) if found not in names)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a JSON value, including its keys."""
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
    """Yield every key of a JSON value at any depth, also in JSON inside a text."""
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
    """Return an entity's shape: TEST-02 is letters, a dash, digits; None for one that any word has."""
    if not (re.search(r"[A-Za-z]", item) and re.search(r"[0-9]", item)):
        return None
    parts = [_part(part) for part in re.split(r"([A-Za-z]+|[0-9]+)", item) if part]
    return re.compile(rf"(?<![A-Za-z0-9]){''.join(parts)}(?![A-Za-z0-9])")


def _part(part: str) -> str:
    if not _RUN.fullmatch(part):
        return re.escape(part)
    return "[A-Za-z]+" if part.isalpha() else "[0-9]+"


def forms(text: str) -> Iterator[str]:
    """Yield a text as it is, in plain characters, and decoded as often as possible."""
    known: set[str] = set()
    waiting = [text]
    # Each decoding shortens the text, so this ends.
    while waiting:
        form = waiting.pop()
        if form not in known:
            known.add(form)
            yield form
            waiting += [_visible(form), *decoded(form)]


def _visible(text: str) -> str:
    """Return a text in plain characters (NFKC), without invisible ones."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(character for character in plain if unicodedata.category(character) not in ("Cf", "Cc"))


def documents_in(text: str) -> Iterator[Any]:
    """Yield the JSON and form fields that a text holds, in any encoding."""
    for form in forms(text):
        if form.lstrip()[:1] in ("{", "["):
            try:
                yield json.loads(form)
            except (ValueError, RecursionError):
                continue
        elif "=" in form:
            yield dict(parse_qsl(form))
