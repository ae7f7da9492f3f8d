"""What to do now: one to three actions in their order, each with its command, none against another. Pure.

Only a CRITICAL verdict asks for a rollback, and only where it would change what is broken: not where the
deployment was never live, so that what was before still serves.
"""

from collections.abc import Iterator
from datetime import datetime

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform_views import deployed, looks
from deploy_verdict.markup.labels import listed, moment
from deploy_verdict.model import (
    Coverage,
    LedgerObservation,
    NextAction,
    Severity,
    VerdictOutcome,
    WindowFrame,
)
from deploy_verdict.stages.deployment.report import readiness_of
from deploy_verdict.stages.deployment.rollback_policy import Readiness
from deploy_verdict.stages.deployment.state import short
from deploy_verdict.stages.writes.open_entries import unsettled
from deploy_verdict.verdict.cause import Cause, is_full
from deploy_verdict.verdict.causes import PLATFORM, STALE, Causes
from deploy_verdict.verdict.how_to_know import how_to_know
from deploy_verdict.verdict.plan_rules import is_down

MOST = 3
DOWN_AGAIN_S, CRITICAL_AGAIN_S = 900.0, 3600.0
DIRECTORY = "DIR"
ROLL_BACK = f"deploy-verdict rollback --out {DIRECTORY} --rollback"


def do_now(
    bundle: Bundle, outcome: VerdictOutcome, found: Causes, coverage: Coverage, now: datetime
) -> tuple[NextAction, ...]:
    """The actions for a verdict that is not STABLE. DIR in a command is the window's directory."""
    if outcome is VerdictOutcome.STABLE:
        return ()
    if not found.failed:
        return tuple(_to_know(bundle, found, coverage))[:MOST]
    actions = [
        *_against(bundle, outcome, found.failed[0], now),
        *_restore(bundle),
        *_whom(bundle, found.failed[0]),
    ]
    return tuple(actions)[:MOST]


def _against(bundle: Bundle, outcome: VerdictOutcome, cause: Cause, now: datetime) -> Iterator[NextAction]:
    if outcome is not VerdictOutcome.CRITICAL:
        yield NextAction(text=_before_it_grows(cause), command=f"deploy-verdict explain {DIRECTORY}")
        return
    if "deployment" not in bundle.stages:
        yield NextAction(
            text="Roll back by hand, or deploy a fix: the plan names no platform that this tool could ask"
        )
        yield _look()
        return
    ready = readiness_of(bundle, now)
    if ready.serving is not None:
        serving = f"deployment {short(ready.serving.id)} of commit {short(ready.serving.commit)}"
        yield NextAction(
            text=f"Roll forward: fix what failed and deploy again; {serving} still serves, so no rollback"
        )
        yield _look()
        return
    if cause.key == PLATFORM and "still serves" in cause.lead.actual:
        yield NextAction(
            text="Roll forward: fix what failed and deploy again; what was live before still serves"
        )
        yield _look()
        return
    if (cause.lead.stage, cause.lead.check) == ("claims", "previous"):
        yield NextAction(
            text="Remove the old deployment on the platform: it still answers; this one can stay"
        )
        yield _look()
        return
    aid = _first_aid(bundle, ready, cause)
    back = _back_or_forward(bundle, ready, cause)
    # The right code may need no more than to be deployed again.
    yield from (aid, back) if cause.key == STALE and ready.recommended is None else (back, aid)


def _back_or_forward(bundle: Bundle, ready: Readiness, cause: Cause) -> NextAction:
    target = ready.recommended
    if target is None:
        if ready.unknown:
            return NextAction(text=f"Roll back by hand or deploy a fix: no target is known ({ready.unknown})")
        why = "no earlier deployment is known to be good"
        unproven = [item.deployment.id for item in ready.unproven[:1]]
        if unproven:
            return NextAction(
                text=f"Roll forward with a fix ({why}); or, if you know that {short(unproven[0])} was good, "
                "roll back to it",
                command=f"{ROLL_BACK} --to {unproven[0]}",
            )
        return NextAction(text=f"Roll forward with a fix: {why}")
    judged = f"judged STABLE on {moment(target.judged.judged_at)}" if target.judged else "judged STABLE"
    kept = f", image kept until {moment(target.kept_until[0])}" if target.kept_until else ""
    lost = listed([short(item.commit) for item in ready.commits_lost], 3)
    takes = f"; it takes back {lost}" if lost else ""
    approve = " by approving this run's rollback job, or" if bundle.plan.escalation.rollback else ""
    named = f"{short(target.deployment.id)} of commit {short(target.deployment.commit)}"
    return NextAction(
        text=f"Roll back to {named} ({judged}{kept}){takes}:{approve} by this command", command=ROLL_BACK
    )


def _first_aid(bundle: Bundle, ready: Readiness, cause: Cause) -> NextAction:
    if cause.key == STALE:
        found = deployed(looks(bundle))
        commit = short(found.commit) if found and found.commit else "the commit"
        why = "the platform names it, but older code answers"
        return NextAction(text=f"Deploy {commit} again without a build cache: {why}")
    if cause.kind == "pool" and ready.recommended is None:
        when = "Until then, restart" if is_full(cause) else "Restart"
        until = "" if is_full(cause) else " before the pool is full"
        return NextAction(text=f"{when} the service{until}: that frees the connections of its pool")
    return _look()


def _look() -> NextAction:
    """The brief for whoever mends it."""
    return NextAction(
        text="Hand this brief to whoever mends it", command=f"deploy-verdict explain {DIRECTORY}"
    )


def _before_it_grows(cause: Cause) -> str:
    rule = cause.lead.rule
    if rule in ("growth", "floor"):
        return "Keep watching, find what is not released, and restart the service before the limit is reached"
    if cause.kind == "slow":
        return "Find out why it is slow before its limit is reached by every request"
    return "No rollback: production works. Find out why before it grows"


def _restore(bundle: Bundle) -> Iterator[NextAction]:
    """What our own tests left dirty, with the exact requests that restore it."""
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
    by_hand = "" if requests else " by hand"
    text = f"Restore the test data{by_hand}, which this window left dirty: {listed(named) or 'unknown'}"
    yield NextAction(text=text, command="\n".join(requests[:MOST]) if requests else None)


def _whom(bundle: Bundle, cause: Cause) -> Iterator[NextAction]:
    """Who wrote what is deployed."""
    found = deployed(looks(bundle))
    if found and found.commit and found.commit_author and cause.severity is not Severity.P2:
        yield NextAction(
            text=f"Tell {found.commit_author}, who wrote the deployed commit {short(found.commit)}"
        )


def _to_know(bundle: Bundle, found: Causes, coverage: Coverage) -> Iterator[NextAction]:
    """How to resolve what keeps most from being known."""
    if bundle.ended:
        yield NextAction(text="Open a new window once the deployment to judge is live: this one ended early")
        return
    seen = set()
    for cause in found.unknown:
        text = how_to_know(bundle, coverage, cause.lead)
        if text not in seen:
            seen.add(text)
            yield NextAction(text=text)


def next_review_s(
    bundle: Bundle, outcome: VerdictOutcome, found: Causes, coverage: Coverage
) -> tuple[float, str]:
    """When to look again, in plan seconds from T+0, and why so soon; else the plan's own time."""
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
