"""The conclusion: what was done, why the verdict is what it is, and what the window could not show. Pure."""

from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import all_sent
from deploy_verdict.evidence.measures import log_observation
from deploy_verdict.markup.labels import counted, length_words, moment, planned_moment
from deploy_verdict.model import Finding, Outcome, Verdict, VerdictOutcome
from deploy_verdict.report.issues import Issues, first_reasons


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Paragraphs of plain text, and the two closing lines."""

    paragraphs: tuple[str, ...]
    assessment: str
    ready: str


def conclusion(bundle: Bundle, verdict: Verdict, found: Issues) -> Conclusion:
    """Only a stable verdict is ready for normal operations."""
    paragraphs = (_done(bundle, verdict), why(verdict, found), _limits_and_next_step(bundle, verdict))
    return Conclusion(
        paragraphs=paragraphs,
        assessment=verdict.outcome.shown,
        ready="YES" if verdict.outcome is VerdictOutcome.STABLE else "NO",
    )


def _done(bundle: Bundle, verdict: Verdict) -> str:
    window, coverage = bundle.window, verdict.coverage
    requests = sum(1 for _ in all_sent(bundle.loaded))
    runs = len(bundle.of_stage("e2e"))
    log = log_observation(bundle)
    read = log.lines_in_window if log and log.fault is None else 0
    parts = [
        f"{coverage.taken:,} of {counted(coverage.planned, 'scheduled sample')} taken",
        f"{counted(requests, 'request')} sent",
        f"{counted(runs, 'E2E suite run')}" if runs else "",
        f"{counted(read, 'line')} of the backend log reviewed" if read else "",
    ]
    passed = sum(finding.outcome is Outcome.PASS for finding in verdict.findings)
    return (
        f"deploy-verdict watched {bundle.subject.target} for {length_words(window.length_s)} from "
        f"{moment(window.t0)}: {', '.join(filter(None, parts))}. "
        f"{passed:,} of {counted(len(verdict.findings), 'finding')} passed."
    )


def short(verdict: Verdict, found: Issues) -> str:
    """The verdict's reason in two sentences, for the first lines."""
    if not found.issues:
        return why(verdict, found)
    text = _worst(found)
    if found.unknown_findings:
        text += f" {counted(found.unknown_findings, 'finding', 'is')} inconclusive."
    return text


def _worst(found: Issues) -> str:
    first, *others = found.issues
    worst = "the worst " if others else ""
    return f"{counted(len(found.issues), 'issue')} found, {worst}{first.severity}: {first.title}."


def why(verdict: Verdict, found: Issues) -> str:
    """The reason of the verdict in one paragraph."""
    if not verdict.findings:
        return "Nothing was judged, so nothing is known: missing evidence does not count as good."
    open_ = [finding for finding in verdict.findings if finding.outcome is Outcome.INCONCLUSIVE]
    reasons = [_failed(found)] if found.issues else []
    reasons += [_inconclusive(open_, also=bool(reasons))] if open_ else []
    if reasons:
        return " ".join(reasons)
    met = sum(criterion.outcome is Outcome.PASS for criterion in verdict.criteria)
    criteria = (
        f"; {met} of {counted(len(verdict.criteria), 'success criterion')} met" if verdict.criteria else ""
    )
    return f"All checks passed at every scheduled sample{criteria}."


def _failed(found: Issues) -> str:
    first, *others = found.issues
    when = f" {first.lead.when}" if first.lead.when and first.lead.when not in first.lead.actual else ""
    text = f"{_worst(found)} Expected: {first.lead.expectation}; found: {first.lead.actual}{when}."
    text += f" {first.impact}"
    if others:
        text += " Also: " + "; ".join(f"{issue.title} ({issue.severity})" for issue in others[:3])
        text += f"; and {len(others) - 3} more." if len(others) > 3 else "."
    return text


def _inconclusive(open_: list[Finding], *, also: bool) -> str:
    start = "Also," if also else "No failure was observed, but"
    return (
        f"{start} {counted(len(open_), 'finding', 'is')} inconclusive: {first_reasons(open_)}. "
        "Inconclusive does not count as good: a failure could hide there."
    )


def _limits_and_next_step(bundle: Bundle, verdict: Verdict) -> str:
    review = planned_moment(bundle.window, bundle.plan.report.next_review)
    limits = f"What this window could not show: {' '.join(verdict.limits)} " if verdict.limits else ""
    step = {
        VerdictOutcome.STABLE: "Normal operations can continue",
        VerdictOutcome.ATTENTION: "Keep watching and take the actions above",
        VerdictOutcome.CRITICAL: "Take the immediate actions above now",
        VerdictOutcome.INCONCLUSIVE: "Resolve the inconclusive findings before calling this deployment good",
    }[verdict.outcome]
    after = shown_duration(bundle.plan.report.next_review)
    return f"{limits}{step}; next review at {review} ({after} after the deployment)."
