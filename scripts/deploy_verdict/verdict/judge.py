"""The judge: a bundle of evidence in, the verdict out. Pure, so that it can be asked again tomorrow.

Everything the plan asks for becomes a finding, found in the evidence or not: what is missing is
inconclusive with its reason. The worst finding is the verdict; no finding at all is inconclusive.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_before, log_readings, measure
from deploy_verdict.expect import worst
from deploy_verdict.model import (
    CriterionResult,
    Finding,
    LogObservation,
    Outcome,
    Severity,
    Verdict,
    VerdictOutcome,
)
from deploy_verdict.model.window import wall_end
from deploy_verdict.plan import Criterion, Logs
from deploy_verdict.plan.references import refers
from deploy_verdict.stages.claims.judge import judge_claims
from deploy_verdict.stages.deployment.judge import judge_deployment
from deploy_verdict.stages.e2e.judge import judge_e2e
from deploy_verdict.stages.exposure.judge import judge_exposure
from deploy_verdict.stages.health.judge import judge_beside, judge_health
from deploy_verdict.stages.logs.judge import judge_logs
from deploy_verdict.stages.metrics.judge import judge_metrics
from deploy_verdict.stages.pools.judge import judge_pools
from deploy_verdict.stages.traffic.judge import judge_traffic, own_answered
from deploy_verdict.stages.writes.judge import judge_ledger
from deploy_verdict.verdict.coverage import covered, hole_in, judge_coverage
from deploy_verdict.verdict.limits import limits
from deploy_verdict.verdict.never_and_times import judge_never, judge_response_times

__all__ = ["judge", "outcome_of"]

# Log times are often cut to whole seconds, and the reading begins when the last look ends.
CUT_TIMES = timedelta(seconds=1)


def judge(bundle: Bundle, *, judged_at: datetime, tool_version: str, interrupted: bool = False) -> Verdict:
    """Judge everything that the plan asks for, except the stages that were left out by choice."""
    coverage = covered(bundle)
    findings = tuple(_findings(bundle, hole_in(coverage))) + tuple(judge_coverage(bundle, coverage))
    return Verdict(
        subject=bundle.subject,
        window=bundle.window,
        plan_name=bundle.plan.name,
        plan_sha256=bundle.plan.sha256,
        tool_version=tool_version,
        judged_at=judged_at,
        outcome=outcome_of(findings),
        findings=findings,
        criteria=tuple(_criterion(bundle, findings, criterion) for criterion in bundle.plan.criteria),
        coverage=coverage,
        left_out=bundle.left_out,
        interrupted=interrupted,
        ended=bundle.ended,
        limits=limits(bundle, findings),
    )


def _findings(bundle: Bundle, hole: str | None) -> list[Finding]:
    findings: list[Finding] = []
    plan = bundle.plan
    if "health" in bundle.stages:
        findings += judge_health(bundle)
    if "e2e" in bundle.stages:
        findings += judge_e2e(plan, [(item.name, item.evidence) for item in bundle.of_stage("e2e")])
    if "pools" in bundle.stages:
        findings += judge_pools(bundle)
        findings += judge_beside(bundle)
    if "logs" in bundle.stages and plan.logs is not None:
        findings += _logs(bundle, plan.logs)
    if "traffic" in bundle.stages:
        findings += judge_traffic(bundle)
    if "metrics" in bundle.stages:
        findings += judge_metrics(bundle)
    if "health" in bundle.stages:
        findings += judge_claims(bundle, findings)
    findings += judge_never(bundle, hole)
    findings += judge_response_times(bundle, hole)
    findings += judge_exposure(bundle, findings)
    findings += judge_ledger(bundle)
    if "deployment" in bundle.stages:
        findings = [*judge_deployment(bundle, findings), *findings]
    return findings


def _logs(bundle: Bundle, logs: Logs) -> list[Finding]:
    """Every reading of the log: what any of them failed on stays, as a log can be cut in between."""
    covers = bundle.window.t0, wall_end(bundle.window) - CUT_TIMES
    speed = bundle.window.speed
    taken: list[tuple[LogObservation | None, str | None]] = [*log_readings(bundle)]
    before = log_before(bundle)
    readings = [
        judge_logs(
            logs,
            observation,
            evidence=pointer,
            speed=speed,
            covers=covers,
            own_requests=own_answered(bundle),
            before=before,
        )
        for observation, pointer in taken or [(None, None)]
    ]
    # Not every reading can tell what is new.
    found: dict[tuple[str, str], Finding] = {}
    for item in (item for reading in readings for item in reading):
        known = found.get((item.check, item.rule))
        if known is None or known.outcome is not Outcome.FAIL:
            found[item.check, item.rule] = item
    return list(found.values())


def outcome_of(findings: Sequence[Finding]) -> VerdictOutcome:
    """The worst of all findings; a fail without a severity counts as P1."""
    if not findings:
        return VerdictOutcome.INCONCLUSIVE
    failed = [finding.severity or Severity.P1 for finding in findings if finding.outcome is Outcome.FAIL]
    if any(severity in (Severity.P0, Severity.P1) for severity in failed):
        return VerdictOutcome.CRITICAL
    if failed:
        return VerdictOutcome.ATTENTION
    if any(finding.outcome is not Outcome.PASS for finding in findings):
        return VerdictOutcome.INCONCLUSIVE
    return VerdictOutcome.STABLE


def _criterion(bundle: Bundle, findings: Sequence[Finding], criterion: Criterion) -> CriterionResult:
    """A criterion is the worst of the findings that it names; one that finds none is inconclusive."""
    mine = [
        finding
        for finding in findings
        if any(refers(name, (finding.stage, finding.check, finding.rule)) for name in criterion.findings)
    ]
    return CriterionResult(
        name=criterion.name,
        target=criterion.target,
        actual=measure(bundle, findings, criterion.actual),
        outcome=worst(finding.outcome for finding in mine),
        findings=len(mine),
    )
