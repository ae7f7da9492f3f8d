"""Where the values of a JSON object stand in the bytes of its line, and how its text shows them. Pure."""

import re
from collections.abc import Sequence

from deploy_verdict.stages.logs.lines.alike import Cut

# The tokens of an object whose strings hold no escape.
_TOKEN = re.compile(rb"\"[^\"\\]*\"|-?[0-9]+(?:\.[0-9]+)?|true|false|null|[{}\[\],:]|\s+")


def values_of(raw: bytes) -> dict[str, list["re.Match[bytes]"]] | None:
    """Return the tokens of each value of an object; None for other text, or a key that occurs twice."""
    found: dict[str, list[re.Match[bytes]]] = {}
    place, depth, name = 0, 0, None
    for token in _TOKEN.finditer(raw):
        text, is_next = token[0], token.start() == place
        place = token.end()
        depth -= text in (b"}", b"]")
        if not is_next or (name is None and depth == 1 and text[1:-1].decode() in found):
            return None
        if depth == 1 and text == b",":
            name = None
        elif depth == 1 and name is None and text[:1] == b'"':
            name = text[1:-1].decode()
            found[name] = []
        elif depth and name is not None and not text.isspace() and not (depth == 1 and text == b":"):
            found[name].append(token)
        depth += text in (b"{", b"[")
    return found if place == len(raw) and raw[:1] == b"{" else None


def as_shown(tokens: Sequence["re.Match[bytes]"]) -> list["bytes | re.Match[bytes]"]:
    """Return a value as the text of a line shows it: a string without quotes, an object as JSON."""
    if len(tokens) == 1:
        return [*tokens]
    spaced = {b",": b", ", b":": b": "}
    shown: list[bytes | re.Match[bytes]] = []
    for token in tokens:
        is_text = token[0][:1] == b'"'
        quote = [b'"'] if is_text else []
        shown += [*quote, spaced.get(token[0], token), *quote]
    return shown


def within_quotes(token: "re.Match[bytes]") -> tuple[int, int]:
    """Return where a value begins and ends; a string without its quotes."""
    is_text = token[0][:1] == b'"'
    return token.start() + is_text, token.end() - is_text


def is_open_number(written: bytes) -> bool:
    """Return whether a number may be shown differently from how it is written, as 1.50 is."""
    return written[:1] == b"-" or (b"." in written and written[:1] != b'"')


def cuts_of(parts: Sequence["bytes | re.Match[bytes]"]) -> tuple[Cut, ...]:
    """Return the parts of a text; those without a digit are constant in all lines of a shape."""
    cuts, before = [], b""
    for part in parts:
        if isinstance(part, bytes):
            before += part
            continue
        begin, end = within_quotes(part)
        if any(48 <= byte <= 57 for byte in part[0]):
            cuts.append(Cut(before, begin, end))
            before = b""
        else:
            before += part.string[begin:end]
    return (*cuts, Cut(before, 0, 0)) if before or not cuts else tuple(cuts)
