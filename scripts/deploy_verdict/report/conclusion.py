"""The conclusion: what was done, why the verdict is what it is, and what the window could not show. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_observation
from deploy_verdict.markup.labels import counted, length_words, moment
from deploy_verdict.model import Finding, Outcome, RootCause, Verdict, VerdictOutcome
from deploy_verdict.report.issues import Issues, first_reasons
from deploy_verdict.verdict.causes.cause_words import unknown_sentence

MOST_TOLD = 3


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Paragraphs of plain text, and the two closing lines."""

    paragraphs: tuple[str, ...]
    assessment: str
    ready: str


def conclusion(
    bundle: Bundle, verdict: Verdict, found: Issues, told: Sequence[RootCause], review: str
) -> Conclusion:
    """Write the conclusion; only a stable verdict is ready for normal operations."""
    paragraphs = (
        _done(bundle, verdict),
        why(bundle, verdict, found, told),
        _limits_and_next_step(verdict, review),
    )
    return Conclusion(
        paragraphs=paragraphs,
        assessment=verdict.outcome.shown,
        ready="YES" if verdict.outcome is VerdictOutcome.STABLE else "NO",
    )


def _done(bundle: Bundle, verdict: Verdict) -> str:
    window, coverage = bundle.window, verdict.coverage
    requests = sum(1 for _ in bundle.sent)
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
        f"deploy-verdict watched {bundle.subject.target} for {length_words(bundle.plan.window.end_s)} from "
        f"{moment(window.t0)}: {', '.join(filter(None, parts))}. "
        f"{passed:,} of {counted(len(verdict.findings), 'finding')} passed."
    )


def short(bundle: Bundle, verdict: Verdict, found: Issues, told: Sequence[RootCause]) -> str:
    """Return the verdict's reason for the first lines, in three sentences at most."""
    if not told:
        return why(bundle, verdict, found, told)
    failed = [cause for cause in told if cause.severity is not None]
    if not failed:
        others = f" {counted(len(told) - 1, 'other reason')} below." if len(told) > 1 else ""
        return f"No failure was observed, but not everything is known. {told[0].sentence}{others}"
    sentences = [failed[0].sentence]
    if len(failed) > 1:
        titles = "; ".join(f"{cause.title} ({cause.severity})" for cause in failed[1:3])
        more = f"; and {len(failed) - 3} more" if len(failed) > MOST_TOLD else ""
        sentences.append(f"{counted(len(failed) - 1, 'other cause')}: {titles}{more}.")
    if found.unknown_findings:
        sentences.append(no_answer(bundle, found))
    return " ".join(sentences)


def no_answer(bundle: Bundle, found: Issues) -> str:
    """Say how many checks are inconclusive because of the failures, and why the first of the others is."""
    because = found.unknown_findings - found.unexplained
    this = "this" if len(found.issues) == 1 else "these"
    text = f"{counted(because, 'check')} {'has' if because == 1 else 'have'} no answer because of {this}."
    if not found.unexplained:
        return text
    first, *others = found.causes.unknown
    more = f" {counted(len(others), 'other reason')} below." if others else ""
    told = f"{unknown_sentence(bundle, first)}{more}"
    return f"{text} Besides: {told[:1].lower()}{told[1:]}" if because else told


def why(bundle: Bundle, verdict: Verdict, found: Issues, told: Sequence[RootCause]) -> str:
    """Return the verdict's reason in one paragraph."""
    if not verdict.findings:
        return "Nothing was judged, so nothing is known: missing evidence does not count as good."
    open_ = [finding for finding in verdict.findings if finding.outcome is Outcome.INCONCLUSIVE]
    if found.issues:
        return f"{short(bundle, verdict, found, told)} {found.issues[0].impact}"
    if open_:
        return _inconclusive(open_)
    met = sum(criterion.outcome is Outcome.PASS for criterion in verdict.criteria)
    criteria = (
        f"; {met} of {counted(len(verdict.criteria), 'success criterion')} met" if verdict.criteria else ""
    )
    return f"All checks passed at every scheduled sample{criteria}."


def _inconclusive(open_: list[Finding]) -> str:
    return (
        f"No failure was observed, but {counted(len(open_), 'finding', 'is')} inconclusive: "
        f"{first_reasons(open_)}. "
        "Inconclusive does not count as good: a failure could hide there."
    )


def _limits_and_next_step(verdict: Verdict, review: str) -> str:
    limits = f"What this window could not show: {' '.join(verdict.limits)} " if verdict.limits else ""
    step = {
        VerdictOutcome.STABLE: "Normal operations can continue",
        VerdictOutcome.ATTENTION: "Keep watching and take the actions above",
        VerdictOutcome.CRITICAL: "Take the immediate actions above now",
        VerdictOutcome.INCONCLUSIVE: "Resolve the inconclusive findings before calling this deployment good",
    }[verdict.outcome]
    return f"{limits}{step}; next review {review}."
