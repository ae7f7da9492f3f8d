"""Matchers: what a selected value must be. Structured values with a one-line short form. Pure.

Each operator applies to one JSON type. A value of another type is inconclusive with the reason, never a fail
and never a pass: `true` is not `1`, and the text "15.0" is not the number 15.0.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy_verdict.base.units import duration_s, shown_duration
from deploy_verdict.expect.selectors import UnreadableNumber, type_name
from deploy_verdict.model import Outcome, Severity

Number = int | float
OPERATORS = (
    "equals",
    "not_equals",
    "below",
    "at_most",
    "above",
    "at_least",
    "between",
    "one_of",
    "contains",
    "matches",
    "type",
    "length",
    "more_than",
    "fewer_than",
    "present",
)
TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
COMPARISONS = {"below": "<", "at_most": "<=", "above": ">", "at_least": ">="}


class Matcher(BaseModel):
    """One or more operators, all of which must hold, and how bad it is if they do not."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    equals: Any = Field(default=None, description="exactly this JSON value; null means present and null")
    not_equals: Any = Field(default=None, description="any value of the same type but this one")
    below: Number | None = Field(default=None, description="a number smaller than this")
    at_most: Number | None = Field(default=None, description="a number not larger than this")
    above: Number | None = Field(default=None, description="a number larger than this")
    at_least: Number | None = Field(default=None, description="a number not smaller than this")
    between: tuple[Number, Number] | None = Field(
        default=None, description="a number from … to, both included"
    )
    one_of: tuple[Any, ...] | None = Field(default=None, description="one of these values")
    contains: str | None = Field(default=None, description="text in which this text stands, exactly")
    matches: str | None = Field(default=None, description="text in which this regular expression is found")
    type: str | None = Field(default=None, description="a value of this JSON type: " + ", ".join(TYPES))
    length: int | None = Field(
        default=None, description="a list or text with at least so many members; null is none", ge=0
    )
    more_than: int | str | None = Field(
        default=None, description="a list or text with more members than this, such as a captured `{count}`"
    )
    fewer_than: int | None = Field(
        default=None, ge=1, description="a list with fewer members than this, all of which are in the answer"
    )
    present: bool | None = Field(default=None, description="true: the field exists, whatever it holds")
    because: str | None = Field(default=None, description="why this is asked; stands beside the finding")
    else_: str | None = Field(default=None, alias="else", description="what it means when it does not hold")
    severity: Severity | None = Field(default=None, strict=False, description="of a fail: P0, P1 or P2")

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        used = self.operators
        if not used:
            raise ValueError(f"no operator: this can never fail — write one of {', '.join(OPERATORS)}")
        if self.matches is not None:
            try:
                re.compile(self.matches)
            except re.error as error:
                raise ValueError(f"{self.matches!r} is not a regular expression: {error}") from error
        if self.matches is not None and re.search(self.matches, "") is not None:
            raise ValueError(f"{self.matches!r} is found in any text, also in none — write one that can fail")
        if self.contains == "" or self.length == 0:
            raise ValueError("an empty text and a length of 0 fit any answer — write one that can fail")
        if isinstance(self.more_than, str) and not re.fullmatch(r"\{\w+\}", self.more_than):
            raise ValueError(f"{self.more_than!r} is no number — write one, or a captured {{count}}")
        if self.type is not None and self.type not in TYPES:
            raise ValueError(f"{self.type!r} is not a JSON type — write one of {', '.join(TYPES)}")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(
                f"nothing lies from {self.between[0]} to {self.between[1]} — write the smaller first"
            )
        if self.present is False:
            raise ValueError("present: false can pass on any broken answer — name the value that you expect")
        return self

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that were written, in the order of the grammar; `equals: null` counts."""
        return tuple(name for name in OPERATORS if name in self.model_fields_set)

    @property
    def speaks_of_numbers(self) -> bool:
        """Whether the operators need a number, so that null does not satisfy them."""
        compared = any(name in (*COMPARISONS, "between") for name in self.operators)
        return compared or is_number(self.equals) or is_number(self.not_equals)


def described(matcher: Matcher, selector: str) -> str:
    """Return what is expected, to follow its selector: "< 80", "= 20", "one of 200, 403"."""
    return " and ".join(_described(name, getattr(matcher, name), selector) for name in matcher.operators)


def _described(name: str, value: Any, selector: str) -> str:
    if selector == "elapsed" and name in (*COMPARISONS, "equals"):
        value = shown_duration(value / 1000)
    elif name in ("equals", "not_equals", "contains"):
        value = json.dumps(value, ensure_ascii=False)
    words = {
        "equals": f"= {value}",
        "not_equals": f"is not {value}",
        "contains": f"contains {value}",
        "matches": f"matches /{value}/",
        "type": f"is of type {value}",
        "present": "is there",
        "length": f"has at least {value}",
        "more_than": f"has more than {value}",
        "fewer_than": "is empty" if value == 1 else f"has fewer than {value}",
    }
    if name in COMPARISONS:
        return f"{COMPARISONS[name]} {value}"
    if name == "between":
        return f"in {value[0]}..{value[1]}"
    if name == "one_of":
        return "one of " + ", ".join(json.dumps(item, ensure_ascii=False) for item in value)
    return words[name]


def matched(matcher: Matcher, value: Any) -> tuple[Outcome, str | None]:
    """Test a found value; return the outcome, and if inconclusive the reason, to follow the value."""
    worst: tuple[Outcome, str | None] = (Outcome.PASS, None)
    for name in matcher.operators:
        outcome, reason = _matched(name, getattr(matcher, name), value)
        if outcome is Outcome.FAIL:
            return outcome, reason
        if outcome is Outcome.INCONCLUSIVE:
            worst = outcome, reason
    return worst


def _matched(name: str, wanted: Any, value: Any) -> tuple[Outcome, str | None]:
    if name == "present":
        return Outcome.PASS, None
    if name == "type":
        return _verdict(_has_type(wanted, value)), None
    if name == "more_than" and not is_number(wanted):
        return Outcome.INCONCLUSIVE, f"cannot be compared: {wanted} was not captured as a number"
    expected_kind = _kind_wanted(name, wanted)
    if expected_kind is not None and _kind(value) != expected_kind:
        if name == "equals" and wanted is None:
            return Outcome.FAIL, None
        return Outcome.INCONCLUSIVE, f"is {type_name(value)}, not {expected_kind}"
    if name == "fewer_than" and len(value) < wanted and None in value:
        return Outcome.INCONCLUSIVE, "has members that are null"
    return _verdict(_HOLDS[name](wanted, value)), None


def _verdict(holds: bool) -> Outcome:
    return Outcome.PASS if holds else Outcome.FAIL


def _kind(value: Any) -> str:
    return type_name(value) if not isinstance(value, UnreadableNumber) else "not a number"


def _kind_wanted(name: str, wanted: Any) -> str | None:
    """Return the JSON type to which an operator applies; None if to any."""
    if name in (*COMPARISONS, "between"):
        return "a number"
    if name in ("contains", "matches"):
        return "text"
    if name == "fewer_than":
        return "a list"
    if name in ("equals", "not_equals"):
        return _kind(wanted)
    if name == "one_of":
        kinds = {_kind(item) for item in wanted}
        return kinds.pop() if len(kinds) == 1 else None
    return None


def is_number(value: Any) -> bool:
    """Return whether a value is an int or float; bool is neither, whatever Python says."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_type(wanted: str, value: Any) -> bool:
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if wanted in kinds:
        return isinstance(value, kinds[wanted])
    return is_number(value) and (wanted == "number" or isinstance(value, int) or value.is_integer())


def _same(wanted: Any, value: Any) -> bool:
    """Return whether two JSON values are equal: 20 is 20.0, but true is not 1."""
    if _kind(wanted) != _kind(value):
        return False
    if isinstance(wanted, list):
        return len(wanted) == len(value) and all(map(_same, wanted, value))
    if isinstance(wanted, dict):
        return wanted.keys() == value.keys() and all(_same(wanted[key], value[key]) for key in wanted)
    return bool(wanted == value)


def members(value: Any) -> int:
    """Return how many members a value has, not counting nulls; -1 if it can have none."""
    if isinstance(value, list):
        return sum(item is not None for item in value)
    return len(value) if isinstance(value, str | dict) else -1


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "length": lambda wanted, value: members(value) >= wanted,
    "more_than": lambda wanted, value: members(value) > wanted,
    "fewer_than": lambda wanted, value: len(value) < wanted,
    "one_of": lambda wanted, value: any(_same(item, value) for item in wanted),
    "equals": _same,
    "not_equals": lambda wanted, value: not _same(wanted, value),
    "contains": lambda wanted, value: wanted in value,
    "matches": lambda wanted, value: re.search(wanted, value) is not None,
    "between": lambda wanted, value: wanted[0] <= value <= wanted[1],
    "below": lambda wanted, value: value < wanted,
    "at_most": lambda wanted, value: value <= wanted,
    "above": lambda wanted, value: value > wanted,
    "at_least": lambda wanted, value: value >= wanted,
}


_COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(\S.*?)\s*")
# A bare number below this means seconds, as no response takes so few milliseconds; else milliseconds, as none
# may take so many seconds.
SECONDS_BELOW = 30
# Signs and words of other languages, with which no value begins.
_OTHER_SIGN = re.compile(r"\s*(!=|<>|={1,3}|=~|!~|~=|~|!(?=\w))(?![=~])\s*(.*)")
_OTHER_WORDS = re.compile(r"\s*(contains|matches|equals|not|is|in|between|exists?)(?:\s+(.*)|\s*$)")
_RANGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)\s*")
_SYMBOLS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}


def parse_matcher(value: Any, selector: str) -> Any:
    """Turn the short form of a matcher into its long form; a mapping stays as it is.

    `elapsed` is a duration: its literals need a unit and are kept in milliseconds.
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
    other = _OTHER_SIGN.match(value) if selector != "text" else None
    if other:
        raise ValueError(f"{value!r} would be taken as this text — write {_long_form(*other.groups())}")
    words = _OTHER_WORDS.fullmatch(value) if selector != "text" else None
    meant = _long_form_of_words(words.group(1), words.group(2) or "") if words else None
    if meant:
        raise ValueError(f"{value!r} would be taken as this text — write {meant}")
    comparison = _COMPARISON.fullmatch(value)
    if comparison and selector != "text":
        name = _SYMBOLS[comparison.group(1)]
        return {name: _literal(comparison.group(2), selector, name)}
    return {"contains": value} if selector == "text" else {"equals": _literal(value, selector, "equals")}


def _long_form(sign: str, rest: str) -> str:
    """Return the equivalent in this grammar: {not_equals: "bad"}."""
    name = "matches" if sign in ("=~", "~=", "~") else "equals" if sign.strip("=") == "" else "not_equals"
    text = rest.strip("'\" ")
    is_plain = name != "matches" and re.fullmatch(r"-?\d+(\.\d+)?|true|false|null", text)
    if sign == "!~":
        return "what must be there: {matches: …}; no operator says that a text is not found"
    return f"{{{name}: {text if is_plain else json.dumps(text, ensure_ascii=False)}}}"


def _long_form_of_words(word: str, rest: str) -> str | None:
    """Return the equivalent in this grammar; None if these may be the words of a value."""
    if word in ("contains", "matches", "equals") and rest:
        return f"{{{word}: {json.dumps(rest.strip(chr(39) + chr(34)), ensure_ascii=False)}}}"
    if word in ("in", "between") and rest.startswith(("[", "(")):
        return f"{{{'one_of' if word == 'in' else 'between'}: [{rest.strip('[]()')}]}}"
    if (word, rest) in (("not", "null"), ("not", "empty"), ("is", "not null"), ("exists", ""), ("exist", "")):
        return "{length: 1}" if rest == "empty" else "{not_equals: null}"
    return None


_ABOUT = (
    "because",
    "else",
    "severity",
    "present",
    "type",
    "length",
    "more_than",
    "fewer_than",
    "matches",
    "contains",
)


def _literal(value: Any, selector: str, name: str) -> Any:
    """Return a literal in the unit of its selector; raise ValueError, with what to write instead."""
    if name in _ABOUT:
        return value
    if isinstance(value, list) and name in ("between", "one_of"):
        each = "below" if name == "between" or selector == "elapsed" else "equals"
        return tuple(_literal(item, selector, each) for item in value)
    if selector == "elapsed":
        if is_number(value):
            raise ValueError(_without_unit(value))
        if isinstance(value, str) and re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
            raise ValueError(_without_unit(float(value)))
        milliseconds = duration_s(value) * 1000
        if name == "equals":
            raise ValueError(f'no answer takes exactly {value} — write "< {value}"')
        return milliseconds
    if selector == "status" and name == "equals" and not is_number(value):
        raise ValueError(f"{value!r} is not a status — write {_status_meant(str(value))}")
    return _numeric(value, name) if name in COMPARISONS else value


def _without_unit(value: Number) -> str:
    """Return what a bare number means: few are seconds, many are milliseconds."""
    unit = "s" if value < SECONDS_BELOW else "ms"
    return f'{value:g} has no unit — write "< {value:g}{unit}"'


def _status_meant(text: str) -> str:
    """Return the status as a plan writes it: 2xx is 200..299."""
    text = text.strip().lower()
    if re.fullmatch(r"[1-5]\d\d", text):
        return f"it without quotes: {text}"
    if re.fullmatch(r"[1-5]xx", text):
        return f"{text[0]}00..{text[0]}99"
    between = re.fullmatch(r"(\d{3})\s*-\s*(\d{3})", text)
    if between:
        return "..".join(between.groups())
    if re.fullmatch(r"\d{3}(\s*[,|]\s*\d{3})+", text):
        return f"[{', '.join(re.findall(r'[0-9]{3}', text))}]"
    return "200, 500..599 or [200, 409]"


def _numeric(value: Any, name: str) -> Number:
    if is_number(value):
        return value  # type: ignore[no-any-return]  # checked by is_number
    try:
        return _number(value)
    except ValueError as error:
        raise ValueError(_number_hint(value, name)) from error


def _number_hint(value: Any, name: str) -> str:
    match = re.match(r"-?\d+(?:\.\d+)?", str(value).strip())
    example = match.group(0) if match else "80"
    return f"'{name}: {value}' is not a number — write {example} or \"{COMPARISONS[name]} {example}\""


def _number(text: Any) -> Number:
    if not isinstance(text, str) or not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text.strip()):
        raise ValueError(text)
    return float(text) if re.search(r"[.eE]", text) else int(text)
