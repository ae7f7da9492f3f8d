"""The health checks at T+0. Pure.

A check that reads (GET, HEAD) shows its whole answer as a block and a word for it; a check that asks
the same address as a pool is told in the pool's words. A check that writes is one line with its status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.pool_samples import PoolLevel, level_of
from deploy_verdict.expect import told_fault, worst
from deploy_verdict.markup.labels import MARK, not_checked
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
    """Every health check of the plan, in its order."""
    seen = _seen(bundle)
    return tuple(_shown(bundle, verdict, check, seen.get(check.name)) for check in bundle.plan.health)


_Seen = tuple[str, HttpObservation]


def _seen(bundle: Bundle) -> dict[str, _Seen]:
    """The newest attempt's answer to each check."""
    seen: dict[str, _Seen] = {}
    for item in bundle.of_stage("health"):
        for index, observation in enumerate(item.evidence.observations):
            if isinstance(observation, HttpObservation):
                seen[observation.check] = f"{item.name}#/observations/{index}", observation
    return seen


def _shown(bundle: Bundle, verdict: Verdict, check: Check, seen: _Seen | None) -> ShownCheck:
    mine = [item for item in verdict.findings if (item.stage, item.check) == ("health", check.name)]
    outcome = worst(finding.outcome for finding in mine)
    pointer, observation = seen or ("", None)
    answer = observation.body if observation and observation.body else ""
    block, language = shown_body(answer) if answer and not check.writes else (None, "")
    return ShownCheck(
        title=check.title or check.name,
        block=block,
        language=language,
        status=_status(bundle, check, observation, outcome, mine),
        body=answer if check.writes and outcome is not Outcome.PASS else "",
        not_passed=lines(finding for finding in mine if finding.outcome is not Outcome.PASS),
        evidence=pointer,
    )


def _status(
    bundle: Bundle,
    check: Check,
    observation: HttpObservation | None,
    outcome: Outcome,
    mine: Sequence[Finding],
) -> str:
    if observation is None:
        return f"❔ UNKNOWN: {not_checked(bundle, 'health') or 'it was not asked'}"
    if observation.fault is not None:
        return f"{MARK[outcome]} {told_fault(observation.fault)}"
    if check.writes:
        return f"{MARK[outcome]} {_status_line(observation.status)}{_accepted(check, outcome, mine)}"
    pool = next((pool for pool in bundle.plan.pools if pool.path == check.path), None)
    return HEALTH_WORD[outcome] if pool is None else _pool_word(pool, observation, outcome)


def _accepted(check: Check, outcome: Outcome, mine: Sequence[Finding]) -> str:
    """Why an answer like 403 is good, in the plan's words."""
    told = next((finding.actual for finding in mine if finding.rule == "accept"), "")
    reason = next((item.because for item in check.accept if item.because and item.because in told), None)
    return f" (accepted: {reason})" if reason and outcome is Outcome.PASS else ""


def _status_line(status: int | None) -> str:
    """ "200 OK", "500 Internal Server Error"."""
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
