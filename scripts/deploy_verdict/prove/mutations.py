"""Mutates a recorded answer: a field removed, null or of another type, a limit crossed, another gauge. Pure.

A gauge is changed however the plan takes it from the answer.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonpath import compile as compile_path

from deploy_verdict.expect import Lacking, Matcher, read_json
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.expect.numbers import AS_TEXT, CONSTANT, JSON, SAMPLE, TEXT, Term, number_in, parse_number
from deploy_verdict.expect.selectors import json_path_of
from deploy_verdict.plan import Answer
from deploy_verdict.prove.replay import exchange_of

HTML = "<!DOCTYPE html><html><title>502</title><h1>Application failed to respond</h1></html>"
REMOVED = object()
# What was changed, in words, and the answer.
Mutation = tuple[str, Answer]


def lacking(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Mutation]:
    """Yield answers without a value that the selector could read; none of them may pass."""
    if selector.startswith("header."):
        name = selector.removeprefix("header.").lower()
        headers = {key: value for key, value in answer.headers.items() if key.lower() != name}
        yield f"{selector} header removed", answer.model_copy(update={"headers": headers})
    elif selector == "text":
        yield "text body removed", answer.model_copy(update={"body": None})
    elif path := json_path_of(selector):
        if has_value(answer, path):
            yield f"{selector} field removed", _with_value(answer, path, lambda _: REMOVED)
            if not _wants_null(matcher):
                yield f"{selector} null", _with_value(answer, path, lambda _: None)
            other = _other_type if path == selector else lambda _: "NaN"
            yield f"{selector} another type", _with_value(answer, path, other)
            nulls = _with_value(answer, path, _list_of_nulls)
            # Compared as JSON, as the texts already differ if the service writes no spaces.
            if read_json(nulls.body or "") != read_json(answer.body or ""):
                yield f"{selector} a list of nulls", nulls
        yield f"{selector} an HTML page", answer.model_copy(update={"body": HTML})


def crossing(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Mutation]:
    """Yield answers with a value of the right type that the matcher refuses."""
    for name in matcher.operators:
        for value in _REFUSED[name](getattr(matcher, name)) if name in _REFUSED else ():
            yield from _with(answer, selector, value)


def fitting(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Mutation]:
    """Yield answers with a value that the matcher accepts: a never rule must fire on them."""
    for name in matcher.operators:
        for value in _TAKEN[name](getattr(matcher, name)) if name in _TAKEN else ():
            yield from _with(answer, selector, value)


def _with(answer: Answer, selector: str, value: Any) -> Iterator[Mutation]:
    text = f"{selector} {json.dumps(value, ensure_ascii=False)}"
    if selector == "status":
        if is_number(value) and 100 <= value <= 599:
            yield text, answer.model_copy(update={"status": int(value), "fault": None})
    elif selector == "elapsed":
        if is_number(value) and value >= 0:
            yield f"elapsed {value:g} ms", answer.model_copy(update={"elapsed": value / 1000})
    elif selector == "text":
        yield text, answer.model_copy(update={"body": str(value)})
    elif selector.startswith("header."):
        headers = {**answer.headers, selector.removeprefix("header."): str(value)}
        yield text, answer.model_copy(update={"headers": headers})
    elif has_value(answer, path := json_path_of(selector) or selector):
        written = str(value) if path != selector else value
        yield text, _with_value(answer, path, lambda _: written)


def _wants_null(matcher: Matcher) -> bool:
    equals_null = "equals" in matcher.operators and matcher.equals is None
    return equals_null or matcher.type == "null" or None in (matcher.one_of or ())


def _other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if is_number(value):
        return str(value)
    return {str: 0, list: {}, dict: [], type(None): 0}.get(type(value))


def _list_of_nulls(value: Any) -> Any:
    return [None for _ in value] if isinstance(value, list) else value


def _other_value(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if is_number(value):
        return value + 1
    if value is None:
        return "X"
    if isinstance(value, list | tuple):
        return [*value, 0]
    return f"{value}-" if isinstance(value, str) else {"-": 0}


_OF_TYPE = {"object": {}, "array": [], "string": "X", "number": 1.5, "integer": 1, "boolean": True}
_Values = Mapping[str, Callable[[Any], list[Any]]]
_REFUSED: _Values = {
    "below": lambda limit: [limit],
    "at_most": lambda limit: [limit + 1],
    "above": lambda limit: [limit],
    "at_least": lambda limit: [limit - 1],
    "between": lambda bounds: [bounds[1] + 1, bounds[0] - 1],
    "equals": lambda value: [_other_value(value)],
    "not_equals": lambda value: [value],
    "one_of": lambda values: [_other_value(max(values, key=json.dumps))],
    "contains": lambda _: ["-"],
    "matches": lambda _: ["-"],
    "length": lambda least: [[0] * (least - 1)],
    "more_than": lambda most: [[0] * most if is_number(most) else []],
    "fewer_than": lambda limit: [[0] * limit],
}
_TAKEN: _Values = {
    "below": lambda limit: [limit - 1],
    "at_most": lambda limit: [limit],
    "above": lambda limit: [limit + 1],
    "at_least": lambda limit: [limit],
    "between": lambda bounds: [bounds[0]],
    "equals": lambda value: [value],
    "not_equals": lambda value: [_other_value(value)],
    "one_of": lambda values: [values[0]],
    "contains": lambda text: [f"-{text}-"],
    "type": lambda name: [_OF_TYPE.get(name)],
    "length": lambda least: [[0] * least],
    # The size of a captured count is unknown, so take a large one.
    "more_than": lambda most: [[0] * ((most if is_number(most) else 999) + 1)],
    "fewer_than": lambda limit: [[0] * (limit - 1)],
}


def has_value(answer: Answer, selector: str) -> bool:
    """Whether a JSON path finds anything."""
    document = read_json(answer.body or "")
    return not isinstance(document, Lacking) and bool(
        compile_path(selector, strict=True).findall(document.value)
    )


def _with_value(answer: Answer, selector: str, change: Callable[[Any], Any]) -> Answer:
    """Return the answer with every value at a JSON path changed."""
    document = copy.deepcopy(json.loads(answer.body or "null"))
    for match in reversed(list(compile_path(selector, strict=True).finditer(document))):
        value = change(match.obj)
        if not match.parts:
            document = None if value is REMOVED else value
            continue
        holder = document
        for part in match.parts[:-1]:
            holder = holder[part]
        if value is REMOVED:
            del holder[match.parts[-1]]
        else:
            holder[match.parts[-1]] = value
    return answer.model_copy(update={"body": json.dumps(document, ensure_ascii=False)})


def gauge_in(answer: Answer, number: str) -> float | None:
    """Return the number in a recorded answer; None if it has none."""
    found = number_in(number, exchange_of(answer).body)
    return None if isinstance(found, str) else found


def with_gauge(answer: Answer, number: str, value: float) -> Answer:
    """Return the answer in which a number has this value; its first part that is not a constant changes."""
    now = gauge_in(answer, number)
    term = next(term for term in parse_number(number) if term.kind != CONSTANT)
    if now is None:
        return answer
    by = term.sign * (value - now)
    if term.kind == JSON:
        return _with_value(answer, term.what, lambda old: old + by)
    if term.kind == AS_TEXT:
        return _with_value(answer, term.what, lambda old: f"{float(old) + by:g}")
    body = exchange_of(answer).body or ""
    return answer.model_copy(update={"json_": None, "body": _written(term, body, by)})


def _written(term: Term, body: str, by: float) -> str:
    """Return a text in which the number of a term is changed, wherever it is."""
    pattern = term.what if term.kind == TEXT else rf"(?m)^{re.escape(term.what)}(?:\{{.*\}})?[ \t]+(\S+)"

    def changed(match: re.Match[str]) -> str:
        start, end = (place - match.start() for place in match.span(1))
        text = match.group(0)
        return f"{text[:start]}{float(match.group(1)) + by:g}{text[end:]}"

    if term.kind == SAMPLE and term.of == "max":
        return re.sub(pattern, changed, body)
    return re.sub(pattern, changed, body, count=1 if term.kind == SAMPLE else 0)
