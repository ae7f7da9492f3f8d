"""What a deployment's state on the platform means for a window on it. Pure.

SUCCESS is not the end: without a health check it only says that the container started, it remains when the
process has exited, and CRASHED may follow. So a deployment counts as live only if its status, its instances
and the service's list of active deployments all agree.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy_verdict.expect import fault_text
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Loaded,
    Settings,
    Subject,
    Unreadable,
    Waking,
)

IN_FLIGHT = ("QUEUED", "INITIALIZING", "WAITING", "BUILDING", "DEPLOYING")
LIVE = ("SUCCESS", "SLEEPING")
GONE = ("REMOVING", "REMOVED")
# An instance that is being removed serves nobody, and need not.
_LEAVING = ("REMOVING", "REMOVED", "SKIPPED")
_DOWN = ("CRASHED", "EXITED", "STOPPED")
HEALTHCHECK = "ServiceInstance.healthcheckPath"
_INSTANCES = (
    "Deployment.instances",
    "DeploymentDeploymentInstance.status",
    "DeploymentDeploymentInstance.id",
)
ONCE_LIVE = (*LIVE, *GONE, "CRASHED")
KNOWN = (*IN_FLIGHT, *LIVE, *GONE, "NEEDS_APPROVAL", "FAILED", "CRASHED", "SKIPPED")


class State(StrEnum):
    """The state of the deployment."""

    LIVE = "live"
    DEGRADED = "degraded"
    IN_FLIGHT = "in_flight"
    PARKED = "parked"
    FAILED = "failed"
    CRASHED = "crashed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    GONE = "gone"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


# In these states the window watches something else than its subject, or nothing.
OVER = (State.FAILED, State.CRASHED, State.STOPPED, State.SKIPPED, State.GONE, State.SUPERSEDED)
# It serves, with all or some of its replicas.
SERVING = (State.LIVE, State.DEGRADED)
NOT_BEGUN = (State.IN_FLIGHT, State.PARKED)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A state and the sentence that describes it."""

    state: State
    words: str


def short(identity: str | None) -> str:
    """Return an id or commit as people read it: its first 8 characters."""
    return (identity or "unknown")[:8]


def same_commit(one: str | None, other: str | None) -> bool:
    """Return whether two commits are the same; either may be shortened. Unknown ones never are."""
    if not one or not other or min(len(one), len(other)) < 7:
        return False
    return one.lower().startswith(other.lower()) or other.lower().startswith(one.lower())


def is_same_release(one: Deployment, other: Deployment) -> bool:
    """Return whether two deployments run the same code.

    Railway may redeploy a commit by itself under a new id.
    """
    return one.id == other.id or same_commit(one.commit, other.commit)


def standing(observation: DeploymentObservation, subject: Subject) -> Standing:
    """Return what one sample of the platform says about the subject."""
    if observation.fault is not None:
        return Standing(state=State.UNKNOWN, words=f"not known: {fault_text(observation.fault)}")
    deployment = observation.deployment
    if deployment is None:
        return Standing(state=State.UNKNOWN, words=_nothing_found(observation, subject))
    return _by_status(deployment, observation)


def _nothing_found(observation: DeploymentObservation, subject: Subject) -> str:
    requested = subject.deployment or subject.commit
    wanted = f"no deployment of {short(requested)}" if requested else "no deployment"
    return "; ".join((f"the platform has {wanted}", *observation.notes))


def _by_status(deployment: Deployment, observation: DeploymentObservation) -> Standing:
    active = observation.active
    status, name = deployment.status, short(deployment.id)
    successor = _successor(deployment, active)
    if status in GONE or (status in LIVE and successor is not None):
        return _replaced(deployment, successor, observation)
    states = {item.status for item in deployment.instances or ()}
    if status == "CRASHED" and {"RUNNING", "CRASHED"} <= states and successor is None:
        # Railway's own CLI calls it online, with some replicas crashed.
        return _by_instances(deployment, observation)
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
    return _by_instances(deployment, observation)


def _successor(deployment: Deployment, active: tuple[Deployment, ...] | None) -> Deployment | None:
    """Return the newest active deployment, if ours is not active or is older."""
    others = [item for item in active or () if item.id != deployment.id]
    if deployment.status == "SLEEPING":
        # A sleeping deployment may be in no list.
        others = [item for item in others if created_s(item) >= created_s(deployment)]
    if others and len(others) == len(active or ()):
        return max(others, key=created_s)
    newer = [item for item in others if created_s(item) > created_s(deployment)]
    return max(newer, key=created_s, default=None)


def created_s(deployment: Deployment) -> float:
    """Return when it was created, in Unix seconds; 0 if that is not known."""
    return deployment.created_at.timestamp() if deployment.created_at else 0.0


def _replaced(
    deployment: Deployment, successor: Deployment | None, observation: DeploymentObservation
) -> Standing:
    name = short(deployment.id)
    if successor is None:
        words = f"deployment {name} was removed, and the platform names no active one in its place"
        return Standing(state=State.GONE, words=words)
    by = f"deployment {short(successor.id)} of commit {short(successor.commit)}"
    if same_commit(deployment.commit, successor.commit):
        # Railway redeploys by itself when it moves hosts: a new id, but not a new release.
        again = _by_status(
            successor, observation.model_copy(update={"deployment": successor, "active": (successor,)})
        )
        live = again.state is State.LIVE
        return Standing(
            state=again.state,
            words=f"live as {by}: the same commit, deployed again" if live else again.words,
        )
    return Standing(state=State.SUPERSEDED, words=f"deployment {name} was replaced by {by}")


def _by_instances(deployment: Deployment, observation: DeploymentObservation) -> Standing:
    name, status, active = short(deployment.id), deployment.status, observation.active
    states = [item.status for item in deployment.instances or () if item.status not in _LEAVING]
    if status == "SLEEPING" or (may_sleep(observation) and _sleeps(observation)):
        return _asleep(deployment, observation)
    if may_sleep(observation) and observation.waking is not None and observation.waking.is_awake:
        words = f"deployment {name} says {status} and nothing of it runs, but the service answers"
        return Standing(state=State.UNKNOWN, words=f"{words}: whether it sleeps (serverless) is not known")
    counted = ", ".join(f"{states.count(word)} {word}" for word in dict.fromkeys(states))
    if deployment.stopped is True:
        words = f"deployment {name} says {status}, but all of its instances have stopped"
        return Standing(state=State.STOPPED, words=f"{words} ({counted})" if counted else words)
    down = _down(states, observation.settings)
    if down is not None:
        return Standing(state=down[0], words=f"deployment {name} says {status}, but {down[1]}")
    if active is not None and not active:
        words = f"deployment {name} says {status}, but the service has no active deployment"
        return Standing(state=State.GONE, words=words)
    missing = _missing(deployment, observation, states)
    if missing:
        words = f"deployment {name} says {status}, but {missing}"
        return Standing(state=State.UNKNOWN, words=words)
    live = f"live: {status}" + (f", instances {counted}" if counted else "")
    return Standing(state=State.LIVE, words=live)


def _sleeps(observation: DeploymentObservation) -> bool:
    return observation.settings is not None and observation.settings.sleeps is True


def may_sleep(observation: DeploymentObservation) -> bool:
    """Return whether a SUCCESS may be asleep: nothing of it runs, and the settings do not rule it out."""
    found, settings = observation.deployment, observation.settings
    if settings is not None and settings.sleeps is False:
        return False
    return observation.active == () or (found is not None and found.stopped is True)


def _asleep(deployment: Deployment, observation: DeploymentObservation) -> Standing:
    """Return the standing of a deployment that sleeps: it is live on request.

    Railway does not document whether a sleeping one is in the list of active deployments.
    """
    name, status, waking = short(deployment.id), deployment.status, observation.waking
    if waking is not None and waking.is_awake:
        return Standing(
            state=State.LIVE, words=f"live: it slept ({status}), and was woken in {waking.took_s:g} s"
        )
    if status == "SLEEPING":
        if waking is None:
            return Standing(state=State.LIVE, words=f"live on request: {status}")
        words = f"deployment {name} is {status}, and {waking_words(waking)}"
        return Standing(state=State.UNKNOWN, words=words)
    words = f"deployment {name} says {status} and all of its instances have stopped: it sleeps, or has ended"
    if waking is None:
        return Standing(state=State.UNKNOWN, words=words)
    return Standing(state=State.STOPPED, words=f"{words}; {waking_words(waking)}")


def waking_words(waking: Waking) -> str:
    """Describe how long it took to wake the service, and what it answered."""
    took = f"GET {waking.path} {'woke it' if waking.is_awake else 'did not wake it'} in {waking.took_s:g} s"
    return f"{took}: {', then '.join(waking.answers) or 'no answer'}"


def _down(states: Sequence[str], settings: Settings | None) -> tuple[State, str] | None:
    """Return the state if replicas do not run, with its words; None if none is down."""
    running, down = states.count("RUNNING"), [word for word in states if word in _DOWN]
    if not down:
        return None
    counted = ", ".join(f"{states.count(word)} {word}" for word in dict.fromkeys(states))
    if not running:
        ended = State.CRASHED if "CRASHED" in down else State.STOPPED
        # A starting instance may still come up; after a crash it is only the next restart.
        return (ended, f"its instances are {counted}") if ended is State.CRASHED or down == states else None
    enough = settings is not None and settings.replicas is not None and running >= settings.replicas
    if "CRASHED" not in down and enough:
        # The replica count was lowered, and the others have ended.
        return None
    ended_as = "crashed" if "CRASHED" in down else "stopped"
    share = f"{len(down)} of {len(states)} replicas ({100 * len(down) / len(states):.0f} %) have {ended_as}"
    return State.DEGRADED, f"{share}: {counted}"


def _missing(deployment: Deployment, observation: DeploymentObservation, states: list[str]) -> str | None:
    """Return why SUCCESS alone is not trusted here, or None."""
    if observation.active is None:
        return "the service's active deployments could not be read"
    if deployment.stopped is None:
        return "the platform does not say whether its instances have stopped" + _retired(
            observation, "Deployment.deploymentStopped"
        )
    if not states:
        # How many replicas run is then unknown, which is a finding of its own.
        return None if retired_instances(observation) else "the platform lists no instance of it"
    if "RUNNING" not in states or "RESTARTING" in states:
        words = ", ".join(dict.fromkeys(states))[:80]
        some = "not all" if "RUNNING" in states else "none"
        return f"{some} of its instances is RUNNING ({words})"
    return None


def retired_instances(observation: DeploymentObservation) -> str | None:
    """Return the field on instances that the platform's API no longer knows, or None."""
    return next((field for field in _INSTANCES if field in observation.retired), None)


def _retired(observation: DeploymentObservation, field: str) -> str:
    return f": Railway's API no longer knows {field}" if field in observation.retired else ""


def before(deployment: Deployment, recent: Sequence[Deployment]) -> Deployment | None:
    """Return what served before a deployment: the newest older one that was live, with another commit."""
    older = [item for item in recent if item.id != deployment.id and created_s(item) < created_s(deployment)]
    fitting = [
        item for item in older if item.status in ONCE_LIVE and not same_commit(item.commit, deployment.commit)
    ]
    return max(fitting, key=created_s, default=None)


def deployment_readings(files: Iterable[Loaded | Unreadable]) -> list[DeploymentObservation]:
    """Return every observation of the platform in the order of offset and attempt."""
    loaded = [item for item in files if isinstance(item, Loaded) and item.evidence.stage == "deployment"]
    loaded.sort(key=lambda item: (item.evidence.offset_s, item.evidence.attempt))
    return [
        observation
        for item in loaded
        for observation in item.evidence.observations
        if isinstance(observation, DeploymentObservation)
    ]
