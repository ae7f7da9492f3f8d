"""Answers that arrive completely, but with a wrong body."""

import gzip
import json
import re
from collections.abc import Callable
from functools import cache

from demo.toxic.wishes import Good, Wish

LEVELS = 100_000
MEMBERS, MEMBER_BYTES = 100, 1024 * 1024
HTML = b"<!DOCTYPE html><html><title>Maintenance</title><script>alert(1)</script><h1>Back soon</h1></html>"
Spoiling = Callable[[Good], bytes]


def with_body(spoiled: Spoiling, *headers: str) -> Callable[[Wish], None]:
    """Answer well, with another body."""

    def behave(wish: Wish) -> None:
        good = wish.good()
        wish.answer(f"{good.status} OK", spoiled(good), *good.lines, *headers)

    return behave


def html(good: Good) -> bytes:
    return HTML


def deep(good: Good) -> bytes:
    return b'{"a":' * LEVELS + b"1" + b"}" * LEVELS


def numbers(token: str) -> Spoiling:
    """Replace every number by `token`, and add one in any case."""

    def spoiled(good: Good) -> bytes:
        text = re.sub(r"(?<=: )-?\d+(\.\d+)?(?=[,}])", token, json.dumps(good.document))
        more = "" if text == "{}" else ", "
        return f'{text[:-1]}{more}"one_more": {token}}}'.encode()

    return spoiled


def every_key_twice(good: Good) -> bytes:
    """Write every key as it should be, then once more with another value."""
    members = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in good.document.items()]
    others = [f"{json.dumps(key)}: null" for key in good.document]
    return ("{" + ", ".join([*members, *others]) + "}").encode()


def not_utf8(good: Good) -> bytes:
    """Replace each letter e in a word by bytes that are not UTF-8."""
    return re.sub(rb'(?<=")\w+(?=")', lambda text: text.group().replace(b"e", b"\xff\xfe"), good.body)


def list_for_object(good: Good) -> bytes:
    return b"[" + good.body + b"]"


def cut_in_half(good: Good) -> bytes:
    return good.body[: len(good.body) // 2]


def nothing(good: Good) -> bytes:
    return b""


def gzip_bomb(wish: Wish) -> None:
    """Send a hundred megabytes of spaces in a hundred kilobytes."""
    wish.answer("200 OK", _bomb(), "Content-Encoding: gzip", "Content-Type: application/json")


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * MEMBER_BYTES) * MEMBERS
