"""The deployment stage: which deployment is meant, and what the platform says of it; no opinions."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from deploy_verdict.base.clock import Clock, Stop
from deploy_verdict.base.units import shown_duration
from deploy_verdict.model import Deployment, DeploymentObservation, Fault, LogLine, Subject, Whose
from deploy_verdict.railway import (
    LogEntry,
    RailwayClient,
    RailwayError,
    ServiceIds,
    build_log,
    deploy_log,
    deployment,
    deployments,
    service_now,
    steps,
)
from deploy_verdict.stages.context import Context, Keep, Platform
from deploy_verdict.stages.deployment.state import IN_FLIGHT, State, same_commit, short, standing
from deploy_verdict.stages.logs.line_reader import parsed
from deploy_verdict.stages.logs.source_lines import without_colours

MOST_LINES, LAST_LINES, MAX_CHARS = 20, 10, 400
_ERROR_WORDS = re.compile(
    r"\berror\b|\bfatal\b|\bfailed\b|exception|traceback|exit code|panic|killed", re.IGNORECASE
)


def error_lines(entries: Iterable[LogEntry]) -> tuple[LogLine, ...]:
    """The last lines that report errors; where none does, simply the last lines."""
    lines = [
        LogLine(
            at=entry.at, level=parsed(entry.message).level, text=without_colours(entry.message)[:MAX_CHARS]
        )
        for entry in entries
        if entry.message.strip()
    ]
    errors = [line for line in lines if _is_error(line)]
    return tuple(errors[-MOST_LINES:] or lines[-LAST_LINES:])


def _is_error(line: LogLine) -> bool:
    """By its level where it names one (a logger may be called error); else by its words."""
    if line.level is not None:
        return line.level in ("ERROR", "CRITICAL")
    return _ERROR_WORDS.search(line.text) is not None


FIRST_POLL_S, LATER_POLL_S, OFTEN_FOR_S, TELL_EVERY_S = 5.0, 15.0, 60.0, 60.0
MOST_RECENT = 50
LOG_LINES = 500
CONFIRM_S = 3.0
_PASSING_STATES = (State.GONE, State.SUPERSEDED, State.STOPPED, State.UNKNOWN)
_BROKEN = ("FAILED", "CRASHED")
_OUT_OF_RUN = ("SKIPPED", "REMOVED", "REMOVING")
Tell = Callable[[str], None]


def resolved(
    railway: RailwayClient, place: ServiceIds, subject: Subject
) -> tuple[Deployment | None, str, int]:
    """The deployment that is meant, how it was found, and how many fitted; raises RailwayError."""
    if subject.deployment:
        found = deployment(railway, subject.deployment)
        _belongs(found, place)
        return found, "deployment", 1
    listed, _ = deployments(railway, place, most=MOST_RECENT)
    if subject.commit:
        fitting = [item for item in listed if same_commit(item.commit, subject.commit)]
        kept = [item for item in fitting if item.status not in _OUT_OF_RUN]
        return next(iter(kept or fitting), None), "commit", len(fitting)
    # A skipped one deployed nothing.
    kept = [item for item in listed if item.status != "SKIPPED"]
    return next(iter(kept), None), "newest", 1 if kept else 0


def _belongs(found: Deployment, place: ServiceIds) -> None:
    theirs = (found.service_id, found.environment_id)
    if theirs != (place.service_id, place.environment_id):
        detail = f"deployment {short(found.id)} is of another service or environment than the plan's"
        raise RailwayError(Fault(kind="not-found", whose=Whose.US, detail=detail))


def wait_for_deployment(
    railway: RailwayClient,
    place: ServiceIds,
    *,
    subject: Subject,
    wait_s: float,
    clock: Clock,
    stop: Stop,
    tell: Tell,
) -> tuple[Deployment | None, float]:
    """Wait, at most wait_s of real time, until the subject is no longer in flight; and how long that took.

    Raises RailwayError when Railway still refuses us at the end of the wait.
    """
    began_s = clock.monotonic_s()
    message, message_s = "", began_s
    while True:
        found, words, error = _tried(railway, place, subject)
        waited_s = clock.monotonic_s() - began_s
        waits = error is not None or found is None or found.status in IN_FLIGHT
        hopeless = error is not None and error.fault.kind not in ("rate-limited", "unavailable", "timeout")
        hopeless = hopeless or (found is None and not subject.commit)
        if not waits or hopeless or waited_s >= wait_s or stop.requested:
            if error is not None:
                raise error
            return found, waited_s if message else 0.0
        if words != message or clock.monotonic_s() - message_s >= TELL_EVERY_S:
            left = shown_duration(round(wait_s - waited_s))
            tell(f"{words}; waiting for it, at most {left} more")
            message, message_s = words, clock.monotonic_s()
        pause_s = FIRST_POLL_S if waited_s < OFTEN_FOR_S else LATER_POLL_S
        clock.sleep(min(pause_s, max(0.1, wait_s - waited_s)))


def _tried(
    railway: RailwayClient, place: ServiceIds, subject: Subject
) -> tuple[Deployment | None, str, RailwayError | None]:
    try:
        found, _, _ = resolved(railway, place, subject)
    except RailwayError as error:
        return None, error.fault.detail, error
    if found is None:
        return None, f"Railway has no deployment of commit {short(subject.commit)} yet", None
    return found, f"deployment {short(found.id)} is {found.status}", None


def collect_deployment(
    context: Context, offset_s: float, keep: Keep | None = None
) -> tuple[DeploymentObservation]:
    """One sample; what cannot be read is a note, or the fault where nothing is known without it.

    While one deployment takes over from another, the platform's lists disagree for a moment: what is
    neither live nor plainly over is read once more.
    """
    observation = _observed(context, offset_s)
    platform = context.platform
    if platform is None or observation.fault is not None or context.stop.requested:
        return (observation,)
    stands = standing(observation, platform.subject)
    if stands.state not in _PASSING_STATES:
        return (observation,)
    context.pace.clock.sleep(CONFIRM_S)
    again = _observed(context, offset_s)
    note = f"read twice: {CONFIRM_S:g} s earlier, it was {stands.words}"
    return (again.model_copy(update={"notes": (*again.notes, note)}),)


def _observed(context: Context, offset_s: float) -> DeploymentObservation:
    platform = context.platform
    at = context.pace.clock.now()
    if platform is None or platform.railway is None or platform.place is None:
        fault = platform.fault if platform else None
        unknown = Fault(kind="no-railway", whose=Whose.US, detail="this run has no connection to Railway")
        return DeploymentObservation(offset_s=offset_s, at=at, fault=fault or unknown)
    first = {"waited_s": platform.waited_s, "judged": platform.judged} if offset_s == 0 else {}
    try:
        found, found_by, candidates = resolved(platform.railway, platform.place, platform.subject)
    except RailwayError as error:
        return DeploymentObservation(offset_s=offset_s, at=at, fault=error.fault, **first)
    notes: list[str] = []
    # At the first sample for the rollback options, at the last one for what came in between.
    ends = offset_s in (0.0, context.plan.window.offsets_s[-1])
    more = _more(context, platform, found, notes, with_history=ends)
    return DeploymentObservation.model_validate(
        {
            "offset_s": offset_s,
            "at": at,
            "found_by": found_by,
            "candidates": candidates,
            "deployment": found,
            "notes": tuple(notes),
            **first,
            **more,
        }
    )


def _more(
    context: Context, platform: Platform, found: Deployment | None, notes: list[str], *, with_history: bool
) -> dict[str, Any]:
    """Everything but the subject itself; each query that fails leaves a note."""
    railway, place = platform.railway, platform.place
    if railway is None or place is None:
        return {}

    def read(what: str, query: Callable[[], Any]) -> Any:
        try:
            return query()
        except RailwayError as error:
            notes.append(f"{what} could not be read: {error.fault.detail}")
            return None

    fields: dict[str, Any] = {}
    now = read("the service's active deployments", lambda: service_now(railway, place))
    if now is not None:
        fields |= {"active": now.active, "latest": now.latest, "settings": now.settings}
    if with_history:
        recent = read("the earlier deployments", lambda: deployments(railway, place, most=MOST_RECENT))
        if recent is not None:
            fields |= {"recent": recent[0], "recent_whole": recent[1]}
        if found is not None:
            fields |= {"steps": read("the build's steps", lambda: steps(railway, found.id)) or ()}
    if found is not None and _is_broken(found):
        build = read("the build log", lambda: build_log(railway, found.id, limit=LOG_LINES)) or ()
        deploy = read(
            "the deploy log", lambda: deploy_log(railway, found.id, start=None, end=None, limit=LOG_LINES)
        )
        fields |= {
            "build_errors": _redacted(context, build),
            "deploy_errors": _redacted(context, deploy or ()),
        }
    return fields


def _is_broken(found: Deployment) -> bool:
    crashed = any(instance.status == "CRASHED" for instance in found.instances or ())
    return found.status in _BROKEN or crashed or (found.stopped is True and found.status == "SUCCESS")


def _redacted(context: Context, entries: Sequence[LogEntry]) -> tuple[Any, ...]:
    return error_lines(
        entry.model_copy(update={"message": context.redact(entry.message)}) for entry in entries
    )
