"""Captured values in what a step expects: `$.id: "{order_id}"` compares with what was captured. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from deploy_verdict.expect import Expectation, Matcher
from deploy_verdict.plan.placeholders import filled, names_in
from deploy_verdict.plan.requests import Expectations, Expecting
from deploy_verdict.plan.sections.e2e import Step

_LITERALS = ("equals", "not_equals", "one_of", "contains", "matches")
Kind = TypeVar("Kind", bound=Expecting)
Lines = TypeVar("Lines", bound=Expectations)


def expected_names(step: Expecting) -> Iterator[str]:
    """The captured names that the expectations of a step ask for."""
    for line in _lines(step):
        yield from names_in([_plain(getattr(line.matcher, name)) for name in _LITERALS])


def with_captures(step: Kind, captured: Mapping[str, Any]) -> Kind:
    """The step with its expectations filled; a name that was not captured stands as it is."""
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
        if not all(asked in captured for asked in names_in(value)):
            continue
        if name == "matches":
            # A captured value is meant literally, whatever it means to a regular expression.
            update[name] = filled(value, {key: re.escape(str(item)) for key, item in captured.items()})
        else:
            result = filled(value, captured)
            update[name] = (
                str(result) if name == "contains" else tuple(result) if name == "one_of" else result
            )
    return matcher.model_copy(update=update)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
