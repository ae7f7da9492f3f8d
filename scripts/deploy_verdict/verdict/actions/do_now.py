"""What to do now: one to three actions in order, each with its command, none contradicting another. Pure.

Only a CRITICAL verdict asks for a rollback, and only if that changes what is broken: if the deployment was
never live, the previous one still serves. For an inconclusive finding, the action is what lets the next
window tell.
"""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples
from deploy_verdict.markup.labels import counted, listed, moment
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.model import (
    Coverage,
    Finding,
    LedgerObservation,
    NextAction,
    Severity,
    VerdictOutcome,
    WindowFrame,
)
from deploy_verdict.plan.checks.references import PRE_CHECK, SUITE
from deploy_verdict.stages.deployment.report import readiness_of
from deploy_verdict.stages.deployment.rollback_policy import Readiness
from deploy_verdict.stages.deployment.state import short
from deploy_verdict.stages.registry import by_hand
from deploy_verdict.stages.writes.open_entries import unsettled
from deploy_verdict.verdict.actions.first_aid import first_aid, missing_fix
from deploy_verdict.verdict.causes.cause import PLATFORM, Cause, is_down
from deploy_verdict.verdict.causes.cause_words import gone_wrong
from deploy_verdict.verdict.causes.causes import Causes

MOST = 3
DOWN_AGAIN_S, CRITICAL_AGAIN_S = 900.0, 3600.0
DIRECTORY = "DIR"
_DIRECTORY = re.compile(rf"(?<=\s){DIRECTORY}\b")
_NONE_BEFORE = re.compile(r"before the deployment (?P<none>0 of \d[\d,]*)\b")
_REPLACED_BY = re.compile(r"replaced by deployment (?P<id>\w+)(?: of commit (?P<commit>[0-9a-f]{7,40}))?")
ROLL_BACK = f"deploy-verdict rollback --out {DIRECTORY} --rollback"


def do_now(
    bundle: Bundle, outcome: VerdictOutcome, found: Causes, coverage: Coverage, now: datetime
) -> tuple[NextAction, ...]:
    """Return the actions for a verdict that is not STABLE. DIR in a command is the window's directory."""
    if outcome is VerdictOutcome.STABLE:
        return ()
    if not found.failed:
        return tuple(_to_know(bundle, found, coverage))[:MOST]
    cause = found.failed[0]
    # Nobody restores test data while the service is down.
    restore = () if cause.is_total or (cause.key == PLATFORM and is_down(cause)) else tuple(_restore(bundle))
    actions = [*_against(bundle, outcome, found, now), *restore, _look(), *_whom(bundle, cause)]
    return tuple({action.text: action for action in actions}.values())[:MOST]


def in_directory(actions: Iterable[NextAction], out: str) -> tuple[NextAction, ...]:
    """Return the actions with the run's own path in their commands, as the user gave it."""
    place = shlex.quote(out)
    return tuple(
        action.model_copy(update={"command": _DIRECTORY.sub(lambda _: place, action.command)})
        if action.command
        else action
        for action in actions
    )


def where_words(actions: Iterable[NextAction]) -> str:
    """Return what DIR stands for, if a command has it; else ""."""
    has_it = any(action.command and _DIRECTORY.search(action.command) for action in actions)
    return f"{DIRECTORY}: this run's directory, or its artifact unpacked." if has_it else ""


def _against(bundle: Bundle, outcome: VerdictOutcome, found: Causes, now: datetime) -> Iterator[NextAction]:
    """Yield the cure first, if the evidence shows one; then a rollback, if that may help."""
    cause = found.failed[0]
    cures = [NextAction(text=text) for text in first_aid(bundle, found)]
    yield from cures
    if outcome is not VerdictOutcome.CRITICAL:
        if not cures:
            yield NextAction(text=_before_it_grows(cause))
        return
    ready = readiness_of(bundle, now)
    if missing_fix(bundle, cause) and ready.serving is None and ready.recommended is None:
        yield NextAction(
            text="If older code still answers after that, look at what the platform built: its branch, its "
            "Dockerfile, its build log. A rollback does not bring a fix that is missing"
        )
        return
    if "deployment" not in bundle.stages:
        yield NextAction(
            text="Roll back by hand, or deploy a fix: the plan names no platform that this tool could ask"
        )
        return
    if ready.serving is not None:
        serving = f"deployment {short(ready.serving.id)} of commit {short(ready.serving.commit)}"
        yield _deploy_again(bundle, serving)
    elif cause.key == PLATFORM and "still serves" in cause.lead.actual:
        yield _deploy_again(bundle, "what was live before")
    elif (cause.lead.stage, cause.lead.check) == ("claims", "previous"):
        return
    else:
        yield _back_or_forward(bundle, ready, cause)


def _deploy_again(bundle: Bundle, serving: str) -> NextAction:
    error = gone_wrong(bundle)
    correct = f"correct what failed (“{one_line(error[1], 120)}”)" if error else "correct what failed"
    return NextAction(text=f"Not urgent: {serving} still serves, so no rollback; {correct}, and deploy again")


def _back_or_forward(bundle: Bundle, ready: Readiness, cause: Cause) -> NextAction:
    target = ready.recommended
    if target is None:
        if ready.unknown:
            return NextAction(
                text=f"Roll back by hand, or deploy a fix: no target is known ({ready.unknown})"
            )
        if not ready.unproven:
            return NextAction(text="Deploy a fix: no earlier deployment can be rolled back to")
        return _back_to_unproven(bundle, ready, cause)
    judged = f"judged STABLE on {moment(target.judged.judged_at)}" if target.judged else "judged STABLE"
    kept = f", image kept until {moment(target.kept_until[0])}" if target.kept_until else ""
    lost = listed([short(item.commit) for item in ready.commits_lost], 3)
    takes = f"; it takes back {lost}" if lost else ""
    approve = " by approving this run's rollback job, or" if bundle.plan.escalation.rollback else ""
    named = f"{short(target.deployment.id)} of commit {short(target.deployment.commit)}"
    return NextAction(
        text=f"Roll back to {named} ({judged}{kept}){takes}:{approve} by this command", command=ROLL_BACK
    )


def _back_to_unproven(bundle: Bundle, ready: Readiness, cause: Cause) -> NextAction:
    """Return a rollback to the previous deployment, of which the evidence says only that it was live."""
    before = ready.unproven[0].deployment
    subject = deployed(deployment_samples(bundle))
    is_next = ready.candidates[0].deployment.id == before.id
    replaced_at = subject.created_at if subject is not None and is_next else None
    until = f"live until about {replaced_at.astimezone(UTC):%H:%M} UTC; " if replaced_at else ""
    known = f"{until}this tool has not watched it"
    free = _NONE_BEFORE.search(" ".join(item.actual for item in cause.findings)) if is_next else None
    if free is not None:
        known = f"{until}in the hour before this deployment, {free['none']} requests had this error"
    return NextAction(
        text=f"Roll back to {short(before.id)} ({known}), or deploy a fix",
        command=f"{ROLL_BACK} --to {before.id}",
    )


def _look() -> NextAction:
    """Return the action for whoever fixes it."""
    return NextAction(text="Details for whoever fixes it", command=f"deploy-verdict explain {DIRECTORY}")


def _before_it_grows(cause: Cause) -> str:
    if cause.kind == "slow":
        return "No hurry: look at the slow answers in the service's log before they become more"
    return "No hurry: find out why before it grows"


def _restore(bundle: Bundle) -> Iterator[NextAction]:
    """Yield what our own tests left dirty, with the exact requests that restore it."""
    entries = unsettled(
        entry
        for item in bundle.loaded
        for observation in item.evidence.observations
        if isinstance(observation, LedgerObservation)
        for entry in observation.entries
    )
    if not entries:
        return
    named = sorted({entity for entry in entries for entity in entry.entities})
    requests = list(dict.fromkeys(line for entry in entries for line in entry.restore))
    dirty = listed(named) or "unknown"
    text = f"Restore the test data that this window left dirty: {dirty}"
    if not requests:
        text = f"This window left test data dirty: set {dirty} back by hand"
    yield NextAction(text=text, command="\n".join(requests[:MOST]) if requests else None)


def _whom(bundle: Bundle, cause: Cause) -> Iterator[NextAction]:
    """Yield whom to tell: the author of the deployed commit."""
    found = deployed(deployment_samples(bundle))
    if found and found.commit and found.commit_author and cause.severity is not Severity.P2:
        yield NextAction(
            text=f"Tell {found.commit_author}, who wrote the deployed commit {short(found.commit)}"
        )


def _to_know(bundle: Bundle, found: Causes, coverage: Coverage) -> Iterator[NextAction]:
    """Yield how to resolve what keeps most from being known."""
    if bundle.ended:
        yield _watch_the_new_one(bundle)
        return
    seen = set()
    for cause in found.unknown:
        # The reason is already in the cause's own line.
        text = how_to_know(bundle, coverage, cause.lead).removesuffix(f": {cause.lead.actual}")
        if text not in seen:
            seen.add(text)
            yield NextAction(text=text)


def _watch_the_new_one(bundle: Bundle) -> NextAction:
    found = _REPLACED_BY.search(bundle.ended or "")
    if found is None:
        return NextAction(text="Open a new window once the deployment to judge is live: this one ended early")
    newer = found["commit"] or found["id"]
    which = f"--commit {newer}" if found["commit"] else f"--deployment {newer}"
    return NextAction(
        text=f"Watch deployment {found['id']}, which replaced this one",
        command=f"deploy-verdict watch --plan {DIRECTORY}/plan.yml {which} --out {DIRECTORY}-{newer}",
    )


def next_review_s(
    bundle: Bundle, outcome: VerdictOutcome, found: Causes, coverage: Coverage
) -> tuple[float, str]:
    """Return when to look again (plan seconds from T+0), and why so soon; "" for the plan's own time."""
    planned_s = bundle.plan.report.next_review
    last_s = _last_taken_s(bundle.window, coverage)
    if any(is_down(cause) or cause.severity is Severity.P0 for cause in found.failed):
        at_s, why = last_s + DOWN_AGAIN_S, f"in {shown_duration(DOWN_AGAIN_S)}, while users are without it"
    elif outcome is VerdictOutcome.CRITICAL:
        at_s, why = last_s + CRITICAL_AGAIN_S, f"in {shown_duration(CRITICAL_AGAIN_S)}"
    else:
        return planned_s, ""
    return (at_s, why) if at_s < planned_s else (planned_s, "")


def _last_taken_s(window: WindowFrame, coverage: Coverage) -> float:
    taken = [slot.offset_s for slot in coverage.slots if slot.state in ("taken", "late")]
    return max(taken, default=window.length_s)


def how_to_know(bundle: Bundle, coverage: Coverage, finding: Finding) -> str:
    """Return the remedy that the finding's judge gives, else the one that its stage has in common."""
    stage, rule = finding.stage, finding.rule
    if stage == "evidence":
        return f"Find out why {finding.check} is not evidence of this run: {finding.actual}"
    if rule == "coverage":
        return _about_samples(coverage, finding)
    if by_hand(stage):
        return _about_platform(finding)
    if finding.remedy is not None:
        return finding.remedy
    if stage == "pools":
        return _about_samples(coverage, finding)
    if stage == "logs":
        return f"Search the window's log by hand for {finding.check}"
    if stage == "e2e" and finding.check in (PRE_CHECK, SUITE):
        return "Run the E2E suite again"
    return f"{_again(finding)}: {finding.actual}"


def _again(finding: Finding) -> str:
    if finding.stage == "test_data":
        return "Restore the test data"
    if finding.stage == "exposure":
        return f"Run {finding.check} more often, or watch longer"
    return (
        f"Run the E2E test {finding.check} again"
        if finding.stage == "e2e"
        else f"Check {finding.check} again"
    )


def _about_platform(finding: Finding) -> str:
    if finding.rule == "deployed":
        return f"Verify by hand that {finding.check} is deployed: {finding.actual}"
    hand = by_hand(finding.stage)
    return f"{finding.remedy}; until then: {hand[0].lower()}{hand[1:]}" if finding.remedy else hand


def _about_samples(coverage: Coverage, finding: Finding) -> str:
    if finding.rule == "gauge":
        return (
            f"Add a pool that counts the connections of {finding.check} at its server (`redis:` or "
            f"`postgres:` in the plan), and run the window again: {finding.actual}"
        )
    missed = Counter(slot.stage for slot in coverage.slots if slot.state != "taken")
    if missed[finding.stage] or (missed and finding.rule == "coverage"):
        each = ", ".join(f"{count} of {stage}" for stage, count in missed.items())
        return f"Run the window again: {counted(missed.total(), 'sample', 'was')} missed ({each})"
    return f"Read {finding.check} by hand, and run the window again: {finding.actual}"
