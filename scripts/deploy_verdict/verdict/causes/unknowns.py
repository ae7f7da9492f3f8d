"""Inconclusive findings: whether they follow from a failure, and what the rest has in common. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import path_of
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import name_of
from deploy_verdict.model import Finding
from deploy_verdict.stages.pools.judge_gauge import SAYS_FULL
from deploy_verdict.stages.registry import asking_service
from deploy_verdict.verdict.causes.bad_answers import BadAnswers, Key
from deploy_verdict.verdict.causes.cause import Cause, is_full
from deploy_verdict.verdict.coverage import covered

_STOPPED = re.compile(r"our own writes stopped after (?P<name>.+?) \(P\d\) failed")
_NO_ANSWER = re.compile(
    r"(?i)no (request|reading)s? of (ours|the pool) (was|were) answered|no answer\b"
    r"|\b0 of the \d[\d,]* requests of our"
    r"|has no request in the window"
)
_STATUS = re.compile(r"(?<![\w.:])[45]\d\d(?![\w.])")
_MISSED = re.compile(
    r"was missed|not checked at|scheduled samples? (was|were) missed|\bnot run at|no evidence"
    r"|suite was not run"
)
_MISSED_IN_END = re.compile(r"no sample of the platform|not listed at the window's end")
_AT = re.compile(r"T\+[\d.]+(min|h|s)?:?\s*|\(\d[\d,]*×\)|\(and \d+ more\b[^)]*\)")
_BUT = re.compile(r"^.{1,120}?, but (?P<reason>.+)$", re.DOTALL)
_SHORTEST = 20
_PREFIX = re.compile(
    r"^(not known: |the provider's API refused us: "
    r"|(the log|memory|the HTTP log) could not be read( \([\w-]+\))?: )+"
)
_RESTS_ON = re.compile(r"the platform reported no deployment|there is no log to search|the log was not read")
MISSED: Key = ("missed",)
# What keeps findings from being known, and the (stage, check, rule) that say so.
Reasons = dict[str, set[tuple[str, str, str]]]


@dataclass(frozen=True)
class Unanswered:
    """The bad responses of a window, the failures that stopped our own writes, and whether it ended early."""

    bad: BadAnswers
    stops: frozenset[str]
    is_ended: bool


def follows(window: Unanswered, cause: Cause, finding: Finding) -> bool:
    """Return whether this failure is the reason why a finding is not known."""
    text = finding.actual
    stopped = _STOPPED.search(text)
    if stopped:
        return any(name_of(item) == stopped["name"] for item in cause.findings)
    is_left_out = finding.stage == "exposure" or _MISSED.search(text)
    if is_left_out and window.stops and any(name_of(item) in window.stops for item in cause.findings):
        return True
    if cause.kind == "platform":
        return window.is_ended or bool(_NO_ANSWER.search(text))
    if finding.stage == "test_data" and finding.rests_on:
        return _is_of_failed_check(cause, finding)
    if finding.rests_on:
        return any(f"{item.stage}/{item.check}" in finding.rests_on for item in cause.findings)
    return _rests_on_responses(window.bad, cause, finding)


def _rests_on_responses(bad: BadAnswers, cause: Cause, finding: Finding) -> bool:
    """Return whether it rests on the cause's responses, by their place or by what is said of them."""
    text = finding.actual
    by_place = finding.stage not in ("logs", "traffic") and bad.of(finding) & cause.pointers
    if by_place or (cause.kind in ("silent", "down") and _NO_ANSWER.search(text)):
        return True
    if is_full(cause):
        return (finding.stage, finding.check) == ("pools", cause.key[1]) or bool(SAYS_FULL.search(text))
    if cause.kind not in ("error", "down", "stale"):
        return False
    said = _STATUS.findall(text)
    return bool(said) and not set(cause.statuses).isdisjoint(said)


def _is_of_failed_check(cause: Cause, finding: Finding) -> bool:
    """Return whether its check is what failed; a test and its cycles are one, in whatever stages."""
    failing = {item.check for item in cause.findings}
    if any(name.partition("/")[2] in failing for name in finding.rests_on):
        return True
    return cause.kind == "silent" and "no answer" in finding.actual


def stops_of(bundle: Bundle) -> frozenset[str]:
    """Return the failures that stopped our own writes, if that is why every missing sample is missing."""
    slots = [
        slot
        for slot in covered(bundle).slots
        if slot.stage in asking_service() and slot.state in ("missing", "partial")
    ]
    stops = [_STOPPED.search(slot.note or "") for slot in slots]
    return frozenset(stop["name"] for stop in stops if stop) if all(stops) else frozenset()


def unexplained(bundle: Bundle, rest: Sequence[Finding]) -> tuple[Cause, ...]:
    """Return the other findings grouped by their reason, the one that keeps most from being known first."""
    groups: dict[Key, Cause] = {}
    reasons = _reasons(rest)
    for finding in rest:
        key = _key(bundle, finding, reasons)
        groups.setdefault(key, Cause(key)).unknown.append(finding)
    for cause in groups.values():
        cause.unknown.sort(key=lambda item: item.offset_s or 0.0)
        first = ("coverage",) if cause.key == MISSED else _LEADS
        leads = [item for item in cause.unknown if item.rule in first]
        cause.unknown = [*leads, *(item for item in cause.unknown if item.rule not in first)]
    return tuple(sorted(groups.values(), key=lambda cause: (cause.key[0] == "doubt", -len(cause.unknown))))


# The other findings of a stage rest on these rules.
_LEADS = ("live", "readable", "samples", "gauge", "coverage", "fresh", "limit")


def _reasons(rest: Sequence[Finding]) -> Reasons:
    """Return the reasons of findings on which others rest, and whose they are."""
    found: Reasons = {}
    for finding in rest:
        text = _bare_reason(finding.actual)
        if finding.rule in _LEADS and len(text) >= _SHORTEST:
            found.setdefault(text, set()).add((finding.stage, finding.check, finding.rule))
    return found


def _key(bundle: Bundle, finding: Finding, reasons: Reasons) -> Key:
    if bundle.ended:
        return ("ended",)
    if finding.stage == "evidence":
        return "evidence", "unreadable"
    if finding.rule == "coverage" or _MISSED.search(finding.actual) or _MISSED_IN_END.search(finding.actual):
        return MISSED
    pool = _pool_of(bundle, finding)
    if pool and any(("pools", pool, "samples") in whose for whose in reasons.values()):
        return "pools", pool
    if finding.rests_on and finding.stage != "test_data":
        shown_by = finding.rests_on[0]
        of_check = _pool_read_by(bundle, shown_by.partition("/")[2])
        if of_check and any(("pools", of_check, "samples") in whose for whose in reasons.values()):
            return "pools", of_check
        return "shown", shown_by
    text = _bare_reason(finding.actual)
    if _RESTS_ON.match(text):
        lead = next(
            (reason for reason, whose in reasons.items() if finding.stage in {stage for stage, *_ in whose}),
            None,
        )
        text = lead or text
    for reason in reasons:
        # A text of a few letters occurs in any reason.
        if len(text) >= _SHORTEST and (text[:80] in reason or reason[:80] in text):
            return "reason", _shortest(reason, reasons)
    return "reason", text[:80]


def _pool_of(bundle: Bundle, finding: Finding) -> str | None:
    """Return the pool whose readings decide it: by one of its own rules, or by a check of its address."""
    pools = {pool.name: path_of(pool.path) for pool in bundle.plan.pools if pool.path}
    rule = next((rule for rule in bundle.plan.never if rule.name == finding.check), None)
    name = rule.of if finding.stage == "never" and rule else finding.check
    if finding.stage == "pools" and name in pools:
        return name
    return _pool_read_by(bundle, name)


def _pool_read_by(bundle: Bundle, name: str | None) -> str | None:
    """Return the pool whose address a check reads."""
    check = next((check for check in bundle.plan.health if check.name == name), None)
    # Traffic and logs name paths and patterns, which are not checks.
    path = path_of(check.path) if check else None
    return next((pool.name for pool in bundle.plan.pools if pool.path and path_of(pool.path) == path), None)


def _shortest(reason: str, reasons: Reasons) -> str:
    """Return the one of several overlapping reasons that all have in common."""
    alike = [other for other in reasons if other[:80] in reason or reason[:80] in other]
    return min(alike, key=len, default=reason)[:80]


def _bare_reason(text: str) -> str:
    """Return a reason without when it occurred and what it left undone."""
    found = _BUT.match(_PREFIX.sub("", text))
    bare = _PREFIX.sub("", found["reason"]) if found else _PREFIX.sub("", text)
    return " ".join(_AT.sub("", bare).split())
