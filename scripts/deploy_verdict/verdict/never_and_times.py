"""Never rules and response times, judged over everything that was sent. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.exchanges import Sent, latency, to_check
from deploy_verdict.evidence.answers.never_rules import RuleCount, count_rule
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.expect.selectors import json_path_of
from deploy_verdict.model import Finding, Severity
from deploy_verdict.plan import NeverRule
from deploy_verdict.stages.health.judge import spikes_needed
from deploy_verdict.verdict.coverage import covered, missed_samples

MAY_BE = "Where single readings may be so, judge the gauge by the pool's `attention` and `critical` instead"


def judge_never(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield one finding for each rule: how many responses it forbids, and the first of them.

    If scheduled samples were missed, nothing can be said of all responses.
    """
    missed = missed_samples(covered(bundle))
    sent = bundle.sent
    for rule in bundle.plan.never:
        if rule.of is None or _is_collected(bundle, rule.of):
            count = count_rule(bundle.plan, rule, sent)
            yield _judge_rule(rule, count, _by_chance(bundle, rule, count), missed)


def _is_collected(bundle: Bundle, check: str) -> bool:
    """Return whether a check's stage was not left out; otherwise a rule on it is left out too."""
    is_pool = check in {pool.name for pool in bundle.plan.pools}
    beside = {name for pool in bundle.plan.pools for name in pool.beside}
    return ("pools" in bundle.stages and (is_pool or check in beside)) or (
        not is_pool and "health" in bundle.stages
    )


def _by_chance(bundle: Bundle, rule: NeverRule, count: RuleCount) -> frozenset[str]:
    """Return the pointers of pool readings that break the rule by chance: too few of their sample.

    A busy gauge exceeds any limit now and then, in one of 1,641 readings in 13 of 100 windows. That is no
    failure; but no pass either, as the plan says never. A value that the rule names, such as another size, is
    never chance.
    """
    of_values = any({"equals", "not_equals"} & {*line.matcher.operators} for line in rule.lines)
    if of_values or not all(json_path_of(line.selector) for line in rule.lines):
        return frozenset()
    taken = Counter((item.check, item.offset_s) for item in bundle.sent if item.is_reading)
    broken = Counter((item.check, item.offset_s) for item in count.fired if item.is_reading)
    return frozenset(
        item.pointer
        for item in count.fired
        if item.is_reading
        and broken[item.check, item.offset_s]
        < spikes_needed(bundle.plan, taken[item.check, item.offset_s], is_number=True)
    )


def _judge_rule(rule: NeverRule, count: RuleCount, chance: frozenset[str], missed: str | None) -> Finding:
    text = "never " + ", ".join(line.text for line in rule.lines) + (f" on {rule.of}" if rule.of else "")
    ruling = _ruled(rule, count, chance, missed)
    return ruling.as_finding("never", rule.name, "count", text, expected="0 answers")


def _ruled(rule: NeverRule, count: RuleCount, chance: frozenset[str], missed: str | None) -> Ruling:
    fired = [item for item in count.fired if item.pointer not in chance]
    if fired:
        first = fired[0]
        actual = f"{len(count.fired)} of {count.read} answers, first {_described(first)}"
        return failed(actual, rule.severity, rule.because).at(first.pointer, first.offset_s)
    if count.read == 0:
        return unknown("no answer to check")
    if count.unreadable:
        first, reason = count.unreadable[0]
        actual = f"{len(count.unreadable)} of {count.read} answers could not be checked: {reason}"
        return unknown(actual).at(first.pointer, first.offset_s)
    if chance:
        first = next(item for item in count.fired if item.pointer in chance)
        broken = f"{len(chance)} of {count.read} answers, first {_described(first)}"
        few = "single readings of the pool, too few of a sample to be more than chance"
        return unknown(f"{broken}: {few}", MAY_BE).at(first.pointer, first.offset_s)
    none = f"0 of {count.read} answers"
    return unknown(f"{none}, but {missed}") if missed else passed(none)


def _described(sent: Sent) -> str:
    exchange = sent.exchange
    body = " ".join((exchange.body or "").split())[:160]
    answer = f"{exchange.method} {exchange.url} at {shown_offset(sent.offset_s)}: status {exchange.status}"
    return f"{answer}, {body}" if body else answer


def judge_response_times(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield a finding for each limit: every answered request to the check's path must stay below it."""
    missed = missed_samples(covered(bundle))
    section = bundle.plan.response_times
    for label, name in section.of.items() if section else ():
        if not _is_collected(bundle, name):
            continue
        limit_ms = section.limit * 1000 if section else 0.0
        sent = to_check(bundle.plan, name, bundle.sent)
        ruling = _timed(sent, limit_ms, missed)
        text = f"every answer in less than {shown_duration(limit_ms / 1000)}"
        yield ruling.as_finding("response_times", label, "limit", text, expected=f"< {limit_ms:.0f} ms")


def _timed(sent: Sequence[Sent], limit_ms: float, missed: str | None) -> Ruling:
    times = latency(sent)
    slowest = max(sent, key=lambda item: item.exchange.elapsed_ms or 0.0, default=None)
    if times is None or slowest is None:
        return unknown("no answer was timed")
    actual = (
        f"average {times.mean_ms:.0f} ms, p95 {times.p95_ms:.0f} ms, worst {times.worst_ms:.0f} ms "
        f"of {times.count}"
    )
    if not times.worst_ms < limit_ms:
        slow = failed(actual, Severity.P2, "some answers are too slow")
        return slow.at(slowest.pointer, slowest.offset_s)
    return (unknown(f"{actual}, but {missed}") if missed else passed(actual)).at(slowest.pointer)
