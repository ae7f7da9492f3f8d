"""The health checks in the report. Pure.

A check that reads (GET, HEAD) shows its complete response at T+0, or the first unexpected one, as a block
with a word for it; a check of the same address as a pool gets the pool's words. A check that writes is one
line with its status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of
from deploy_verdict.expect import fault_text, worst
from deploy_verdict.markup.labels import MARK, counted, not_checked
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.markdown import shown_body
from deploy_verdict.model import Finding, HttpObservation, Outcome, Reading, Verdict
from deploy_verdict.plan import Check, Pool

HEALTH_WORD = {
    Outcome.PASS: "✅ HEALTHY",
    Outcome.FAIL: "❌ UNHEALTHY",
    Outcome.INCONCLUSIVE: "❔ UNKNOWN",
}
POOL_WORD = {
    Outcome.PASS: "✅ OPTIMAL",
    Outcome.FAIL: "❌ NOT AS EXPECTED",
    Outcome.INCONCLUSIVE: "❔ UNKNOWN",
}


@dataclass(frozen=True, kw_only=True)
class ShownCheck:
    """One check: a block with a status, or one line (`block` is None)."""

    title: str
    block: str | None
    language: str
    status: str
    body: str
    not_passed: tuple[Line, ...]
    evidence: str


def health_checks(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> tuple[ShownCheck, ...]:
    """Return every health check of the plan, in its order."""
    answers = readings_of(bundle, "health", HttpObservation)
    return tuple(
        _shown(bundle, verdict, check, [item for item in answers if item[1].check == check.name])
        for check in bundle.plan.health
    )


def _shown(
    bundle: Bundle, verdict: Verdict, check: Check, answers: Sequence[tuple[str, HttpObservation]]
) -> ShownCheck:
    findings = [item for item in verdict.findings if (item.stage, item.check) == ("health", check.name)]
    outcome = worst(finding.outcome for finding in findings)
    bad_at_s = next((item.offset_s for item in findings if item.outcome is outcome), None)
    at_s = bad_at_s if bad_at_s is not None else 0.0
    # The newest of several attempts at that sample.
    pointer, observation = next((item for item in reversed(answers) if item[1].offset_s == at_s), ("", None))
    answer = observation.body if observation and observation.body else ""
    block, language = shown_body(answer) if answer and not check.writes else (None, "")
    return ShownCheck(
        title=check.title or check.name,
        block=block,
        language=language,
        status=_status(bundle, check, observation, outcome, findings) + _samples(findings),
        body=answer if check.writes and outcome is not Outcome.PASS else "",
        not_passed=lines(finding for finding in findings if finding.outcome is not Outcome.PASS),
        evidence=pointer,
    )


def _status(
    bundle: Bundle,
    check: Check,
    observation: HttpObservation | None,
    outcome: Outcome,
    findings: Sequence[Finding],
) -> str:
    if observation is None:
        return f"❔ UNKNOWN: {not_checked(bundle, 'health') or 'not checked'}"
    if observation.fault is not None:
        return f"{MARK[outcome]} {fault_text(observation.fault)}"
    if check.writes:
        return f"{MARK[outcome]} {_status_line(observation.status)}{_accepted(check, outcome, findings)}"
    pool = next((pool for pool in bundle.plan.pools if _is_told_by(pool, check)), None)
    return HEALTH_WORD[outcome] if pool is None else _pool_word(pool, observation, outcome)


def _samples(findings: Sequence[Finding]) -> str:
    """Describe in how many samples all was as expected; "" if there was only one."""
    by_sample: dict[float, list[Outcome]] = {}
    for finding in findings:
        if finding.offset_s is not None:
            by_sample.setdefault(finding.offset_s, []).append(finding.outcome)
    if len(by_sample) < 2:
        return ""
    good = sum(worst(outcomes) is Outcome.PASS for outcomes in by_sample.values())
    if good == len(by_sample):
        return f", in all {good} samples"
    first_s = min(at_s for at_s, outcomes in by_sample.items() if worst(outcomes) is not Outcome.PASS)
    return f" at {shown_offset(first_s)}; as expected in {good} of {len(by_sample)} samples"


def _is_told_by(pool: Pool, check: Check) -> bool:
    """Return whether the response to a check holds all of a pool's numbers."""
    same = (pool.host, pool.path) == (check.host, check.path)
    return pool.asks is None and not pool.other_paths and same


def _accepted(check: Check, outcome: Outcome, findings: Sequence[Finding]) -> str:
    """Return why a status like 403 is fine, in the plan's words."""
    actual = next((finding.actual for finding in findings if finding.rule == "accept"), "")
    reason = next((item.because for item in check.accept if item.because and item.because in actual), None)
    return f" (accepted: {reason})" if reason and outcome is Outcome.PASS else ""


def _status_line(status: int | None) -> str:
    """Write "200 OK" or "500 Internal Server Error"."""
    if status is None:
        return "no status"
    phrases = {known.value: known.phrase for known in HTTPStatus}
    return f"{status} {phrases.get(status, '')}".strip()


def _pool_word(pool: Pool, observation: HttpObservation, outcome: Outcome) -> str:
    reading = Reading(offset_s=observation.offset_s, status=observation.status, body=observation.body)
    level = level_of(pool, reading)
    if not isinstance(level, PoolLevel):
        return HEALTH_WORD[Outcome.FAIL if outcome is Outcome.FAIL else Outcome.INCONCLUSIVE]
    if level.used >= level.limit:
        return "❌ EXHAUSTED"
    if level.percent >= pool.critical:
        return "❌ NEARLY EXHAUSTED"
    return "⚠️ HIGH" if level.percent >= pool.attention else POOL_WORD[outcome]


def in_short(bundle: Bundle, verdict: Verdict, offset_s: float) -> tuple[Outcome, str]:
    """Return how many checks of one sample were answered, and the slowest response."""
    found = [item for _, item in readings_of(bundle, "health", HttpObservation) if item.offset_s == offset_s]
    answered = [item for item in found if item.fault is None]
    if not answered:
        return Outcome.INCONCLUSIVE, f"{counted(len(found), 'check')}, none answered"
    slowest = max(answered, key=lambda item: item.elapsed_ms or 0.0)
    took = f"{slowest.elapsed_ms or 0.0:.0f} ms"
    if len(found) == 1:
        return Outcome.PASS, f"{slowest.check} {slowest.status} in {took}"
    share = f"{len(answered)} of {counted(len(found), 'check')} answered"
    return Outcome.PASS, f"{share}, the slowest in {took} ({slowest.check})"
