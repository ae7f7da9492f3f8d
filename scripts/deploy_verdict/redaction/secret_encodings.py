"""The forms that a secret can take: encoded once or twice, escaped, in base64 at any offset. Pure."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from deploy_verdict.redaction.derived_secrets import SHORTEST, lines_of, parts_of

# The ends of a form in base64 or hex may be cut; a shorter rest could be anything.
_SHORTEST_CODED = 8
_SHORTEST_SKELETON = 16
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")
# JSON as encoders for pages write it.
_FOR_PAGES = {character: f"\\u{ord(character):04x}" for character in "<>&'\"+=/"}


def encodings_of(value: str, *, is_whole: bool = False) -> set[str]:
    """Return every form of this secret, of what it decodes to, and of each of its parts.

    With `is_whole`, only those of the secret and its lines.
    """
    forms: set[str] = set()
    for part in lines_of(value) if is_whole else parts_of(value):
        forms |= {form for form in (*_texts(part), part[::-1]) if len(form) >= SHORTEST}
        forms |= {form for form in _coded(part) if len(form) >= _SHORTEST_CODED}
    return forms


def skeletons_of(value: str) -> set[str]:
    """Return the letters and digits of its long forms, which remain however these are wrapped or grouped."""
    found: set[str] = set()
    for part in parts_of(value):
        found |= {skeleton(form) for form in (part, *_coded(part), *_bytes_of(part))}
    return {form for form in found if len(form) >= _SHORTEST_SKELETON}


def is_word(character: str) -> bool:
    """Return whether a character stays in a skeleton."""
    return _NO_WORD.fullmatch(character) is None


def skeleton(text: str) -> str:
    """Return the ASCII letters and digits of a text, in lower case."""
    return _NO_WORD.sub("", text).lower()


def _texts(value: str) -> Iterator[str]:
    """Yield it escaped for an address, JSON, JavaScript or Python text, or a page; also twice."""
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


def _bytes_of(value: str) -> Iterator[str]:
    """Yield its bytes as programs print them: 0x74 0x6b, [116, 107], \\164, 01110100, \\u{74}."""
    data = value.encode("utf-8", "replace")
    for form in ("0x{:02x}", "x{:02x}", "{:d}", "{:03o}", "0{:03o}", "{:08b}", "u{:x}", "U{:08x}"):
        yield "".join(map(form.format, data))


def _coded(value: str) -> Iterator[str]:
    """Yield it in hex, base32 and base64, of UTF-8 and UTF-16; and one of these within another."""
    data = value.encode("utf-8", "replace")
    yield base64.b32encode(data).decode().rstrip("=")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield from _coded_bytes(value.encode(encoding, "replace"))
    inner = base64.b64encode(data)
    yield inner.hex()
    # The last characters depend on what comes next.
    for twice in (inner.rstrip(b"="), data.hex().encode()):
        yield base64.b64encode(twice[: len(twice) // 3 * 3]).decode()


def _coded_bytes(data: bytes) -> Iterator[str]:
    """Yield bytes in hex, and in base64 after any prefix, of which only characters of this secret stay."""
    yield data.hex()
    yield data.hex().upper()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + data).decode()
        own = coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        padded = coded if before == 0 else own
        for form in (padded, own):
            yield form
            yield form.translate(str.maketrans("+/", "-_"))
