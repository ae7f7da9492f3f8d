"""Never rules and response times: judged over everything that was sent. Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import Sent, all_sent, latency, to_check
from deploy_verdict.evidence.never_rules import RuleCount, count_rule
from deploy_verdict.model import Finding, Outcome, Severity
from deploy_verdict.plan import NeverRule
from deploy_verdict.verdict.coverage import covered, hole_in


def judge_never(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """One finding for each rule: how many of all answers it forbids, and the first of them.

    Where planned samples were not taken, nothing can be said of all answers.
    """
    hole = hole_in(covered(bundle))
    sent = tuple(all_sent(bundle.loaded))
    for rule in bundle.plan.never:
        if rule.of is None or _is_collected(bundle, rule.of):
            yield _judge_rule(rule, count_rule(bundle.plan, rule, sent), hole)


def _is_collected(bundle: Bundle, check: str) -> bool:
    """A rule on a check whose stage was left out by choice is left out with it."""
    is_pool = check in {pool.name for pool in bundle.plan.pools}
    beside = {name for pool in bundle.plan.pools for name in pool.beside}
    return ("pools" in bundle.stages and (is_pool or check in beside)) or (
        not is_pool and "health" in bundle.stages
    )


def _judge_rule(rule: NeverRule, count: RuleCount, hole: str | None) -> Finding:
    first: Sent | None = None
    if count.fired:
        first = count.fired[0]
        outcome, actual = Outcome.FAIL, f"{len(count.fired)} of {count.looked_at} answers, {_told(first)}"
    elif count.looked_at == 0:
        outcome, actual = Outcome.INCONCLUSIVE, "there was no answer to look at"
    elif count.blind:
        first = count.blind[0][0]
        blind = f"{len(count.blind)} of {count.looked_at} answers could not be looked at"
        outcome, actual = Outcome.INCONCLUSIVE, f"{blind}: {count.blind[0][1]}"
    elif hole:
        outcome, actual = Outcome.INCONCLUSIVE, f"0 of {count.looked_at} answers, but {hole}"
    else:
        outcome, actual = Outcome.PASS, f"0 of {count.looked_at} answers"
    text = ", ".join(line.text for line in rule.lines)
    return Finding(
        stage="never",
        check=rule.name,
        rule="count",
        expectation=f"never {text}" + (f" on {rule.of}" if rule.of else ""),
        outcome=outcome,
        severity=rule.severity if outcome is Outcome.FAIL else None,
        expected="0 answers",
        actual=actual,
        because=rule.because if outcome is Outcome.FAIL else None,
        evidence=first.pointer if first else None,
        offset_s=first.offset_s if first else None,
    )


def _told(sent: Sent) -> str:
    exchange = sent.exchange
    body = " ".join((exchange.body or "").split())[:160]
    told = (
        f"first {exchange.method} {exchange.url} at {shown_offset(sent.offset_s)}: status {exchange.status}"
    )
    return f"{told}, {body}" if body else told


def judge_response_times(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Every answered request to a check's path must stay under the plan's limit, in the whole window."""
    hole = hole_in(covered(bundle))
    section = bundle.plan.response_times
    for label, name in section.of.items() if section else ():
        if not _is_collected(bundle, name):
            continue
        limit_ms = section.limit * 1000 if section else 0.0
        sent = to_check(bundle.plan, name, bundle.loaded)
        times = latency(sent)
        slowest = max(sent, key=lambda item: item.exchange.elapsed_ms or 0.0, default=None)
        if times is None:
            outcome, actual = Outcome.INCONCLUSIVE, "no answer was timed"
        else:
            outcome = Outcome.PASS if times.worst_ms < limit_ms else Outcome.FAIL
            actual = (
                f"average {times.mean_ms:.0f} ms, p95 {times.p95_ms:.0f} ms, "
                f"worst {times.worst_ms:.0f} ms of {times.count}"
            )
            if outcome is Outcome.PASS and hole:
                outcome, actual = Outcome.INCONCLUSIVE, f"{actual}, but {hole}"
        yield Finding(
            stage="response_times",
            check=label,
            rule="limit",
            expectation=f"every answer in less than {shown_duration(limit_ms / 1000)}",
            outcome=outcome,
            severity=Severity.P2 if outcome is Outcome.FAIL else None,
            expected=f"< {limit_ms:.0f} ms",
            actual=actual,
            because="some answers are too slow" if outcome is Outcome.FAIL else None,
            evidence=slowest.pointer if slowest and times else None,
            offset_s=slowest.offset_s if slowest and outcome is Outcome.FAIL else None,
        )
