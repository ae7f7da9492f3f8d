"""The forms a secret can take: encoded once or twice, escaped, in base64 at any offset. Pure."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, urlsplit

SHORTEST = 6
# The ends of a form in base64 or hex may be cut; less than this of it could be anything.
_SHORTEST_CODED = 8
_SHORTEST_KEY = 9
# JSON as encoders for pages write it.
_FOR_PAGES = {character: f"\\u{ord(character):04x}" for character in "<>&'\"+=/"}


def encodings_of(value: str) -> set[str]:
    """Every form of this secret, of each of its lines, and of the password in its address."""
    forms: set[str] = set()
    for part in _parts(value):
        forms |= {form for form in _texts(part) if len(form) >= SHORTEST}
        forms |= {form for form in _coded(part) if len(form) >= _SHORTEST_CODED}
    return forms


def keys_in_addresses(text: str) -> Iterator[str]:
    """The credentials in addresses such as slack://TOKEN/TOKEN: users, passwords, paths and values."""
    for address in re.split(r"[\s,]+(?=[A-Za-z][\w+.-]*://)", text.strip()):
        rest = address.partition("://")[2]
        for piece in re.split(r"[/?&=@:#,\s]+", rest):
            # A host has a dot; short words are names.
            if len(piece) >= _SHORTEST_KEY and not re.fullmatch(r"[\w-]+(\.[\w-]+)+", piece):
                yield piece
                yield unquote(piece)


def password_of(value: str) -> str | None:
    """The password in an address, where there is one."""
    try:
        return urlsplit(value).password
    except ValueError:
        return None


def _parts(value: str) -> Iterator[str]:
    """The value itself, each of its lines (a key has several), and the password in an address."""
    yield value
    yield value.strip()
    for line in value.splitlines():
        if len(line.strip()) >= _SHORTEST_CODED:
            yield line.strip()
    password = password_of(value)
    if password and len(password) >= SHORTEST:
        yield password


def _texts(value: str) -> Iterator[str]:
    """Escaped for an address, JSON, a JavaScript or Python text, or a page; also twice."""
    for once in {value, *_escaped(value)}:
        yield once
        yield from _escaped(once)


def _escaped(value: str) -> Iterator[str]:
    for percent in (quote(value, safe=""), quote(value), quote_plus(value), _every_byte(value)):
        yield percent
        yield _lower_percent(percent)
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
    yield "".join(_FOR_PAGES.get(character, json.dumps(character)[1:-1]) for character in value)
    yield "".join(f"\\u{ord(character):04x}" for character in value)
    yield "".join(f"\\u{ord(character):04X}" for character in value)
    yield repr(value)[1:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)
    yield html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield "".join(f"&#{ord(character)};" for character in value)
    yield "".join(f"&#x{ord(character):x};" for character in value)


def _every_byte(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "replace"))


def _lower_percent(text: str) -> str:
    pieces = text.split("%")
    return "%".join([pieces[0], *(piece[:2].lower() + piece[2:] for piece in pieces[1:])])


def _coded(value: str) -> Iterator[str]:
    """In hex, and in base64 after any prefix: the characters that depend on this secret alone."""
    data = value.encode("utf-8", "replace")
    yield data.hex()
    yield data.hex().upper()
    yield base64.b32encode(data).decode().rstrip("=")
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data).decode()
        own = coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        padded = coded if before == 0 else own
        for form in (padded, own):
            yield form
            yield form.translate(str.maketrans("+/", "-_"))
