"""JSON as an API must write it: no key twice, no NaN, no number without end, no endless nesting. Pure."""

import json
import math
from typing import Any

# What has more digits need not fit into a double, which is what most readers of JSON make of it.
MOST_DIGITS = 300


class NotJSONError(ValueError):
    """A text that two readers could read in two ways, or that none can; the message says why."""


def strict_json(text: str) -> Any:
    """The document, or NotJSONError."""
    try:
        return json.loads(
            text, parse_constant=_constant, parse_float=_float, parse_int=_int, object_pairs_hook=unique
        )
    except RecursionError:
        raise NotJSONError("it is nested too deeply") from None
    except NotJSONError:
        raise
    except ValueError as error:
        # Python's own words quote nothing of the text.
        raise NotJSONError(str(error).partition(";")[0][:120]) from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members; raises NotJSONError for a key that is there twice."""
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
