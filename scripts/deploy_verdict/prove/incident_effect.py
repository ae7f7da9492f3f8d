"""Whether an incident shows in what a row looks at: only then must the row notice it. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from deploy_verdict.expect import Found, Matcher, select
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.expect.selectors import type_name
from deploy_verdict.plan import Answer, Request
from deploy_verdict.prove.rows import Seen
from deploy_verdict.prove.scenes import Scene, exchange_of

SLOWER, SLOWER_BY_MS = 3.0, 1000.0
_OF_KIND = {"type", "length", "present"}


class _Anywhere(Request):
    """Selectors do not look at the request."""

    def _needs_method(self) -> bool:
        return False

    @property
    def method(self) -> str:
        return "GET"

    @property
    def path(self) -> str:
        return "/"


def moved(seen: Seen, healthy: Scene, incident: Scene) -> str | None:
    """The incident's value in words where it is none that a healthy answer has, or None."""
    usual = list(_values(healthy.answers.get(seen.name, ()), seen.selector))
    for value in _values(incident.answers.get(seen.name, ()), seen.selector):
        if usual and _is_other(value, usual, seen):
            return f"{seen.selector} was {_shown(value)} (healthy: {', '.join(map(_shown, _few(usual)))})"
    return None


def _few(values: Iterable[Any]) -> list[Any]:
    return [value for index, value in enumerate(values) if index < 3]


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _values(answers: Iterable[Answer], selector: str) -> Iterator[Any]:
    for answer in answers:
        if answer.fault is None:
            found = select(selector, exchange_of(answer, _Anywhere(), ""))
            if isinstance(found, Found):
                yield from found.several or (found.value,)


def _is_other(value: Any, usual: list[Any], seen: Seen) -> bool:
    if seen.selector == "elapsed":
        return bool(value > max(usual) * SLOWER + SLOWER_BY_MS)
    if _looks_at_kinds(seen.matcher):
        return type_name(value) not in {type_name(item) for item in usual}
    numbers = [item for item in usual if is_number(item)]
    if is_number(value) and numbers and seen.selector != "status":
        return not min(numbers) <= value <= max(numbers)
    texts = {item for item in usual if isinstance(item, str)}
    if isinstance(value, str) and len(texts) > 1:
        # It differs from one healthy answer to the next, as times and names do.
        return False
    return all(type_name(value) != type_name(item) or value != item for item in usual)


def _looks_at_kinds(matcher: Matcher) -> bool:
    """A type, or any value but one, is not about which value it is."""
    return set(matcher.operators) <= {*_OF_KIND, "not_equals"}
