"""Never rules: responses that must not occur anywhere in the window. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.base.units import path_of
from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.expect import Found, Lacking, Matcher, matched, select
from deploy_verdict.expect.selectors import json_path_of
from deploy_verdict.model import Exchange, Outcome
from deploy_verdict.plan import NeverRule, Plan, Request


@dataclass(frozen=True)
class RuleCount:
    """How many responses a rule read, which it forbids, and which it could not read and why."""

    read: int
    fired: tuple[Sent, ...]
    unreadable: tuple[tuple[Sent, str], ...]


def count_rule(plan: Plan, rule: NeverRule, sent: Iterable[Sent]) -> RuleCount:
    """Apply a rule to all responses in its scope; a request without a response is not in it.

    A rule of one check covers every response from that check's address, whoever sent the request.
    """
    read, fired, unreadable = 0, [], []
    address = _address(plan, rule.of)
    for item in sent:
        host = plan.host_of(item.exchange.url) if plan.hosts else None
        # Errors of another system are not the service's.
        is_meant = plan.is_ours(host) if rule.of is None else _is_of(rule.of, address, item, host)
        if item.exchange.status is None or not is_meant:
            continue
        read += 1
        ruling = _applied(rule, item.exchange)
        if ruling.outcome is Outcome.FAIL:
            fired.append(item)
        elif ruling.outcome is Outcome.INCONCLUSIVE:
            unreadable.append((item, ruling.actual))
    return RuleCount(read, tuple(fired), tuple(unreadable))


def forbidden(plan: Plan, exchange: Exchange) -> str | None:
    """Return the first rule that a response breaks, as "never <name>", or None."""
    sent = (Sent(stage="", check=None, offset_s=0.0, pointer="", exchange=exchange),)
    return next((f"never {rule.name}" for rule in plan.never if count_rule(plan, rule, sent).fired), None)


def _address(plan: Plan, name: str | None) -> tuple[str, str, str | None] | None:
    known: tuple[Request, ...] = (*plan.health, *plan.pools)
    found = next((item for item in known if getattr(item, "name", None) == name), None)
    return (found.method, path_of(found.path), found.host) if found else None


def _is_of(name: str, address: tuple[str, str, str | None] | None, item: Sent, host: str | None) -> bool:
    if item.check == name:
        return True
    method, path, of_host = address or ("", "", None)
    return item.exchange.method == method and path_of(item.exchange.url).endswith(path) and host == of_host


def _applied(rule: NeverRule, exchange: Exchange) -> Ruling:
    """Fail if all lines of the rule hold; inconclusive if one that might hold cannot be read; else pass."""
    unread = ""
    for line in rule.lines:
        found = select(line.selector, exchange)
        if isinstance(found, Lacking):
            # A rule for all checks may name a field that only some responses have.
            may_be_cut = exchange.body_truncated and json_path_of(line.selector)
            if rule.of is None and line.selector != "status" and not may_be_cut:
                return passed()
            unread = found.reason
            continue
        outcome, reason = _any_of(line.matcher, found)
        if outcome is Outcome.INCONCLUSIVE:
            if found.value is None and not line.matcher.speaks_of_numbers:
                # null is a value too: a rule against an alert's text does not fire on it.
                return passed()
            unread = f"{line.selector} {reason}"
        elif outcome is Outcome.FAIL:
            if line.selector == "text" and exchange.body_truncated:
                unread = "the answer was cut; the rest was not searched"
                continue
            return passed()
    return unknown(unread) if unread else failed("")


def _any_of(matcher: Matcher, found: Found) -> tuple[Outcome, str | None]:
    """Return PASS if any selected value matches the rule, which then fires; else the first unclear result."""
    results = [matched(matcher, value) for value in (found.several or (found.value,))]
    for outcome in (Outcome.PASS, Outcome.INCONCLUSIVE):
        for result in results:
            if result[0] is outcome:
                return result
    return results[0]
