"""Health checks: every line of `expect`, and the alternatives of `accept`, on every response. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.steps import accept_text, accepted, tested_line
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, of_attempts, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.model import Finding, HttpObservation, Severity
from deploy_verdict.plan import Check
from deploy_verdict.stages.health.judge_bodies import judge_bodies

Answers = Sequence[tuple[str, HttpObservation]]
# The connect got no answer, so the network on the way may be the cause; a refused connect was answered.
UNREACHED = ("connect-timeout", "unreachable")
# (rule, expectation, ruling).
RuledLine = tuple[str, str, Ruling]


def judge_health(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield the findings of each check at each sample in which it is due."""
    answers = readings_of(bundle, "health", HttpObservation)
    for offset_s in bundle.plan.health_offsets_s:
        for check in bundle.plan.checks_at(offset_s):
            yield from _judge_check("health", check, offset_s, answers)
    yield from judge_bodies(bundle)


def judge_beside(bundle: Bundle) -> Iterator[Finding]:
    """Yield the findings of the checks that are repeated beside each regular sample of a pool."""
    answers = readings_of(bundle, "pools", HttpObservation)
    window, asked_s = bundle.plan.window, {answer.offset_s for _, answer in answers}
    due_s = [item for item in window.pool_offsets_s if item in window.offsets_s or item in asked_s]
    for pool in bundle.plan.pools:
        for name in pool.beside:
            for offset_s in due_s:
                yield from _judge_check("pools", bundle.plan.check(name), offset_s, answers)


def _judge_check(stage: str, check: Check, offset_s: float, answers: Answers) -> Iterator[Finding]:
    attempts: list[tuple[str | None, HttpObservation | None]] = [
        (pointer, answer)
        for pointer, answer in answers
        if (answer.check, answer.offset_s) == (check.name, offset_s)
    ]
    judged = [
        [(rule, text, ruling.at(pointer, offset_s)) for rule, text, ruling in _ruled(check, answer, offset_s)]
        for pointer, answer in attempts or [(None, None)]
    ]
    alone = len(unreached_at(answers)) == 1 and any(_is_unreached(item) for _, item in attempts)
    for lines in zip(*judged, strict=True):
        rule, text, _ = lines[0]
        kept = of_attempts([ruling for _, _, ruling in lines])
        if kept is not None:
            kept = replace(kept, severity=Severity.P2 if alone else kept.severity or check.severity)
            yield kept.as_finding(stage, check.name, rule, text)


def unreached_at(answers: Answers) -> frozenset[float]:
    """Return the samples (offset in seconds) with an unanswered connect; a single one is not an outage."""
    return frozenset(item.offset_s for _, item in answers if _is_unreached(item))


def _is_unreached(answer: HttpObservation | None) -> bool:
    return answer is not None and answer.fault is not None and answer.fault.kind in UNREACHED


def _ruled(check: Check, answer: HttpObservation | None, offset_s: float) -> Iterator[RuledLine]:
    missing = unknown(f"not checked at {shown_offset(offset_s)}")
    for line in check.expect.lines if check.expect else ():
        yield line.selector, line.text, tested_line(line, answer) if answer else missing
    if check.accept:
        yield "accept", accept_text(check.accept), accepted(check.accept, answer) if answer else missing
