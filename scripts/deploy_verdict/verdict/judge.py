"""The judge: a bundle of evidence in, the verdict out. Pure, so that it can be judged again tomorrow.

Everything that the plan checks becomes a finding, found in the evidence or not: what is missing is
inconclusive with its reason. The worst finding is the verdict; no finding at all is inconclusive.
"""

from collections.abc import Sequence
from datetime import datetime

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import measure
from deploy_verdict.expect import worst
from deploy_verdict.model import (
    CriterionResult,
    Finding,
    Outcome,
    Severity,
    Verdict,
    VerdictOutcome,
)
from deploy_verdict.plan import Criterion
from deploy_verdict.plan.checks.references import refers
from deploy_verdict.stages.registry import STAGES, function
from deploy_verdict.verdict.actions.do_now import do_now
from deploy_verdict.verdict.causes.cause_words import root_causes
from deploy_verdict.verdict.causes.causes import causes
from deploy_verdict.verdict.coverage import covered, judge_coverage
from deploy_verdict.verdict.limits import limits

__all__ = ["judge", "outcome_of"]


def judge(bundle: Bundle, *, judged_at: datetime, tool_version: str, interrupted: bool = False) -> Verdict:
    """Judge everything that the plan checks, except stages that the operator left out."""
    coverage = covered(bundle)
    findings = tuple(_findings(bundle)) + tuple(judge_coverage(bundle, coverage))
    outcome, found = outcome_of(findings), causes(bundle, findings)
    return Verdict(
        subject=bundle.subject,
        window=bundle.window,
        plan_name=bundle.plan.name,
        plan_sha256=bundle.plan.sha256,
        tool_version=tool_version,
        judged_at=judged_at,
        outcome=outcome,
        findings=findings,
        criteria=tuple(_criterion(bundle, findings, criterion) for criterion in bundle.plan.criteria),
        coverage=coverage,
        left_out=bundle.left_out,
        interrupted=interrupted,
        ended=bundle.ended,
        limits=limits(bundle, findings),
        causes=root_causes(bundle, found),
        do_now=do_now(bundle, outcome, found, coverage, judged_at),
    )


def _findings(bundle: Bundle) -> list[Finding]:
    """Return the findings of every stage in the order of the registry; some are judged by those of others."""
    found: dict[str, list[Finding]] = {}
    for stage in sorted(STAGES, key=lambda stage: stage.judged_last):
        with_ = stage.judged_with
        is_judged = with_ in bundle.stages if with_ else stage.is_planned(bundle.plan)
        if stage.judge is not None and is_judged:
            before = [finding for findings in found.values() for finding in findings]
            found[stage.name] = list(function(stage.judge)(bundle, before))
    return [finding for stage in STAGES for finding in found.get(stage.name, ())]


def outcome_of(findings: Sequence[Finding]) -> VerdictOutcome:
    """Return the outcome of the worst finding; a fail without a severity counts as P1."""
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
    """Return a criterion with the worst of the findings it names; inconclusive if there are none."""
    named = [
        finding
        for finding in findings
        if any(refers(name, (finding.stage, finding.check, finding.rule)) for name in criterion.findings)
    ]
    return CriterionResult(
        name=criterion.name,
        target=criterion.target,
        actual=measure(bundle, findings, criterion.actual),
        outcome=worst(finding.outcome for finding in named),
        findings=len(named),
    )
