"""The section on the deployment itself: what the platform says, and which claims are shown. Pure."""

from dataclasses import dataclass

from deploy_verdict.bundle import Bundle
from deploy_verdict.expect import worst
from deploy_verdict.model import Outcome, Verdict
from deploy_verdict.plan import Claim
from deploy_verdict.report.lines import Line, lines
from deploy_verdict.report.words import MARK, counted, not_checked


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit of the plan and what shows that it is live."""

    commit: str
    title: str
    shown: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is known of the deployment; `reason` says why timestamp and build status are not."""

    reason: str
    subject: tuple[tuple[str, str], ...]
    commits: tuple[Commit, ...]
    lines: tuple[Line, ...]


def deployment(bundle: Bundle, verdict: Verdict) -> Deployment:
    """There is no platform evidence yet, so this never claims a build status."""
    subject = {"Commit under watch": bundle.subject.commit, "Deployment": bundle.subject.deployment}
    return Deployment(
        reason=not_checked(bundle, "deployment") or "not checked: the evidence does not tell it",
        subject=tuple((name, value) for name, value in subject.items() if value),
        commits=tuple(_commit(bundle, verdict, claim) for claim in bundle.plan.claims),
        lines=lines(finding for finding in verdict.findings if finding.stage == "deployment"),
    )


def _commit(bundle: Bundle, verdict: Verdict, claim: Claim) -> Commit:
    return Commit(commit=claim.commit, title=claim.title, shown=_shown(bundle, verdict, claim.shown_by))


def _shown(bundle: Bundle, verdict: Verdict, name: str | None) -> str:
    if name is None:
        return "the plan names nothing that shows it"
    stage, _, check = name.partition("/")
    mine = [finding for finding in verdict.findings if (finding.stage, finding.check) == (stage, check)]
    if not mine:
        reason = not_checked(bundle, stage) or "not checked: there is no finding"
        return f"❔ `{name}`: {reason}"
    outcome = worst(finding.outcome for finding in mine)
    bad = [finding for finding in mine if finding.outcome is outcome]
    words = {
        Outcome.PASS: f"shown by {counted(len(mine), 'finding')} of `{name}`",
        Outcome.FAIL: f"`{name}` fails: {bad[0].expectation}, found {bad[0].actual}",
        Outcome.INCONCLUSIVE: f"`{name}` is not known: {bad[0].actual}",
    }
    return f"{MARK[outcome]} {words[outcome]}"
