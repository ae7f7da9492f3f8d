"""Selectors: the part of a response that an expectation is about. Pure.

`status`, `elapsed` (milliseconds), `text`, `errors` (of GraphQL), `header.NAME`, and JSON paths `$.…` as in
RFC 9535, also `number: $.…` for a number that is written as text. What cannot be found is returned as a
reason, never as a value: absent, null and HTML are different things.
"""

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deploy_verdict.base.strict_json import MOST_DIGITS, NotJSONError, refuse_bomb, unique
from deploy_verdict.model import Exchange

if TYPE_CHECKING:
    from jsonpath import CompoundJSONPath, JSONPath

PLAIN = ("status", "elapsed", "text", "errors")
MAX_NAMES = 12
# Most paths have only names and indices: these are valid without the library.
NAMES_ALONE = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:0|[1-9][0-9]{0,5})\]){1,20}")
# The values in one response of the service; some responses are kept as read, so all of them count.
MOST_VALUES = 100_000
# Selections from bodies of at most this many characters are cached.
SMALL = 4096


AS_NUMBER = "number:"
# Control characters, and the replacement for bytes that are not UTF-8.
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")
_BINARY_SHARE = 0.05
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")
_WRITTEN_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?")


def json_path_of(selector: str) -> str | None:
    """Return the JSON path of a selector; None if it selects something else."""
    path = selector.removeprefix(AS_NUMBER).strip()
    return path if path.startswith("$") else None


@dataclass(frozen=True)
class Found:
    """A value in the response; if a path selects several nodes, `several` has all of them."""

    value: Any
    several: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Lacking:
    """No value, and why in words. `absent`: the response could be read, but has no such field."""

    reason: str
    absent: bool = False


class UnreadableNumber:
    """A number in JSON that is none: NaN, an infinity, or one too large to keep."""

    def __init__(self, text: str) -> None:
        self.text = text


def check_selector(selector: str) -> None:
    """Raise ValueError, with what to write instead, if a selector cannot be read."""
    if (
        selector in PLAIN
        or re.fullmatch(r"header\.[A-Za-z0-9_-]+", selector)
        or NAMES_ALONE.fullmatch(selector)
    ):
        return
    if selector.startswith(AS_NUMBER) and json_path_of(selector):
        check_selector(json_path_of(selector) or "")
        return
    if not selector.startswith("$"):
        raise ValueError(f"{selector!r} is not a selector — write {_instead_of(selector)}")
    if re.match(r"\$[A-Za-z_]", selector):
        raise ValueError(f"{selector!r} is not a JSON path — write $.{selector[1:]}")
    from jsonpath import JSONPathError  # noqa: PLC0415  # a fifth of a command's start

    try:
        _path(selector)
    except JSONPathError as error:
        raise ValueError(f"{selector!r} is not a JSON path (RFC 9535): {_first_line(error)}") from error


# Names that other tools use for them.
_ELSEWHERE = {
    "status": ("statuscode", "status_code", "code", "http_status", "response.status", "res.status"),
    "elapsed": ("response_time", "responsetime", "duration", "latency", "time", "timing", "timings.duration"),
    "text": ("body", "response", "content", "output", "response.body", "res.body"),
}


def _instead_of(selector: str) -> str:
    """Return the selector that another tool's word stands for, or all that there are."""
    line = re.fullmatch(r"(\S+) (?:is|==|=|equals) (\S+)", selector)
    if line:
        return f"the selector as the key: {line.group(1)}: {line.group(2)}"
    low = selector.lower()
    known = next((name for name, words in _ELSEWHERE.items() if low in words), None)
    if known is not None:
        return f"{known}, or $.{selector} for a JSON field"
    head, _, rest = selector.partition(".")
    if head.lower() in ("headers", "response_headers") and rest:
        return f"header.{rest}"
    if head.lower() in ("", "json", "jsonpath", "body", "data") and re.fullmatch(r"[\w.]+", rest):
        return f"$.{rest} for a JSON field" + (f", or $.{selector} for one below {head}" if head else "")
    hint = f", or $.{selector} for a JSON field" if re.fullmatch(r"[\w.]+", selector) else ""
    return f"status, elapsed, text, header.NAME or $.json.path{hint}"


def select(selector: str, exchange: Exchange) -> Found | Lacking:
    """Return the selected value of an exchange. The caller has ruled out faults, so there is a response."""
    if selector == "status":
        return Found(exchange.status) if exchange.status is not None else Lacking("the answer has no status")
    if selector == "elapsed":
        return Found(exchange.elapsed_ms) if exchange.elapsed_ms is not None else Lacking("not timed")
    if selector == "text":
        return Found(exchange.body) if exchange.body is not None else Lacking("the answer has no body")
    if selector == "errors":
        return _errors(exchange)
    if selector.startswith("header."):
        return _header(selector.removeprefix("header."), exchange)
    found = select_json(json_path_of(selector) or "", exchange.body, truncated=exchange.body_truncated)
    return _written_numbers(found) if selector.startswith(AS_NUMBER) and isinstance(found, Found) else found


def _written_numbers(found: Found) -> Found | Lacking:
    """Return the numbers that texts write, as Prometheus does with its values."""
    numbers: list[float] = []
    for value in found.several:
        is_text = isinstance(value, str)
        if is_text and not _WRITTEN_NUMBER.fullmatch(value.strip()):
            return Lacking(f"{value[:40]!r} is not a number")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return Lacking(f"{type_name(value)}, not a number")
        numbers.append(float(value))
        if not math.isfinite(numbers[-1]):
            return Lacking(f"{str(value)[:40]} is too large")
    return Found(numbers[0], tuple(numbers))


def _errors(exchange: Exchange) -> Found | Lacking:
    """Return the errors of a GraphQL response; an empty list if it has none."""
    document = read_json(exchange.body) if exchange.body else Lacking("the answer has no body")
    if isinstance(document, Lacking):
        is_cut = exchange.body_truncated
        return Lacking("the answer was cut, so its errors are not known") if is_cut else document
    answers = document.value if isinstance(document.value, list) else [document.value]
    if not answers or not all(isinstance(one, dict) and one.keys() & {"data", "errors"} for one in answers):
        return Lacking("this is no GraphQL answer: it has neither data nor errors")
    found = [one.get("errors") or [] for one in answers]
    bare = all(isinstance(errors, list) for errors in found)
    value = [error for errors in found for error in errors] if bare else found
    if value or any(one.get("data") is not None for one in answers):
        return Found(value)
    return Lacking("the GraphQL answer has no data and no errors")


def select_json(selector: str, body: str | None, *, truncated: bool = False) -> Found | Lacking:
    """Return the value at a JSON path of a body."""
    if not body:
        return Lacking("the answer has no body")
    # A window has few different responses, to which every rule applies.
    once = _select_json if len(body) > SMALL else _select_in_small
    return once(selector, body, truncated)


def _select_json(selector: str, body: str, truncated: bool) -> Found | Lacking:
    document = read_json(body)
    if isinstance(document, Lacking):
        cut = f"the answer was cut at {len(body)} characters — raise service.max_body, or ask for less"
        return Lacking(cut) if truncated else document
    if isinstance(document.value, str):
        # The library would parse a JSON string once more as a JSON document.
        lacking = Lacking(_what_it_has(selector, document.value), absent=True)
        return Found(document.value, (document.value,)) if selector == "$" else lacking
    from jsonpath import JSONPathError  # noqa: PLC0415  # a plan's paths are checked without it

    try:
        nodes = _path(selector).findall(document.value)
    except (JSONPathError, RecursionError) as error:
        return Lacking(f"{selector} cannot be applied to the answer: {_first_line(error)}")
    if not nodes:
        return Lacking(_what_it_has(selector, document.value), absent=True)
    bad = next((node for node in nodes if isinstance(node, UnreadableNumber)), None)
    if bad is not None:
        return Lacking(f"{selector} is {bad.text}, which is not a number")
    return Found(nodes[0], tuple(nodes))


_select_in_small = lru_cache(maxsize=2048)(_select_json)


@lru_cache(maxsize=4)
def read_json(body: str) -> Found | Lacking:
    """Return a body as JSON, or why it is none.

    Duplicate keys are refused, as two readers would read two things.
    """
    # A parser may ignore a byte order mark (RFC 8259, 8.1).
    body = body.removeprefix("\ufeff")
    try:
        refuse_bomb(body, MOST_VALUES)
        return Found(
            json.loads(
                body,
                parse_constant=UnreadableNumber,
                parse_float=_float,
                parse_int=_int,
                object_pairs_hook=unique,
            )
        )
    except RecursionError:
        return Lacking("the JSON is nested too deeply to be read")
    except NotJSONError as error:
        return Lacking(f"the JSON {str(error).removeprefix('it ')}")
    except ValueError:
        if is_binary(body):
            return Lacking("the answer is no text: binary, or compressed in a way that was not requested")
        return Lacking(f"the answer is {_kind_of_text(body)}, not JSON: {_start_of(body)}")


def is_binary(body: str) -> bool:
    """Return whether a body that was read as text is binary: too much of its beginning is not characters."""
    beginning = body[:4096]
    return len(_NO_CHARACTER.findall(beginning)) > _BINARY_SHARE * len(beginning)


def _float(text: str) -> float | UnreadableNumber:
    value = float(text)
    return value if math.isfinite(value) else UnreadableNumber(f"{text[:20]} (too large)")


def _int(text: str) -> int | UnreadableNumber:
    return int(text) if len(text) <= MOST_DIGITS else UnreadableNumber(f"{text[:20]}… (too large)")


@lru_cache(maxsize=512)
def _path(selector: str) -> "JSONPath | CompoundJSONPath":
    from jsonpath import compile as compile_path  # noqa: PLC0415  # as above

    return compile_path(selector, strict=True)


def _header(name: str, exchange: Exchange) -> Found | Lacking:
    for key, value in exchange.headers.items():
        if key.lower() == name.lower():
            return Found(value)
    return Lacking(f"the answer has no header {name}", absent=True)


def _what_it_has(selector: str, document: Any) -> str:
    """Name the missing field and those beside it, as far as the path can be followed."""
    if not re.fullmatch(rf"\$({_STEP.pattern})+", selector):
        return f"the answer has nothing at {selector}"
    parent, walked = document, "the answer"
    for plain, index, quoted in _STEP.findall(selector):
        step = plain or quoted
        if index:
            if not isinstance(parent, list):
                return f"{walked} is {type_name(parent)}, so it has no [{index}]"
            if int(index) >= len(parent):
                none = f"a list of {len(parent)}" if parent else "an empty list: no data"
                return f"{walked} is {none}"
            parent, walked = parent[int(index)], f"{walked}[{index}]"
            continue
        if not isinstance(parent, dict):
            return f"{walked} is {type_name(parent)}, so it has no {step}"
        if step not in parent:
            names = list(parent)
            more = ", …" if len(names) > MAX_NAMES else ""
            has = f"it has: {', '.join(names[:MAX_NAMES])}{more}" if names else "it is empty"
            return f"{walked} has no {step} ({has})"
        parent, walked = parent[step], step
    return f"the answer has nothing at {selector}"


def type_name(value: Any) -> str:
    """Return the name of a value's JSON type, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names: tuple[tuple[type, str], ...] = (
        (int, "a number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "not a JSON value")


def _kind_of_text(body: str) -> str:
    start = body.lstrip()[:200].lower()
    return "HTML" if start.startswith("<") and ("html" in start or "<!doctype" in start) else "text"


def _start_of(body: str) -> str:
    start = " ".join(body.split())[:60]
    return f"{start!r}" + ("…" if len(body) > 60 else "")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
