"""What a secret reveals besides itself: what it decodes to, and the parts of which it is made. Pure."""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

SHORTEST = 6
_SHORTEST_TOKEN = 8
_SHORTEST_KEY = 9
# Real secrets have few parts; a document of thousands would slow everything down.
_MOST_PARTS = 64
_TELLING_PART = re.compile(
    r"pass|pwd|secret|token|credential|private|auth|signature|\bsig\b|cookie|session|(api|access|account|shared"
    r"|encryption)[_-]?key|\bkey\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://[^\s,\"']+")
_PAIR = re.compile(r"(?P<user>[^\s:/@=;,{}\"]+):(?P<password>[^\s]+)")
_DRIVER = re.compile(r"(?P<user>[^\s:/@]+):(?P<password>[^\s]+)@(?:\w+\(|[\w.-]+[:/])")
_ASSIGNMENT = re.compile(r"([A-Za-z][\w .-]*?)\s*=\s*(\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[^;&,\s]+)")
# A line of YAML; a keyword and its value in a .netrc.
_LINE = re.compile(r"^[ \t]*[\"']?([A-Za-z][\w.-]*)[\"']?[ \t]*:[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_WORDS = re.compile(r"\b(?:password|account)\s+(\S+)", re.IGNORECASE)
# Everybody guesses these first: hiding them protects nobody, and removes ordinary words from a report.
_GUESSED = re.compile(
    r"postgres(ql)?|mysql|mariadb|mongo(db)?|redis|rabbitmq|oracle|sqlserver|sa|root|toor|admin(istrator)?\d{0,3}"
    r"|user(name)?\d{0,3}|guest|test(ing)?\d{0,3}|demo|example|pass(word|wd)?\d{0,3}|secrets?|tokens?|change-?me"
    r"|default|letmein|qwerty|dev(elopment)?|stag(e|ing)|prod(uction)?|local(host)?|internal|external"
    r"|public|private|enabled?|disabled?|required?|optional|true|false|none|null|undefined|unknown|basic|bearer"
    r"|service|server|client|database|webhook|github|gitlab|google|oauth2?|session|cookies?|strict",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:basic|bearer|token|digest|apikey|negotiate)\s+(\S+)", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){6,}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")


def parts_of(value: str) -> tuple[str, ...]:
    """Return the value, what it decodes to, its lines, and the credentials within it, each once."""
    found: dict[str, None] = {}
    waiting = [value, value.strip()]
    while waiting and len(found) < _MOST_PARTS:
        text = waiting.pop(0)
        if len(text) < SHORTEST or text in found or is_guessed(text):
            continue
        found[text] = None
        waiting += [*_lines(text), *decoded(text), *_credentials(text)]
    return tuple(found)


def lines_of(value: str) -> tuple[str, ...]:
    """Return the value and its lines: a key has several, and each may appear alone."""
    return (value, value.strip(), *_lines(value))


def is_guessed(text: str) -> bool:
    """Return whether a text is an ordinary word, or a default that everybody knows."""
    return _GUESSED.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Return whether a text cannot be a word of any language: it has a digit, a symbol, or inner capitals."""
    is_mixed = text != text.lower() and text[1:] != text[1:].lower()
    return len(text) >= _SHORTEST_TOKEN and (is_mixed or re.search(r"[^A-Za-z._-]", text) is not None)


def keys_in_addresses(text: str) -> Iterator[str]:
    """Yield the credentials in addresses such as slack://TOKEN/TOKEN: users, passwords, paths and values."""
    for address in re.split(r"[\s,]+(?=[A-Za-z][\w+.-]*://)", text.strip()):
        rest = address.partition("://")[2]
        for piece in re.split(r"[/?&=@:#,\s]+", rest):
            # A host has a dot; short words are names.
            if len(piece) >= _SHORTEST_KEY and not re.fullmatch(r"[\w-]+(\.[\w-]+)+", piece):
                yield piece
                yield unquote(piece)


def password_of(value: str) -> str | None:
    """Return the password in an address, or None."""
    try:
        return urlsplit(value).password
    except ValueError:
        return None


def _lines(text: str) -> Iterator[str]:
    yield from (line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORTEST_TOKEN)


def decoded(text: str) -> Iterator[str]:
    """Yield what a text decodes to, once in each way that it allows."""
    if "%" in text or "+" in text:
        yield from (unquote(text), unquote_plus(text))
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield _ESCAPED.sub(lambda match: chr(int(match.group(1) or match.group(2), 16)), text)
        yield text.replace("\\r", "").replace("\\n", "\n")
    unwrapped = re.sub(r"\s*\n\s*", "", text)
    if _BASE64.fullmatch(unwrapped):
        padded = unwrapped.rstrip("=").translate(str.maketrans("-_", "+/"))
        yield from _readable(lambda: base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True))
    if _HEX.fullmatch(text):
        yield from _readable(lambda: bytes.fromhex(text))


def _readable(decode: Callable[[], bytes]) -> Iterator[str]:
    """Yield what it decodes to, if that is text."""
    try:
        plain = decode().decode()
    except (ValueError, binascii.Error):
        return
    # A key has several lines.
    if re.sub(r"[\r\n\t]", "", plain).isprintable():
        yield plain


def _credentials(text: str) -> Iterator[str]:
    """Yield the parts that are secret by their place: passwords, tokens, values with a telling name."""
    for address in _ADDRESS.findall(text):
        yield from _in_address(address)
    scheme = _SCHEME.fullmatch(text)
    if scheme:
        yield scheme.group(1)
    pair = None if "://" in text else _DRIVER.match(text) or _PAIR.fullmatch(text)
    if pair and not pair.group("password").isdigit():
        yield pair.group("password")
        yield from (
            part for part in (pair.group("user"), *pair.group("password").split(":")) if is_token(part)
        )
    for name, part in _ASSIGNMENT.findall(text):
        bare = part[1:-1] if part[:1] in ('"', "'", "{") else part
        if _TELLING_PART.search(name) or ("://" not in text and is_token(bare) and ";" in text):
            yield bare
    yield from (part.strip("\"'") for name, part in _LINE.findall(text) if _TELLING_PART.search(name))
    yield from _WORDS.findall(text)
    if "://" not in text and "=" not in text:
        yield from (word for word in re.split(r"[\s,;]+", text) if is_token(word) and word != text)
    if text[:1] in "{[":
        try:
            yield from _in_document(json.loads(text), "")
        except (ValueError, RecursionError):
            return


def _in_address(address: str) -> Iterator[str]:
    try:
        parts = urlsplit(address)
        user, password = parts.username, parts.password
    except ValueError:
        return
    # A password may hold an unescaped @ or /.
    authority = address.partition("://")[2].rpartition("@")[0]
    for text in (password, authority.partition(":")[2] if ":" in authority else None):
        if text:
            yield text
    if user and (is_token(user) or not password):
        yield user
    yield from (value for name, value in parse_qsl(parts.query) if _TELLING_PART.search(name))


def _in_document(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _in_document(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _in_document(item, name)
    elif isinstance(value, str) and _TELLING_PART.search(name):
        yield value
