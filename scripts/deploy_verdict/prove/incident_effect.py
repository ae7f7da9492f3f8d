"""Decides whether an incident shows in a value that a row tests; only then must the row notice it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from deploy_verdict.expect import Found, Matcher, select
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.expect.selectors import type_name
from deploy_verdict.plan import Answer
from deploy_verdict.prove.replay import Answers, exchange_of

SLOWER, SLOWER_BY_MS = 3.0, 1000.0
_NOT_ON_THE_VALUE = {"type", "length", "more_than", "fewer_than", "present", "not_equals"}


@dataclass(frozen=True)
class TestedValue:
    """A value that a row tests: in the answers of `name`, by `selector`, with `matcher`."""

    __test__ = False  # pytest: not a test class
    name: str
    selector: str
    matcher: Matcher


def incident_value(tested: TestedValue, healthy: Answers, incident: Answers) -> str | None:
    """Describe the incident's value if no healthy answer has one like it; else None."""
    usual = list(_values(healthy.get(tested.name, ()), tested.selector))
    for value in _values(incident.get(tested.name, ()), tested.selector) if usual else ():
        if _is_other(value, usual, tested):
            shown = ", ".join(_shown(item) for item in islice(usual, 3))
            return f"{tested.selector} was {_shown(value)} (healthy: {shown})"
    return None


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _values(answers: Sequence[Answer], selector: str) -> Iterator[Any]:
    for answer in answers:
        if answer.fault is None:
            found = select(selector, exchange_of(answer))
            if isinstance(found, Found):
                yield from found.several or (found.value,)


def _is_other(value: Any, usual: Sequence[Any], tested: TestedValue) -> bool:
    if tested.selector == "elapsed":
        return bool(value > max(usual) * SLOWER + SLOWER_BY_MS)
    if set(tested.matcher.operators) <= _NOT_ON_THE_VALUE:
        return type_name(value) not in {type_name(item) for item in usual}
    numbers = [item for item in usual if is_number(item)]
    if is_number(value) and numbers and tested.selector != "status":
        return not min(numbers) <= value <= max(numbers)
    texts = {item for item in usual if isinstance(item, str)}
    if isinstance(value, str) and len(texts) > 1:
        # It already differs between healthy answers, as times and names do.
        return False
    return all(type_name(value) != type_name(item) or value != item for item in usual)
