"""The one-line forms of matchers: "< 80", 500..599, [200, 409], healthy. Pure."""

import re
from typing import Any

from deploy_verdict.base.units import duration_s
from deploy_verdict.expect.matchers import COMPARISONS, Number, is_number

_COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(\S.*?)\s*")
_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)\s*")
_SYMBOLS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def parse_matcher(value: Any, selector: str) -> Any:
    """Turn the short form of a matcher into its long form; a mapping is taken as it is.

    `elapsed` speaks in durations: its literals need a unit and are kept in milliseconds.
    """
    if isinstance(value, dict):
        return {key: _literal(item, selector, key) for key, item in value.items()}
    if isinstance(value, list):
        return {"one_of": _literal(value, selector, "one_of")}
    if not isinstance(value, str):
        return {"equals": _literal(value, selector, "equals")}
    range_ = _RANGE.fullmatch(value)
    if range_ and selector != "text":
        return {"between": tuple(_number(bound) for bound in range_.groups())}
    comparison = _COMPARISON.fullmatch(value)
    if comparison and selector != "text":
        name = _SYMBOLS[comparison.group(1)]
        return {name: _literal(comparison.group(2), selector, name)}
    return {"contains": value} if selector == "text" else {"equals": _literal(value, selector, "equals")}


_ABOUT = ("because", "else", "severity", "present", "type", "length", "matches", "contains")


def _literal(value: Any, selector: str, name: str) -> Any:
    """A literal in the unit of its selector; raises ValueError that says what to write instead."""
    if name in _ABOUT:
        return value
    if isinstance(value, list) and name in ("between", "one_of"):
        each = "below" if name == "between" or selector == "elapsed" else "equals"
        return tuple(_literal(item, selector, each) for item in value)
    if selector == "elapsed":
        return duration_s(value) * 1000
    if selector == "status" and name == "equals" and not is_number(value):
        raise ValueError(f"{value!r} is not a status — write 200, 500..599 or [200, 409]")
    return _numeric(value, name) if name in COMPARISONS else value


def _numeric(value: Any, name: str) -> Number:
    if is_number(value):
        return value  # type: ignore[no-any-return]  # is_number has looked
    try:
        return _number(value)
    except ValueError as error:
        raise ValueError(_told_number(value, name)) from error


def _told_number(value: Any, name: str) -> str:
    match = re.match(r"-?\d+(?:\.\d+)?", str(value).strip())
    example = match.group(0) if match else "80"
    return f"'{name}: {value}' is not a number — write {example} or \"{COMPARISONS[name]} {example}\""


def _number(text: Any) -> Number:
    if not isinstance(text, str) or not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text.strip()):
        raise ValueError(text)
    return float(text) if re.search(r"[.eE]", text) else int(text)
