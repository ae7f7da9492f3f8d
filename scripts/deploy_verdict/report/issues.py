"""The report's issues, worst first, and what is inconclusive. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import listed, name_of, worst_severity
from deploy_verdict.markup.lines import Line, lines, lines_by_reason
from deploy_verdict.model import Finding, Outcome, Severity, Verdict
from deploy_verdict.plan.checks.references import refers
from deploy_verdict.verdict.causes.cause import Cause
from deploy_verdict.verdict.causes.cause_words import words_of
from deploy_verdict.verdict.causes.causes import Causes, causes

MAX_UNKNOWN = 25
MAX_POINTERS = 4
IMPACT = {
    Severity.P0: "Production is broken for its users while this lasts.",
    Severity.P1: "The fix does not hold; production is at risk.",
    Severity.P2: "Production works, but investigate this before it grows.",
}


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One root cause: its leading finding as the description, and where else it shows.

    `doubts` are readings of the plan that other findings contradict; `following` counts the findings that are
    inconclusive because of it.
    """

    title: str
    proof: str
    severity: Severity
    lead: Line
    also: tuple[Line, ...]
    impact: str
    doubts: tuple[str, ...]
    following: int
    evidence: tuple[str, ...]
    more_evidence: int


@dataclass(frozen=True, kw_only=True)
class Issues:
    """All issues; the inconclusive findings that follow from none of them, and how many are not shown."""

    causes: Causes
    issues: tuple[Issue, ...]
    unknown: tuple[Line, ...]
    unknown_hidden: int
    unknown_findings: int
    unexplained: int
    judged: int


def issues(bundle: Bundle, verdict: Verdict) -> Issues:
    """Return the issues; a long inconclusive list is cut, and says by how much."""
    open_ = [finding for finding in verdict.findings if finding.outcome is Outcome.INCONCLUSIVE]
    found = causes(bundle, verdict.findings)
    unknown = lines_by_reason(finding for cause in found.unknown for finding in cause.unknown)
    return Issues(
        causes=found,
        issues=tuple(_issue(bundle, found, cause) for cause in found.failed),
        unknown=unknown[:MAX_UNKNOWN],
        unknown_hidden=max(0, len(unknown) - MAX_UNKNOWN),
        unknown_findings=len(open_),
        unexplained=sum(len(cause.unknown) for cause in found.unknown),
        judged=len(verdict.findings),
    )


def _issue(bundle: Bundle, found: Causes, cause: Cause) -> Issue:
    first, *also = lines(cause.findings)
    pointers = list(dict.fromkeys(item.evidence for item in cause.findings if item.evidence))
    title, proof = words_of(bundle, found.bad, cause)
    return Issue(
        title=title,
        proof=proof,
        severity=cause.severity or worst_severity(cause.findings),
        lead=first,
        also=tuple(also),
        impact=_impact(bundle, cause),
        doubts=tuple(cause.doubts),
        following=len(cause.unknown),
        evidence=tuple(pointers[:MAX_POINTERS]),
        more_evidence=max(0, len(pointers) - MAX_POINTERS),
    )


def _impact(bundle: Bundle, cause: Cause) -> str:
    """Say what the severity means, and which criteria fail because of the cause."""
    names = [
        criterion.name
        for criterion in bundle.plan.criteria
        if any(
            refers(reference, (finding.stage, finding.check, finding.rule))
            for reference in criterion.findings
            for finding in cause.findings
        )
    ]
    impact = IMPACT[cause.severity or worst_severity(cause.findings)]
    return f"{impact} Criteria not met because of it: {listed(names)}." if names else impact


def first_reasons(findings: Sequence[Finding], limit: int = 3) -> str:
    """Return the first findings with what was found, for a paragraph."""
    reasons = [f"{name_of(item)} ({item.actual})" for item in findings]
    return listed(list(dict.fromkeys(reasons)), limit)
