"""Expectations: one selector and one matcher, tested on one response. Pure.

A check's `expect` maps selectors to matchers; `accept` holds alternatives, each a complete outcome. What the
target did not answer is a fail; what we could not see is inconclusive.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deploy_verdict.expect.matchers import Matcher, described, matched, parse_matcher
from deploy_verdict.expect.selectors import Found, Lacking, check_selector, read_json, select, select_json
from deploy_verdict.model import Exchange, Fault, Outcome, Whose
from deploy_verdict.model.enums import EDGE

__all__ = [
    "Expectation",
    "Found",
    "Lacking",
    "Matcher",
    "Tested",
    "check_selector",
    "described",
    "fault_outcome",
    "fault_text",
    "matched",
    "parse_matcher",
    "read_json",
    "select",
    "select_json",
    "shown",
    "tested",
    "tested_all",
    "worst",
]

SHOWN_CHARACTERS = 120
TOO_MANY = 429
# The fault of a complete response that redirects elsewhere and was not followed.
REDIRECT = "redirect"
REDIRECTS = (301, 302, 303, 307, 308)
# Railway's edge also returns it in the application's place (Under Attack Mode), except to browsers.
_HELD_BACK = "429, perhaps not the service's own: let this tool's requests through, or name 429 in the plan"
_WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)


@dataclass(frozen=True)
class Expectation:
    """One line under `expect:`."""

    selector: str
    matcher: Matcher

    @property
    def text(self) -> str:
        """The line as the report shows it: "$.utilization_percent < 80"."""
        return f"{self.selector} {described(self.matcher, self.selector)}"


@dataclass(frozen=True)
class Tested:
    """One expectation, tested; `actual` is the value or the reason, in words."""

    expectation: Expectation
    outcome: Outcome
    actual: str
    no_answer: bool = False


def shown(value: Any) -> str:
    """Return a value as a message shows it: text in quotes, long ones cut."""
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 else f"{value:.6g}"
    if isinstance(value, str):
        text = " ".join(value.split()).encode("utf-8", errors="replace").decode("utf-8")
        return f'"{text}"' if len(text) <= SHOWN_CHARACTERS else f'"{text[:SHOWN_CHARACTERS]}…"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def fault_outcome(fault: Fault) -> Outcome:
    """Return the outcome of a fault: a target that does not answer fails, what blinds us is inconclusive."""
    return Outcome.FAIL if fault.whose in (Whose.TARGET, Whose.EDGE) else Outcome.INCONCLUSIVE


def fault_text(fault: Fault) -> str:
    """Return a fault in words, with whose it is."""
    owners = {
        Whose.TARGET: "no answer",
        Whose.EDGE: "no answer from behind Railway's edge",
        Whose.RUNNER: "the runner's own network failed",
        Whose.PROVIDER: "the provider's API refused us",
        Whose.US: "on this tool's side",
    }
    return f"{owners[fault.whose]}: {fault.detail}"


# Unauthorized, and forbidden.
REFUSED_US = (401, 403)


def tested(expectation: Expectation, exchange: Exchange) -> Tested:
    """Test one line of `expect:` on one exchange."""
    fault = None if _is_wanted_of_a_gateway(expectation, exchange) else exchange.fault
    # An error of another system, or an expired token of ours, says nothing of the service.
    is_foreign = fault is not None and fault.whose in (Whose.PROVIDER, Whose.US)
    if fault is not None and (exchange.status is None or is_foreign or expectation.selector != "status"):
        return Tested(expectation, fault_outcome(fault), fault_text(fault), True)
    found = select(expectation.selector, exchange)
    if isinstance(found, Lacking):
        return Tested(expectation, Outcome.INCONCLUSIVE, found.reason)
    results = [(value, *matched(expectation.matcher, value)) for value in found.several or (found.value,)]
    value, outcome, reason = min(results, key=lambda result: _WORST_FIRST.index(result[1]))
    if exchange.status == TOO_MANY and _says_nothing(expectation, outcome):
        return Tested(expectation, Outcome.INCONCLUSIVE, _HELD_BACK)
    if outcome is Outcome.PASS and fault is not None and fault.kind != REDIRECT:
        # A 404 of the edge is not the service's, and a 200 whose body never ended is no response.
        return Tested(expectation, fault_outcome(fault), fault_text(fault), True)
    if outcome is Outcome.PASS and expectation.matcher.fewer_than is not None and _has_next_page(exchange):
        return Tested(
            expectation, Outcome.INCONCLUSIVE, f"{_shown_list(value)} is one page of several: {_PAGE}"
        )
    if expectation.selector == "text" and exchange.body_truncated and outcome is Outcome.FAIL:
        return Tested(expectation, Outcome.INCONCLUSIVE, "the answer was cut; the rest was not searched")
    actual = _shown_list(value) if expectation.matcher.fewer_than is not None else shown(value)
    if expectation.selector == "elapsed":
        actual = f"{value:.0f} ms"
    if reason:
        # "null, not a number", but '"15.0" is text, not a number'
        actual = reason.removeprefix("is ") if value is None else f"{actual} {reason}"
    if expectation.selector == "status" and outcome is Outcome.FAIL:
        actual += _what_a_status_says(exchange)
    return Tested(expectation, outcome, actual)


def _is_wanted_of_a_gateway(expectation: Expectation, exchange: Exchange) -> bool:
    """Return whether the service's own gateway gave a page that the plan may expect, as for maintenance."""
    fault = exchange.fault
    is_gateways = fault is not None and (fault.kind, fault.whose) == (EDGE, Whose.TARGET)
    return is_gateways and expectation.selector in ("status", "text")


def _what_a_status_says(exchange: Exchange) -> str:
    """Return what to do about a refusal, or about a redirect that was not followed."""
    if exchange.status in REFUSED_US:
        return ", so we were not let in: check service.auth in the plan, and its token"
    if exchange.fault is not None and exchange.fault.kind == REDIRECT:
        return f", {exchange.fault.detail}"
    place = next((text for name, text in exchange.headers.items() if name.lower() == "location"), "")
    if not place or exchange.status not in REDIRECTS:
        return ""
    return f", a redirect to {shown(place)}: what writes follows none, so write that path in the plan"


_PAGE = "its Link header names a next one — let the request ask for more at once, such as limit: 100"


def _has_next_page(exchange: Exchange) -> bool:
    """Return whether a list continues elsewhere. Sentry always names a next page, and says if it is empty."""
    links = next((text for name, text in exchange.headers.items() if name.lower() == "link"), "")
    return any(
        re.search(r'rel="?next\b', link) is not None and 'results="false"' not in link
        for link in links.split(",")
    )


def _shown_list(value: Any) -> str:
    """Return how many members a list has, before the first of them."""
    if not isinstance(value, list) or not value:
        return shown(value)
    return f"{len(value)} in the list: {shown(value)}"


def _says_nothing(expectation: Expectation, outcome: Outcome) -> bool:
    """Return whether this line on a 429 says nothing of the service: it does only if the status names 429."""
    if expectation.selector != "status":
        return outcome is Outcome.FAIL
    if outcome is not Outcome.PASS:
        return True
    if expectation.matcher.one_of is not None:
        return False
    beside = (TOO_MANY - 1, TOO_MANY + 1)
    return all(matched(expectation.matcher, status)[0] is Outcome.PASS for status in beside)


def tested_all(expectations: Iterable[Expectation], exchange: Exchange) -> tuple[Tested, ...]:
    """Test a complete mapping."""
    return tuple(tested(expectation, exchange) for expectation in expectations)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst outcome: fail over inconclusive over pass; inconclusive if there is none."""
    present = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in present), Outcome.INCONCLUSIVE)
