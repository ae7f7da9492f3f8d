"""Fills placeholders when a request is sent. Pure.

Later steps take captured values: `{name}` in texts, with `{{` and `}}` for literal braces. Health checks take
the window's values: `${window.start}`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from deploy_verdict.expect import Expectation, Matcher
from deploy_verdict.model import Subject
from deploy_verdict.plan.requests import Expectations, Expecting, Request
from deploy_verdict.plan.sections.e2e import Step
from deploy_verdict.plan.writes.graphql import documents_of, is_endpoint

_PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names_in(value: Any) -> Iterator[str]:
    """Yield the names of the placeholders in a JSON value's texts."""
    if isinstance(value, str):
        yield from (match.group(1) for match in _PLACE.finditer(value) if match.group(1))
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from names_in(item)


def names_in_body(request: Request) -> Iterator[str]:
    """Yield the placeholders in a request's body, but not the braces of GraphQL documents."""
    yield from names_in(_without_documents(request)[0])


def filled_body(request: Request, captured: Mapping[str, Any]) -> Any:
    """Return a request's body with its placeholders filled."""
    body, documents = _without_documents(request)
    result = filled(body, captured)
    if not documents:
        return result
    batch = [
        {**one, "query": text}
        for one, text in zip(result if isinstance(result, list) else [result], documents, strict=True)
    ]
    return batch if isinstance(result, list) else batch[0]


def _without_documents(request: Request) -> tuple[Any, list[str]]:
    """Return a body without its GraphQL documents, and those documents."""
    found = documents_of(request.json_) if is_endpoint(request.path) else None
    if found is None:
        return request.json_, []
    rest = [{key: value for key, value in one.items() if key != "query"} for one in found]
    return rest if isinstance(request.json_, list) else rest[0], [str(one["query"]) for one in found]


def filled(value: Any, captured: Mapping[str, Any]) -> Any:
    """Fill a JSON value's placeholders. A text that is only a placeholder takes the captured value's type."""
    if isinstance(value, str):
        only = _PLACE.fullmatch(value)
        if only and only.group(1):
            return captured[only.group(1)]
        return _PLACE.sub(lambda match: _text(match, captured), value)
    if isinstance(value, list):
        return [filled(item, captured) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, captured) for key, item in value.items()}
    return value


def filled_path(path: str, captured: Mapping[str, Any]) -> str:
    """Fill a path's placeholders, percent-encoded."""

    def value(match: re.Match[str]) -> str:
        return match.group(0)[0] if match.group(1) is None else quote(str(captured[match.group(1)]), safe="")

    return _PLACE.sub(value, path)


def _text(match: re.Match[str], captured: Mapping[str, Any]) -> str:
    return match.group(0)[0] if match.group(1) is None else str(captured[match.group(1)])


_LITERALS = ("equals", "not_equals", "one_of", "contains", "matches", "more_than")
Kind = TypeVar("Kind", bound=Expecting)
Lines = TypeVar("Lines", bound=Expectations)


def expected_names(step: Expecting) -> Iterator[str]:
    """Yield the captured names that a step's expectations use."""
    for line in _lines(step):
        yield from names_in([_plain(getattr(line.matcher, name)) for name in _LITERALS])


def with_captures(step: Kind, captured: Mapping[str, Any]) -> Kind:
    """Fill a step's expectations; a placeholder without a captured value stays."""
    update: dict[str, Any] = {}
    if any(name in captured for name in expected_names(step)):
        if step.expect is not None:
            update["expect"] = _filled(step.expect, captured)
        update["accept"] = tuple(_filled(alternative, captured) for alternative in step.accept)
    if isinstance(step, Step) and step.together is not None:
        requests = tuple(with_captures(request, captured) for request in step.together.requests)
        update["together"] = step.together.model_copy(update={"requests": requests})
    return step.model_copy(update=update) if update else step


def _lines(step: Expecting) -> Iterator[Expectation]:
    yield from step.expect.lines if step.expect else ()
    for alternative in step.accept:
        yield from alternative.lines


def _filled(expectations: Lines, captured: Mapping[str, Any]) -> Lines:
    lines = tuple(Expectation(line.selector, _matcher(line.matcher, captured)) for line in expectations.lines)
    return expectations.model_copy(update={"lines": lines})


def _matcher(matcher: Matcher, captured: Mapping[str, Any]) -> Matcher:
    update: dict[str, Any] = {}
    for name in set(matcher.operators) & set(_LITERALS):
        value = _plain(getattr(matcher, name))
        if not all(needed in captured for needed in names_in(value)):
            continue
        if name == "matches":
            # A captured value is literal text, never a regular expression.
            update[name] = filled(value, {key: re.escape(str(item)) for key, item in captured.items()})
        else:
            result = filled(value, captured)
            update[name] = (
                str(result) if name == "contains" else tuple(result) if name == "one_of" else result
            )
    return matcher.model_copy(update=update)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


# Values that the window fills, with their meaning. _LACKING says how to supply those it may lack.
WINDOW_VALUES = {
    "start": "T+0 as a time, 2026-02-02T10:00:00Z",
    "start_s": "T+0 in seconds since 1970",
    "start_ms": "T+0 in milliseconds since 1970",
    "now": "when the request is sent, as a time",
    "now_s": "the same in seconds since 1970",
    "now_ms": "the same in milliseconds since 1970",
    "elapsed": "from T+0 until now, in seconds: 900s",
    "commit": "the commit that the window verifies",
    "deployment": "its deployment",
    "environment": "its environment",
}
_LACKING = {"commit": "--commit SHA", "deployment": "--deployment ID", "environment": "--environment NAME"}
_OF_WINDOW = re.compile(r"\$\{window\.([^}]*)\}?")
_SINCE_START = ("start", "start_s", "start_ms", "elapsed")
WindowValue = str | int | None


def window_names(value: Any) -> Iterator[str]:
    """Yield the names of the window's values in a JSON value's texts."""
    if isinstance(value, str):
        yield from _OF_WINDOW.findall(value)
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    ):
        yield from window_names(item)


def names_of_window(request: Request) -> tuple[str, ...]:
    """Return the names of the window's values in a request."""
    return tuple(window_names([request.path, request.json_, request.form]))


def spans_window(request: Request) -> bool:
    """Whether a request depends on the time since T+0."""
    return any(name in _SINCE_START for name in names_of_window(request))


def window_values(t0: datetime, now: datetime, subject: Subject | None) -> dict[str, WindowValue]:
    """Return the window's values at a moment; None for those that are unknown."""
    elapsed_s = max(1, round((now - t0).total_seconds()))
    return {
        "start": f"{t0:%Y-%m-%dT%H:%M:%SZ}",
        "start_s": int(t0.timestamp()),
        "start_ms": int(t0.timestamp() * 1000),
        "now": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "now_s": int(now.timestamp()),
        "now_ms": int(now.timestamp() * 1000),
        "elapsed": f"{elapsed_s}s",
        "commit": subject.commit if subject else None,
        "deployment": subject.deployment if subject else None,
        "environment": subject.environment if subject else None,
    }


def window_lacks(request: Request, values: Mapping[str, WindowValue]) -> str | None:
    """Say why a request cannot be sent: the window lacks a value that it takes. None if it lacks none."""
    name = next((name for name in names_of_window(request) if values[name] is None), None)
    return name and f"the window does not know its {name} — give {_LACKING[name]}"


def of_window(value: Any, values: Mapping[str, WindowValue]) -> Any:
    """Fill a JSON value with the window's values; a text that is one placeholder takes its type."""
    if isinstance(value, str):
        only = _OF_WINDOW.fullmatch(value)
        return values[only.group(1)] if only else _OF_WINDOW.sub(lambda found: str(values[found[1]]), value)
    if isinstance(value, list):
        return [of_window(item, values) for item in value]
    if isinstance(value, dict):
        return {key: of_window(item, values) for key, item in value.items()}
    return value


def path_of_window(path: str, values: Mapping[str, WindowValue]) -> str:
    """Fill a path with the window's values, percent-encoded."""
    return _OF_WINDOW.sub(lambda found: quote(str(values[found[1]]), safe=""), path)
