"""Answers spoilt in one place: a field removed, null, of another type; a limit crossed. Pure."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from jsonpath import compile as compile_path

from deploy_verdict.expect import Lacking, Matcher, read_json
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.plan import Answer

HTML = "<!DOCTYPE html><html><title>502</title><h1>Application failed to respond</h1></html>"
REMOVED = object()
Spoilt = tuple[str, Answer]


def lacking(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Spoilt]:
    """Answers in which nobody can see what the selector asks for: none of them may be green."""
    if selector.startswith("header."):
        name = selector.removeprefix("header.").lower()
        kept = {key: value for key, value in answer.headers.items() if key.lower() != name}
        yield "header removed", answer.model_copy(update={"headers": kept})
    elif selector == "text":
        yield "body removed", answer.model_copy(update={"body": None})
    elif selector.startswith("$"):
        yield from _lacking_json(answer, selector, matcher)


def _lacking_json(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Spoilt]:
    if has_value(answer, selector):
        yield "field removed", with_value(answer, selector, lambda _: REMOVED)
        if not _wants_null(matcher):
            yield "null", with_value(answer, selector, lambda _: None)
        yield "another type", with_value(answer, selector, _other_type)
        listed = with_value(answer, selector, _of_nulls)
        if listed.body != answer.body:
            yield "a list of nulls", listed
    yield "an HTML page", answer.model_copy(update={"body": HTML})


def _wants_null(matcher: Matcher) -> bool:
    named = "equals" in matcher.operators and matcher.equals is None
    return named or matcher.type == "null" or None in (matcher.one_of or ())


def _other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if is_number(value):
        return str(value)
    return {str: 0, list: {}, dict: [], type(None): 0}.get(type(value))


def _of_nulls(value: Any) -> Any:
    return [None for _ in value] if isinstance(value, list) else value


def crossing(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Spoilt]:
    """Answers that can be read well and are just not what the matcher asks for."""
    for name in matcher.operators:
        for value in _violating(name, getattr(matcher, name)):
            yield from _with(answer, selector, value)


def fitting(answer: Answer, selector: str, matcher: Matcher) -> Iterator[Spoilt]:
    """Answers that are just what the matcher asks for: what a never rule must fire on."""
    for name in matcher.operators:
        for value in _satisfying(name, getattr(matcher, name)):
            yield from _with(answer, selector, value)


def _with(answer: Answer, selector: str, value: Any) -> Iterator[Spoilt]:
    told = f"{selector} {json.dumps(value, ensure_ascii=False)}"
    if selector == "status":
        if is_number(value) and 100 <= value <= 599:
            yield told, answer.model_copy(update={"status": int(value), "fault": None})
    elif selector == "elapsed":
        if is_number(value) and value >= 0:
            yield f"elapsed {value:g} ms", answer.model_copy(update={"elapsed": value / 1000})
    elif selector == "text":
        yield told, answer.model_copy(update={"body": str(value)})
    elif selector.startswith("header."):
        headers = {**answer.headers, selector.removeprefix("header."): str(value)}
        yield told, answer.model_copy(update={"headers": headers})
    elif has_value(answer, selector):
        yield told, with_value(answer, selector, lambda _: value)


def _violating(name: str, wanted: Any) -> Iterator[Any]:
    simple: dict[str, Callable[[Any], Any]] = {
        "below": lambda limit: limit,
        "at_most": lambda limit: limit + 1,
        "above": lambda limit: limit,
        "at_least": lambda limit: limit - 1,
        "between": lambda bounds: bounds[1] + 1,
        "equals": _other_value,
        "not_equals": lambda value: value,
        "one_of": lambda values: _other_value(max(values, key=json.dumps)),
        "contains": lambda _: "-",
        "matches": lambda _: "-",
        "length": lambda least: [0] * (least - 1),
    }
    if name in simple:
        yield simple[name](wanted)
    if name == "between":
        yield wanted[0] - 1


def _satisfying(name: str, wanted: Any) -> Iterator[Any]:
    samples = {"object": {}, "array": [], "string": "X", "number": 1.5, "integer": 1, "boolean": True}
    simple: dict[str, Callable[[Any], Any]] = {
        "below": lambda limit: limit - 1,
        "at_most": lambda limit: limit,
        "above": lambda limit: limit + 1,
        "at_least": lambda limit: limit,
        "between": lambda bounds: bounds[0],
        "equals": lambda value: value,
        "not_equals": _other_value,
        "one_of": lambda values: values[0],
        "contains": lambda text: f"-{text}-",
        "type": samples.get,
        "length": lambda least: [0] * least,
    }
    if name in simple:
        yield simple[name](wanted)


def _other_value(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if is_number(value):
        return value + 1
    if value is None:
        return "X"
    if isinstance(value, list | tuple):
        return [*value, 0]
    return f"{value}-" if isinstance(value, str) else {"-": 0}


def has_value(answer: Answer, selector: str) -> bool:
    """Whether a JSON path finds anything."""
    document = read_json(answer.body or "")
    return not isinstance(document, Lacking) and bool(
        compile_path(selector, strict=True).findall(document.value)
    )


def with_value(answer: Answer, selector: str, change: Callable[[Any], Any]) -> Answer:
    """The answer with every value at a JSON path changed."""
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
