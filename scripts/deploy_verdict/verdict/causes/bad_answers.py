"""The responses that show a failure, and what each has in common with others: its trouble. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.base.units import path_of
from deploy_verdict.evidence.answers.answer_text import answer_text, is_reason_phrase, shape_of_text
from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.evidence.answers.never_rules import count_rule
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import is_pool_rule
from deploy_verdict.model import Finding, Outcome, TestObservation, Whose
from deploy_verdict.stages.pools.judge_gauge import SAYS_FULL

Key = tuple[str, ...]
SILENT: Key = ("silent",)
FULL: Key = ("full",)
# Uninformative errors on this many routes are one trouble: the service, or what is in front of it, is down.
MOST_ROUTES = 3
_ERROR, _REFUSED = 500, 400


def route_of(sent: Sent) -> str:
    """Return method and path of a request, without ids."""
    return f"{sent.exchange.method} {path_shape(path_of(sent.exchange.url))}"


class BadAnswers:
    """Every request without a response, every error, and what failed findings and never rules point at."""

    def __init__(self, bundle: Bundle, failed: Sequence[Finding]) -> None:
        self._bundle = bundle
        self._sent = {item.pointer: item for item in bundle.sent} if failed else {}
        self._places = sorted(self._sent)
        names = {finding.check for finding in failed if finding.stage == "never"}
        self._fired = {
            rule.name: {item.pointer for item in count_rule(bundle.plan, rule, self._sent.values()).fired}
            for rule in bundle.plan.never
            if rule.name in names
        }
        self._unread = {
            sample.pointer for samples in bundle.samples.values() for sample in samples if not sample.levels
        }
        pointed = {item.evidence for item in failed if item.evidence in self._sent}
        self._bad = {
            pointer
            for pointer, item in self._sent.items()
            if pointer in pointed or is_silent(item) or _is_error(item)
        }.union(*self._fired.values())

    def of(self, finding: Finding) -> set[str]:
        """Return the pointers of the bad responses that show a finding; empty if it rests on others."""
        if finding.stage == "never" and finding.outcome is Outcome.FAIL:
            return self._fired.get(finding.check, set())
        pointer = finding.evidence
        # A failed reading does not explain a pool that was read and was too full.
        if not pointer or (is_pool_rule(self._bundle, finding) and pointer not in self._unread):
            return set()
        inside = self._inside(pointer)
        bad = {place for place in inside if place in self._bad}
        if bad or finding.outcome is not Outcome.FAIL or finding.stage != "e2e":
            return bad
        return {
            place for place in inside if (name := self._steps.get(place)) and f"'{name}'" in finding.actual
        }

    def _inside(self, pointer: str) -> list[str]:
        # "0" is the character after "/": everything inside the pointer lies between the two.
        start, end = bisect_left(self._places, pointer), bisect_left(self._places, f"{pointer}0")
        return [
            place for place in self._places[start:end] if place == pointer or place.startswith(f"{pointer}/")
        ]

    def sent(self, pointers: Iterable[str]) -> list[Sent]:
        """Return the requests at these pointers, the earliest first."""
        return sorted((self._sent[pointer] for pointer in pointers), key=lambda item: item.exchange.at)

    def trouble(self, pointer: str) -> Key:
        """Return what a response shares with others: silence, a full pool, an error's text, or its route."""
        item = self._sent[pointer]
        if is_silent(item):
            return SILENT
        if (item.exchange.status or 0) < _REFUSED:
            return "answer", route_of(item)
        if SAYS_FULL.search(item.exchange.body or ""):
            return FULL
        text = answer_text(item.exchange.body)
        status = str(item.exchange.status)
        if text and not is_reason_phrase(text):
            return "error", status if (item.exchange.status or 0) < _ERROR else "5xx", shape_of_text(text)
        kind = text.casefold(), status
        return (
            ("down", status)
            if len(self._vague.get(kind, ())) > MOST_ROUTES
            else ("error", status, route_of(item))
        )

    @cached_property
    def _vague(self) -> dict[tuple[str, str], set[str]]:
        """The routes that gave an uninformative error, by its text and status."""
        found: dict[tuple[str, str], set[str]] = {}
        for pointer in self._bad:
            item = self._sent[pointer]
            text = answer_text(item.exchange.body)
            if _is_error(item) and (not text or is_reason_phrase(text)):
                found.setdefault((text.casefold(), str(item.exchange.status)), set()).add(route_of(item))
        return found

    @cached_property
    def _steps(self) -> dict[str, str]:
        """The name of the step of each request of a test, by pointer."""
        return {
            f"{pointer}/steps/{number}/exchange": step.name
            for item in self._bundle.of_stage("e2e")
            for pointer, observation in item.pointed()
            if isinstance(observation, TestObservation)
            for number, step in enumerate(observation.steps)
        }

    def alike(self, pointers: Iterable[str]) -> set[str]:
        """Return every error and every silence that shares its trouble with one of these."""
        found = set(pointers)
        for trouble in {self.trouble(pointer) for pointer in found}:
            found |= self._of_trouble.get(trouble, set())
        return found

    @cached_property
    def _of_trouble(self) -> dict[Key, set[str]]:
        found: dict[Key, set[str]] = {}
        for place in self._bad:
            if is_silent(self._sent[place]) or _is_error(self._sent[place]):
                found.setdefault(self.trouble(place), set()).add(place)
        return found

    def requests(self, routes: set[str], since_s: float) -> int:
        """Return how many requests went to these routes since then (plan seconds)."""
        return sum(offset_s >= since_s and route in routes for offset_s, route in self._routes)

    @cached_property
    def _routes(self) -> list[tuple[float, str]]:
        """The offset (plan seconds) and the route of each request."""
        return [(item.offset_s, route_of(item)) for item in self._sent.values()]

    def since(self, since_s: float) -> int:
        """Return how many requests were sent since then, to any operation."""
        return sum(item.offset_s >= since_s for item in self._sent.values())

    @property
    def count(self) -> int:
        """How many requests the evidence has."""
        return len(self._sent)


def is_silent(sent: Sent) -> bool:
    """Return whether the service did not answer, or something in front of it did."""
    fault = sent.exchange.fault
    return fault is not None and fault.whose in (Whose.TARGET, Whose.EDGE)


def _is_error(sent: Sent) -> bool:
    fault = sent.exchange.fault
    is_foreign = fault is not None and fault.whose not in (Whose.TARGET, Whose.EDGE)
    return (sent.exchange.status or 0) >= _ERROR and not is_foreign
