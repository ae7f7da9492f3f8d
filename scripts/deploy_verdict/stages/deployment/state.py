"""What a deployment's state at the platform means for a window on it. Pure.

SUCCESS is not the end: without a health check it merely says that the container started, it stays when
the process has exited, and CRASHED comes after it. So a deployment counts as live only where its status,
its instances and the service's list of active deployments all say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy_verdict.expect import fault_text
from deploy_verdict.model import Deployment, DeploymentObservation, Loaded, Subject, Unreadable

IN_FLIGHT = ("QUEUED", "INITIALIZING", "WAITING", "BUILDING", "DEPLOYING")
LIVE = ("SUCCESS", "SLEEPING")
GONE = ("REMOVING", "REMOVED")
ONCE_LIVE = (*LIVE, *GONE, "CRASHED")
KNOWN = (*IN_FLIGHT, *LIVE, *GONE, "NEEDS_APPROVAL", "FAILED", "CRASHED", "SKIPPED")


class State(StrEnum):
    """Where the deployment stands."""

    LIVE = "live"
    IN_FLIGHT = "in_flight"
    PARKED = "parked"
    FAILED = "failed"
    CRASHED = "crashed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    GONE = "gone"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


# From here on the window watches something else than its subject, or nothing.
OVER = (State.FAILED, State.CRASHED, State.STOPPED, State.SKIPPED, State.GONE, State.SUPERSEDED)
NOT_BEGUN = (State.IN_FLIGHT, State.PARKED)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The state and the sentence that describes it."""

    state: State
    words: str


def short(identity: str | None) -> str:
    """An id or commit as people read it."""
    return (identity or "unknown")[:8]


def same_commit(one: str | None, other: str | None) -> bool:
    """Whether two commits are one, either of them perhaps cut short; unknown ones are never the same."""
    if not one or not other or min(len(one), len(other)) < 7:
        return False
    return one.lower().startswith(other.lower()) or other.lower().startswith(one.lower())


def is_same_release(one: Deployment, other: Deployment) -> bool:
    """Whether two deployments run the same code: Railway deploys again by itself under another id."""
    return one.id == other.id or same_commit(one.commit, other.commit)


def standing(observation: DeploymentObservation, subject: Subject) -> Standing:
    """What one sample of the platform says of the subject."""
    if observation.fault is not None:
        return Standing(state=State.UNKNOWN, words=f"not known: {fault_text(observation.fault)}")
    deployment = observation.deployment
    if deployment is None:
        return Standing(state=State.UNKNOWN, words=_nothing_found(observation, subject))
    return _by_status(deployment, observation.active)


def _nothing_found(observation: DeploymentObservation, subject: Subject) -> str:
    requested = subject.deployment or subject.commit
    wanted = f"no deployment of {short(requested)}" if requested else "no deployment"
    return "; ".join((f"the platform has {wanted}", *observation.notes))


def _by_status(deployment: Deployment, active: tuple[Deployment, ...] | None) -> Standing:
    status, name = deployment.status, short(deployment.id)
    successor = _successor(deployment, active)
    if status in GONE or (status in LIVE and successor is not None):
        return _replaced(deployment, successor)
    simple = {
        "NEEDS_APPROVAL": (State.PARKED, "waits for approval at the platform: a person must act"),
        "FAILED": (State.FAILED, "failed (status FAILED): what was live before still serves"),
        "CRASHED": (State.CRASHED, "crashed (status CRASHED) and used up its restarts"),
        "SKIPPED": (State.SKIPPED, f"was skipped ({deployment.skipped_reason or 'no reason is given'})"),
    }
    if status in simple:
        state, words = simple[status]
        return Standing(state=state, words=f"deployment {name} {words}")
    if status in IN_FLIGHT:
        return Standing(state=State.IN_FLIGHT, words=f"deployment {name} is still {status}")
    if status not in LIVE:
        words = f"deployment {name} has the status {status[:40]!r}, which this tool does not know"
        return Standing(state=State.UNKNOWN, words=words)
    return _by_instances(deployment, active)


def _successor(deployment: Deployment, active: tuple[Deployment, ...] | None) -> Deployment | None:
    """The newest active deployment where ours is not among them, or where it is newer than ours."""
    others = [item for item in active or () if item.id != deployment.id]
    if active and len(others) == len(active):
        return max(others, key=_created)
    newer = [item for item in others if _created(item) > _created(deployment)]
    return max(newer, key=_created, default=None)


def _created(deployment: Deployment) -> float:
    return deployment.created_at.timestamp() if deployment.created_at else 0.0


def _replaced(deployment: Deployment, successor: Deployment | None) -> Standing:
    name = short(deployment.id)
    if successor is None:
        words = f"deployment {name} was removed, and the platform names no active one in its place"
        return Standing(state=State.GONE, words=words)
    by = f"deployment {short(successor.id)} of commit {short(successor.commit)}"
    if same_commit(deployment.commit, successor.commit):
        # Railway deploys again by itself when it moves hosts: another id, and no new release.
        again = _by_status(successor, (successor,))
        live = again.state is State.LIVE
        return Standing(
            state=again.state,
            words=f"live as {by}: the same commit, deployed again" if live else again.words,
        )
    return Standing(state=State.SUPERSEDED, words=f"deployment {name} was replaced by {by}")


def _by_instances(deployment: Deployment, active: tuple[Deployment, ...] | None) -> Standing:
    name, status = short(deployment.id), deployment.status
    states = [instance.status for instance in deployment.instances or ()]
    counted = ", ".join(f"{states.count(word)} {word}" for word in dict.fromkeys(states))
    if deployment.stopped is True and status != "SLEEPING":
        words = f"deployment {name} says {status}, but all of its instances have stopped"
        return Standing(state=State.STOPPED, words=f"{words} ({counted})" if counted else words)
    if "CRASHED" in states:
        words = f"deployment {name} says {status}, but its instances are {counted}"
        return Standing(state=State.CRASHED, words=words)
    if active is not None and not active:
        words = f"deployment {name} says {status}, but the service has no active deployment"
        return Standing(state=State.GONE, words=words)
    missing = _missing(deployment, active, states)
    if missing:
        words = f"deployment {name} says {status}, but {missing}"
        return Standing(state=State.UNKNOWN, words=words)
    live = f"live: {status}" + (f", instances {counted}" if counted else "")
    return Standing(state=State.LIVE, words=live)


def _missing(deployment: Deployment, active: tuple[Deployment, ...] | None, states: list[str]) -> str | None:
    """Why a SUCCESS alone is not believed."""
    if active is None:
        return "the service's active deployments could not be read"
    if deployment.stopped is None and deployment.status != "SLEEPING":
        return "the platform does not say whether its instances have stopped"
    if deployment.status == "SLEEPING":
        return None
    if not states:
        return "the platform lists no instance of it"
    if "RUNNING" not in states:
        words = ", ".join(dict.fromkeys(states))[:80]
        return f"none of its instances is RUNNING ({words})"
    return None


def before(deployment: Deployment, recent: Sequence[Deployment]) -> Deployment | None:
    """What served before a deployment: the newest older one that was live, and not of the same commit."""
    older = [item for item in recent if item.id != deployment.id and _created(item) < _created(deployment)]
    fitting = [
        item for item in older if item.status in ONCE_LIVE and not same_commit(item.commit, deployment.commit)
    ]
    return max(fitting, key=_created, default=None)


def deployment_readings(files: Iterable[Loaded | Unreadable]) -> list[DeploymentObservation]:
    """Every observation of the platform, in the order of offset and attempt."""
    loaded = [item for item in files if isinstance(item, Loaded) and item.evidence.stage == "deployment"]
    loaded.sort(key=lambda item: (item.evidence.offset_s, item.evidence.attempt))
    return [
        observation
        for item in loaded
        for observation in item.evidence.observations
        if isinstance(observation, DeploymentObservation)
    ]
