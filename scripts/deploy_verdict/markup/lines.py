"""Findings as lines of a list; equal findings of several samples share a line. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deploy_verdict.base.units import shown_offset
from deploy_verdict.markup.labels import MARK, SEVERITIES, name_of, severity_of
from deploy_verdict.model import Finding, Outcome


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: what was expected and what was found, how often, and a pointer into the evidence."""

    mark: str
    name: str
    expectation: str
    actual: str
    because: str
    remedy: str
    severity: str
    when: str
    evidence: str


def lines(findings: Iterable[Finding]) -> tuple[Line, ...]:
    """Return one line for each rule and outcome; the worst and earliest finding stands for the others."""
    return _grouped(findings, lambda finding: (name_of(finding), finding.outcome))


def lines_by_reason(findings: Iterable[Finding]) -> tuple[Line, ...]:
    """Return one line for each check and reason, as many inconclusive rules share a reason."""
    return _grouped(findings, lambda finding: (finding.stage, finding.check, finding.actual))


def _grouped(findings: Iterable[Finding], key: Callable[[Finding], object]) -> tuple[Line, ...]:
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)
    return tuple(_line(group) for group in groups.values())


def _line(group: list[Finding]) -> Line:
    first = min(group, key=_rank)
    rules = dict.fromkeys(finding.rule for finding in group)
    name = name_of(first)
    if len(rules) > 1:
        name += f" and {len(rules) - 1} more of its rules"
    return Line(
        mark=MARK[first.outcome],
        name=name,
        expectation=first.expectation,
        actual=first.actual,
        because=first.because or "",
        remedy=first.remedy or "",
        severity=severity_of(first).value if first.outcome is Outcome.FAIL else "",
        when=_when(group),
        evidence=next((finding.evidence for finding in (first, *group) if finding.evidence), ""),
    )


def _rank(finding: Finding) -> tuple[int, float]:
    severity = SEVERITIES.index(severity_of(finding)) if finding.outcome is Outcome.FAIL else 9
    return severity, finding.offset_s or 0.0


def _when(group: list[Finding]) -> str:
    """Say the offset of one finding, or the number, first and last of several."""
    offsets = sorted({finding.offset_s for finding in group if finding.offset_s is not None})
    if not offsets:
        return ""
    if len(offsets) == 1:
        return f"at {shown_offset(offsets[0])}"
    return f"{len(offsets)} times, {shown_offset(offsets[0])} to {shown_offset(offsets[-1])}"
