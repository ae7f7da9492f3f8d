"""Which earlier deployments may be rolled back to, and which must not. Pure.

A rollback in an incident is done in a hurry, and the newest earlier deployment may be the incident itself. So
only a deployment that this tool judged STABLE is recommended; missing data (a flag, a date, the list) never
leads to a recommendation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy_verdict.expect import fault_text
from deploy_verdict.model import Deployment, DeploymentObservation, Judged
from deploy_verdict.plan import Railway
from deploy_verdict.stages.deployment.state import GONE, LIVE, same_commit, short

# How long, in hours, Railway keeps an image after its deployment was removed, by tier.
KEPT_H = {"free": 24.0, "trial": 24.0, "hobby": 72.0, "pro": 120.0, "enterprise": 360.0}
# A crashed deployment was live too (state.ONCE_LIVE), but is not a target.
POSSIBLE = (*LIVE, *GONE)
VARIABLES = (
    "A rollback brings back the image and the variables of that time; variables that were deleted since "
    "may not return."
)
AUTODEPLOY = "It does not stop autodeploy: the next push deploys again."
STABLE = "stable"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An earlier deployment. `refused` says why it must not be the target; None if nothing speaks against it.

    `judged` is its newest verdict. `kept_until` is the earliest and the latest time at which its image is
    gone.
    """

    deployment: Deployment
    refused: str | None
    judged: Judged | None
    kept_until: tuple[datetime, datetime] | None

    @property
    def proven(self) -> bool:
        """Whether it was judged STABLE and nothing speaks against it."""
        return self.refused is None and self.judged is not None and self.judged.outcome == STABLE


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """The rollback options. `unknown` says why there are none to give.

    `commits_lost` are the deployments that a rollback to the recommended one would undo.
    """

    candidates: tuple[Candidate, ...] = ()
    recommended: Candidate | None = None
    unproven: tuple[Candidate, ...] = ()
    commits_lost: tuple[Deployment, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: str | None = None
    serving: Deployment | None = None

    @property
    def advice(self) -> str:
        """What to do, in one sentence."""
        if self.unknown:
            return f"Not known: {self.unknown}"
        if self.serving is not None:
            named = f"deployment {short(self.serving.id)} of commit {short(self.serving.commit)}"
            return f"Nothing to roll back: {named} is serving, not the deployment under watch"
        if self.recommended is not None:
            target = self.recommended.deployment
            return (
                f"Roll back to deployment {short(target.id)} of commit {short(target.commit)}, judged STABLE"
            )
        advice = "Roll forward: no earlier deployment is known to be good"
        if self.unproven:
            names = ", ".join(short(item.deployment.id) for item in self.unproven[:3])
            return f"{advice}. If you know that one was, name it: --to ID (possible: {names})"
        return f"{advice}, and none can be rolled back to"


def readiness(observation: DeploymentObservation | None, section: Railway | None, now: datetime) -> Readiness:
    """Return the rollback options by the sample at T+0."""
    if observation is None:
        return Readiness(unknown="no sample of the platform at T+0")
    if observation.fault is not None:
        return Readiness(unknown=fault_text(observation.fault))
    subject = observation.deployment
    if subject is None or subject.created_at is None:
        return Readiness(unknown="the deployment under watch, or when it was created, is not known")
    if not observation.recent:
        return Readiness(unknown="; ".join(("the earlier deployments are not known", *observation.notes)))
    earlier = [item for item in observation.recent if _is_before(item, subject)]
    active = {item.id for item in observation.active or ()}
    candidates = tuple(
        _candidate(item, subject, observation, section, active, now)
        for item in earlier
        if item.status in POSSIBLE
    )
    serving = None if subject.id in active else next((item for item in observation.active or ()), None)
    recommended = None if serving else next((item for item in candidates if item.proven), None)
    return Readiness(
        candidates=candidates,
        recommended=recommended,
        unproven=tuple(item for item in candidates if item.refused is None and not item.proven),
        commits_lost=_lost(observation, subject, recommended),
        notes=_notes(observation, section),
        serving=serving,
    )


def _is_before(item: Deployment, subject: Deployment) -> bool:
    if item.id == subject.id or item.created_at is None or subject.created_at is None:
        return False
    return item.created_at < subject.created_at


def _candidate(
    item: Deployment,
    subject: Deployment,
    observation: DeploymentObservation,
    section: Railway | None,
    active: set[str],
    now: datetime,
) -> Candidate:
    judged = newest_verdict(item, observation.judged)
    kept = _kept_until(item, observation.recent, section)
    refused = refusal(item, section, judged)
    if item.id in active:
        refused = "it is serving already"
    if refused is None and same_commit(item.commit, subject.commit):
        refused = "it is the same commit as the one under watch"
    if refused is None and kept is not None and kept[1] < now:
        refused = f"its image is gone: it was kept until {kept[1]:%Y-%m-%d %H:%M} at the latest"
    return Candidate(deployment=item, refused=refused, judged=judged, kept_until=kept)


def refusal(item: Deployment, section: Railway | None, judged: Judged | None) -> str | None:
    """Return why a deployment must never be a target, whoever chose it; None if nothing speaks against it."""
    bad = [commit for commit in (section.known_bad if section else ()) if same_commit(commit, item.commit)]
    if bad:
        return f"the plan names its commit as known bad ({bad[0]})"
    if judged is not None and judged.outcome != STABLE:
        return f"this tool judged it {judged.outcome} on {judged.judged_at:%Y-%m-%d %H:%M}"
    if item.can_rollback is not True:
        return (
            "the platform cannot roll back to it"
            if item.can_rollback is False
            else "the platform does not say that it can be rolled back to"
        )
    return None


def newest_verdict(item: Deployment, judged: Sequence[Judged]) -> Judged | None:
    """Return the newest verdict on a deployment or its commit."""
    fitting = [
        verdict
        for verdict in judged
        if verdict.deployment == item.id or same_commit(verdict.commit, item.commit)
    ]
    return max(fitting, key=lambda verdict: verdict.judged_at, default=None)


def _kept_until(
    item: Deployment, recent: Sequence[Deployment], section: Railway | None
) -> tuple[datetime, datetime] | None:
    """Return the earliest and the latest time until which its image is kept.

    That is some hours after its removal, which happens when its successor arrives, or later.
    """
    if item.created_at is None:
        return None
    later = [
        other.created_at
        for other in recent
        if other.created_at is not None and other.created_at > item.created_at and other.status in POSSIBLE
    ]
    if not later:
        return None
    hours = KEPT_H.get(section.tier or "") if section else None
    shortest, longest = (hours, hours) if hours else (min(KEPT_H.values()), max(KEPT_H.values()))
    removed = min(later)
    return removed + timedelta(hours=shortest), removed + timedelta(hours=longest)


def _lost(
    observation: DeploymentObservation, subject: Deployment, recommended: Candidate | None
) -> tuple[Deployment, ...]:
    """Return the subject and what was deployed between it and the target, newest first, each commit once."""
    if recommended is None:
        return ()
    since = recommended.deployment.created_at
    found: dict[str, Deployment] = {}
    for item in (subject, *observation.recent):
        behind = item.id == subject.id or (_is_before(item, subject) and _is_after(item, since))
        if behind and item.status != "SKIPPED":
            found.setdefault(item.commit or item.id, item)
    return tuple(found.values())


def _is_after(item: Deployment, since: datetime | None) -> bool:
    return since is not None and item.created_at is not None and item.created_at > since


def _notes(observation: DeploymentObservation, section: Railway | None) -> tuple[str, ...]:
    notes = [VARIABLES, AUTODEPLOY]
    if not observation.recent_whole:
        notes.append(f"Only the newest {len(observation.recent)} deployments were listed.")
    if section is None or section.tier is None:
        notes.append(
            "How long an image is kept depends on the workspace's tier: set railway.tier in the plan."
        )
    return tuple(notes)
