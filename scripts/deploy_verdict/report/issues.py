"""The issues of the report, worst first, and what is inconclusive. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import SEVERITIES, listed, name_of, sentence, severity_of, worst_severity
from deploy_verdict.markup.lines import Line, lines, lines_by_reason
from deploy_verdict.model import Finding, Outcome, Severity, Verdict
from deploy_verdict.plan.references import refers
from deploy_verdict.report.causes import SILENCE, Group, grouped
from deploy_verdict.stages.registry import lead_rank, naming_rules

MAX_UNKNOWN = 25
MAX_POINTERS = 4
IMPACT = {
    Severity.P0: "Production is broken for its users while this lasts.",
    Severity.P1: "The fix does not hold; production is at risk.",
    Severity.P2: "Production works, but investigate this before it grows.",
}
_POOL_RULES = ("exhaustion", "server", "samples", "band", "growth", "stability", "gauge")


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One root cause: its leading finding as the description, and where else it shows."""

    title: str
    severity: Severity
    lead: Line
    also: tuple[Line, ...]
    impact: str
    evidence: tuple[str, ...]
    more_evidence: int


@dataclass(frozen=True, kw_only=True)
class Issues:
    """All issues, all that is inconclusive, and how much of that is not shown."""

    issues: tuple[Issue, ...]
    unknown: tuple[Line, ...]
    unknown_hidden: int
    unknown_findings: int
    judged: int


def issues(bundle: Bundle, verdict: Verdict) -> Issues:
    """Nothing is dropped: a long list of what is inconclusive is cut, and says how much is missing."""
    failed = [finding for finding in verdict.findings if finding.outcome is Outcome.FAIL]
    open_ = [finding for finding in verdict.findings if finding.outcome is Outcome.INCONCLUSIVE]
    unknown = lines_by_reason(open_)
    return Issues(
        issues=tuple(_issue(bundle, group) for group in grouped(bundle, failed)),
        unknown=unknown[:MAX_UNKNOWN],
        unknown_hidden=max(0, len(unknown) - MAX_UNKNOWN),
        unknown_findings=len(open_),
        judged=len(verdict.findings),
    )


def _issue(bundle: Bundle, group: Group) -> Issue:
    ordered = sorted(group.findings, key=_rank)
    first, *also = lines(ordered)
    pointers = list(dict.fromkeys(item.evidence for item in ordered if item.evidence))
    return Issue(
        title=_title(bundle, group, ordered),
        severity=worst_severity(ordered),
        lead=first,
        also=tuple(also),
        impact=_impact(bundle, ordered),
        evidence=tuple(pointers[:MAX_POINTERS]),
        more_evidence=max(0, len(pointers) - MAX_POINTERS),
    )


def _rank(finding: Finding) -> tuple[int, int, int, float]:
    """The worst first; of those, the check that was written for it before the rules over everything."""
    stage = lead_rank(finding.stage)
    rule = _POOL_RULES.index(finding.rule) if finding.rule in _POOL_RULES else 0
    return SEVERITIES.index(severity_of(finding)), stage, rule, finding.offset_s or 0.0


def _title(bundle: Bundle, group: Group, ordered: Sequence[Finding]) -> str:
    lead = ordered[0]
    if group.key == SILENCE:
        return "The service did not answer"
    if lead.stage == "e2e" and group.key[0] != "because":
        return f"E2E {lead.check} fails"
    pool = next((pool for pool in bundle.plan.pools if pool.name == lead.check), None)
    # What a check expects of a pool's readings is called after the check.
    if group.key[0] == "pool" and pool is not None:
        return f"{pool.title or pool.name} pool: {lead.because or lead.expectation}"
    if group.key[0] != "because":
        return f"{_check_title(bundle, lead)}: {lead.expectation}"
    # A rule's reason ("this was the crisis") says little without the rule's name.
    rules_only = {finding.stage for finding in ordered} <= naming_rules()
    return f"{sentence(lead.check)}: {lead.because}" if rules_only else sentence(lead.because or lead.check)


def _check_title(bundle: Bundle, finding: Finding) -> str:
    titles = {check.name: check.title or check.name for check in bundle.plan.health}
    return titles.get(finding.check, finding.check)


def _impact(bundle: Bundle, findings: Sequence[Finding]) -> str:
    """What the severity means, and the criteria that fail by it."""
    names = [
        criterion.name
        for criterion in bundle.plan.criteria
        if any(
            refers(reference, (finding.stage, finding.check, finding.rule))
            for reference in criterion.findings
            for finding in findings
        )
    ]
    impact = IMPACT[worst_severity(findings)]
    return f"{impact} Criteria not met because of it: {listed(names)}." if names else impact


def first_reasons(findings: Sequence[Finding], limit: int = 3) -> str:
    """The first findings with what was found, for a paragraph."""
    reasons = [f"{name_of(item)} ({item.actual})" for item in findings]
    return listed(list(dict.fromkeys(reasons)), limit)
