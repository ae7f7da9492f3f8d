"""Parses only unambiguous JSON: no key twice, no NaN, no endless number, no endless nesting. Pure.

A bomb is refused too: three bytes of text make an object of seventy, so values are counted before parsing.
"""

import json
import math
import re
from typing import Any

# A number with more digits may not fit into a double, which most readers of JSON make of it.
MOST_DIGITS = 300
# A page of five thousand log lines has half of these; a bomb of 8 MB has millions.
MOST_VALUES = 500_000
# An unfinished string runs to the end, so that text that is not JSON is quick to reject too.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


class NotJSONError(ValueError):
    """A text that readers could parse differently, or not at all; the message says why."""


def strict_json(text: str) -> Any:
    """Return the document; raise NotJSONError."""
    refuse_bomb(text)
    try:
        return json.loads(
            text, parse_constant=_constant, parse_float=_float, parse_int=_int, object_pairs_hook=unique
        )
    except RecursionError:
        raise NotJSONError("it is nested too deeply") from None
    except NotJSONError:
        raise
    except ValueError as error:
        # Python's own message quotes nothing of the text.
        raise NotJSONError(str(error).partition(";")[0][:120]) from None


def refuse_bomb(text: str, most: int = MOST_VALUES) -> None:
    """Raise NotJSONError for a text with more than `most` values, counting keys; cheap for all others."""
    if _marks(text, 0, len(text)) + text.count('"') // 2 <= most:
        return
    # Commas and braces within strings do not count.
    found = place = 0
    for string in _STRING.finditer(text):
        found += 1 + _marks(text, place, string.start())
        place = string.end()
        if found > most:
            break
    if found + _marks(text, place, len(text)) > most:
        raise NotJSONError(f"it has more than {most} values, which is too many")


def _marks(text: str, start: int, end: int) -> int:
    return sum(text.count(mark, start, end) for mark in ",{[")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; raise NotJSONError for a duplicate key."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise NotJSONError(f"it has the key {key[:80]!r} twice")
        result[key] = value
    return result


def _constant(text: str) -> float:
    raise NotJSONError(f"{text} is not a number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotJSONError(f"{text[:20]} is too large")
    return value


def _int(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotJSONError(f"{text[:20]}… is too large")
    return int(text)
