"""The conclusion: plain sentences on what was done, found, and not known. Pure."""

from dataclasses import dataclass

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import all_sent
from deploy_verdict.evidence.measures import log_observation
from deploy_verdict.markup.labels import STATUS, counted, length_words, moment, planned_moment
from deploy_verdict.model import Finding, Outcome, Verdict, VerdictOutcome
from deploy_verdict.report.issues import Issues, first_reasons


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Two or three paragraphs of plain text, and the two last words."""

    paragraphs: tuple[str, ...]
    assessment: str
    ready: str


def conclusion(bundle: Bundle, verdict: Verdict, found: Issues) -> Conclusion:
    """Ready for normal operations is only what is stable."""
    paragraphs = (_done(bundle, verdict), why(verdict, found), _unseen(bundle, verdict))
    return Conclusion(
        paragraphs=paragraphs,
        assessment=STATUS[verdict.outcome],
        ready="YES" if verdict.outcome is VerdictOutcome.STABLE else "NO",
    )


def _done(bundle: Bundle, verdict: Verdict) -> str:
    window, coverage = bundle.window, verdict.coverage
    requests = sum(1 for _ in all_sent(bundle.loaded))
    text = (
        f"The service at {bundle.subject.target} was watched for {length_words(window.length_s)} from "
        f"{moment(window.t0)}: {coverage.taken} of {counted(coverage.planned, 'scheduled sample')} "
        f"taken, {counted(requests, 'request')} sent by this tool"
    )
    runs = len(bundle.of_stage("e2e"))
    text += f", the E2E suite run {counted(runs, 'time')}" if runs else ""
    log = log_observation(bundle)
    read = log.lines_in_window if log and log.fault is None else 0
    text += f", {counted(read, 'line')} of the backend's log reviewed" if read else ""
    passed = sum(finding.outcome is Outcome.PASS for finding in verdict.findings)
    return f"{text}. Of {counted(len(verdict.findings), 'finding')}, {passed:,} passed."


def short(verdict: Verdict, found: Issues) -> str:
    """The verdict's reason in two sentences, for the first lines."""
    if not found.issues:
        return why(verdict, found)
    first = found.issues[0]
    text = f"{counted(len(found.issues), 'issue')}; the worst is {first.severity}: {first.title}."
    if found.unknown_findings:
        text += f" {counted(found.unknown_findings, 'finding')} could not be decided."
    return text


def why(verdict: Verdict, found: Issues) -> str:
    """The reason of the verdict in one paragraph."""
    if not verdict.findings:
        return "Nothing was judged, so nothing is known: missing evidence is not good evidence."
    open_ = [finding for finding in verdict.findings if finding.outcome is Outcome.INCONCLUSIVE]
    text = _failed(found) if found.issues else ""
    if open_:
        text += _not_known(open_, also=bool(text))
    if text:
        return text
    met = sum(criterion.outcome is Outcome.PASS for criterion in verdict.criteria)
    criteria = f"; {met} of {len(verdict.criteria)} success criteria met" if verdict.criteria else ""
    return f"All checks passed at every scheduled sample{criteria}."


def _failed(found: Issues) -> str:
    first, *others = found.issues
    when = f" {first.lead.when}" if first.lead.when else ""
    text = (
        f"{counted(len(found.issues), 'issue')} {'was' if not others else 'were'} found. "
        f"{'The worst' if others else 'It'} is {first.severity}: {first.title}. "
        f"Expected: {first.lead.expectation}; found: {first.lead.actual}{when}. {first.impact}"
    )
    if others:
        text += " Also: " + "; ".join(f"{issue.title} ({issue.severity})" for issue in others[:3])
        text += f"; and {len(others) - 3} more." if len(others) > 3 else "."
    return text


def _not_known(open_: list[Finding], *, also: bool) -> str:
    number = counted(len(open_), "finding")
    start = f" Besides, {number}" if also else f"No check failed, but {number}"
    return (
        f"{start} could not be decided: {first_reasons(open_)}. "
        "What is not known is not counted as good, as a failure could hide there."
    )


def _unseen(bundle: Bundle, verdict: Verdict) -> str:
    review = planned_moment(bundle.window, bundle.plan.report.next_review)
    limits = " ".join(verdict.limits)
    text = f"What this window could not show: {limits} " if limits else ""
    step = {
        VerdictOutcome.STABLE: "Normal operations can go on",
        VerdictOutcome.ATTENTION: "Keep watching and take the actions above",
        VerdictOutcome.CRITICAL: "Take the immediate actions above now",
        VerdictOutcome.INCONCLUSIVE: "Find out what is not known before calling this deployment good",
    }[verdict.outcome]
    after = shown_duration(bundle.plan.report.next_review)
    return f"{text}{step}; the next review is at {review} ({after} after the deployment)."
