"""Observes which deployment is meant and what the platform says about it. No opinions."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from deploy_verdict.base.clock import Clock, Stop
from deploy_verdict.base.units import shown_duration
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Fault,
    LogLine,
    Settings,
    Subject,
    Waking,
    Whose,
)
from deploy_verdict.plan import Plan
from deploy_verdict.railway import (
    NOT_DEPLOYED,
    LogEntry,
    RailwayClient,
    RailwayError,
    ServiceIds,
    active_deployments,
    build_log,
    deploy_log,
    deployment,
    deployments,
    service_settings,
    skipped,
    steps,
)
from deploy_verdict.stages.context import Context, Keep
from deploy_verdict.stages.deployment.state import (
    IN_FLIGHT,
    LIVE,
    ONCE_LIVE,
    State,
    created_s,
    is_same_release,
    may_sleep,
    same_commit,
    short,
    standing,
    waking_words,
)
from deploy_verdict.stages.logs.lines.line_reader import parsed
from deploy_verdict.stages.logs.lines.source_lines import without_colours

MOST_LINES, LAST_LINES, MAX_CHARS = 20, 10, 400
_ERROR_WORDS = re.compile(
    r"\berror\b|\bfatal\b|\bfailed\b|exception|traceback|exit code|panic|killed", re.IGNORECASE
)


def error_lines(entries: Iterable[LogEntry]) -> tuple[LogLine, ...]:
    """Return the last lines that report errors, or simply the last lines if none does."""
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
    """Return whether a line reports an error: by its level if it has one, else by its words.

    Words alone would mistake a logger named "error" for one.
    """
    if line.level is not None:
        return line.level in ("ERROR", "CRITICAL")
    return _ERROR_WORDS.search(line.text) is not None


# (waited so far, pause until the next poll) in seconds: 83 polls in the first hour.
POLLS_S = ((60.0, 5.0), (300.0, 15.0), (float("inf"), 60.0))
# Skipped deployments take a request of their own.
SKIPS_EVERY_S, TELL_EVERY_S = 120.0, 60.0
MOST_RECENT, MOST_ONCE_LIVE = 50, 20
# How many skipped deployments are searched for a commit: in a sample, and at each poll during the wait.
MOST_SKIPPED, MOST_SKIPPED_WAITING = 1000, 50
LOG_LINES = 500
CONFIRM_S = 3.0
# A sleeping service wakes within seconds. If it takes longer, what the samples meet is a fault of the
# service.
WAKING_S, WAKING_PAUSE_S, MOST_ANSWERS = 60.0, 0.5, 10
_PASSING_STATES = (State.GONE, State.SUPERSEDED, State.STOPPED, State.DEGRADED, State.UNKNOWN)
_MAY_PASS = ("rate-limited", "edge-limited", "unavailable", "timeout")
_BROKEN = ("FAILED", "CRASHED")
_OUT_OF_RUN = ("REMOVED", "REMOVING")
Tell = Callable[[str], None]


def resolved(
    railway: RailwayClient, place: ServiceIds, subject: Subject, *, most_skipped: int = MOST_SKIPPED
) -> tuple[Deployment | None, str, int]:
    """Return the deployment that is meant, how it was found, and how many fitted; raise RailwayError."""
    if subject.deployment:
        found = deployment(railway, subject.deployment)
        _check_belongs(railway, place, found)
        return found, "deployment", 1
    listed = _listed(railway, place)
    commit = subject.commit
    if commit is None:
        return next(iter(listed), None), "newest", min(1, len(listed))
    fitting = [item for item in listed if same_commit(item.commit, commit)]
    if not fitting and most_skipped:
        # A service of a monorepo is skipped for most commits.
        found_all = skipped(
            railway, place, most=most_skipped, is_enough=lambda items: _of(items, commit) != []
        )
        fitting = _of(found_all, commit)
    kept = [item for item in fitting if item.status not in _OUT_OF_RUN]
    return next(iter(kept or fitting), None), "commit", len(fitting)


def _listed(railway: RailwayClient, place: ServiceIds) -> tuple[Deployment, ...]:
    """Return the newest deployments; the active ones if Railway's API no longer has the list.

    What came in between is then unknown.
    """
    try:
        return deployments(railway, place, most=MOST_RECENT)[0]
    except RailwayError as error:
        if error.fault.kind != "invalid-query":
            raise
    return tuple(sorted(active_deployments(railway, place), key=created_s, reverse=True))


def _of(items: Sequence[Deployment], commit: str) -> list[Deployment]:
    return [item for item in items if same_commit(item.commit, commit)]


def _check_belongs(railway: RailwayClient, place: ServiceIds, found: Deployment) -> None:
    """Check that a deployment is the service's: by its ids, or by the service's list if they are missing."""
    theirs = (found.service_id, found.environment_id)
    if theirs == (place.service_id, place.environment_id):
        return
    if None in theirs:
        listed, _ = deployments(
            railway, place, most=1, is_enough=lambda items: any(item.id == found.id for item in items)
        )
        if found.status in NOT_DEPLOYED or any(item.id == found.id for item in listed):
            return
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
    """Wait until the subject is no longer in flight; return it with the seconds that this took.

    Waits at most `wait_s` seconds of real time. Raises RailwayError if Railway still refuses us at the end.
    """
    began_s = clock.monotonic_s()
    message, message_s, skips_s = "", began_s, began_s
    while True:
        waited_s = clock.monotonic_s() - began_s
        asks_skips = began_s + waited_s >= skips_s or waited_s >= wait_s
        skips_s += SKIPS_EVERY_S if asks_skips else 0.0
        found, words, error = _tried(railway, place, subject, MOST_SKIPPED_WAITING if asks_skips else 0)
        waited_s = clock.monotonic_s() - began_s
        waits = error is not None or found is None or found.status in IN_FLIGHT
        hopeless = error is not None and error.fault.kind not in _MAY_PASS
        hopeless = hopeless or (found is None and not subject.commit)
        if not waits or hopeless or waited_s >= wait_s or stop.requested:
            if error is not None:
                raise error
            return found, waited_s if message else 0.0
        if words != message or clock.monotonic_s() - message_s >= TELL_EVERY_S:
            left = shown_duration(round(wait_s - waited_s))
            tell(f"{words}; waiting for it, at most {left} more")
            message, message_s = words, clock.monotonic_s()
        pause_s = railway.allowance.pause_s(
            next(pause_s for until_s, pause_s in POLLS_S if waited_s < until_s)
        )
        clock.sleep(min(pause_s, max(0.1, wait_s - waited_s)))


def _tried(
    railway: RailwayClient, place: ServiceIds, subject: Subject, most_skipped: int
) -> tuple[Deployment | None, str, RailwayError | None]:
    try:
        found, _, _ = resolved(railway, place, subject, most_skipped=most_skipped)
    except RailwayError as error:
        return None, error.fault.detail, error
    if found is None:
        return None, f"Railway has no deployment of commit {short(subject.commit)} yet", None
    return found, f"deployment {short(found.id)} is {found.status}", None


def collect_deployment(
    context: Context, offset_s: float, keep: Keep | None = None
) -> tuple[DeploymentObservation]:
    """Take one sample. What cannot be read becomes a note, or the fault if nothing is known without it.

    While one deployment takes over from another, the platform's lists disagree for a moment. So a state that
    is neither live nor clearly over is read twice. A sleeping service is woken first: its slow first response
    would otherwise spoil the samples that follow.
    """
    observation = _woken(context, _observed(context, offset_s))
    platform = context.platform
    if platform is None or observation.fault is not None or context.stop.requested:
        return (observation,)
    stands = standing(observation, platform.subject)
    waking = observation.waking
    was_tried = waking is not None and not waking.is_awake and waking.took_s >= WAKING_S
    if stands.state not in _PASSING_STATES or was_tried:
        return (observation,)
    context.pace.clock.sleep(CONFIRM_S)
    again = _woken(context, _observed(context, offset_s))
    note = f"read twice: {CONFIRM_S:g} s earlier, it was {stands.words}"
    return (again.model_copy(update={"notes": (*again.notes, note)}),)


def _woken(context: Context, observation: DeploymentObservation) -> DeploymentObservation:
    """Add what the service answered when woken, if it may be asleep, as it may be between two samples."""
    subject, settings = observation.deployment, observation.settings
    # Railway may redeploy the same commit by itself; then that deployment is the sleeping one.
    serving = [item for item in (subject, *(observation.active or ())) if item and item.status in LIVE]
    found = next((item for item in serving if subject and is_same_release(item, subject)), None)
    if found is None:
        return observation
    sleeps = found.status == "SLEEPING" or (settings is not None and settings.sleeps is True)
    if not sleeps and not may_sleep(observation.model_copy(update={"deployment": found})):
        return observation
    # If nobody says whether it sleeps, one request is enough: the state is read again in a moment.
    within_s = WAKING_S if sleeps else 0.0
    clock, path = context.pace.clock, _waking_path(context.plan, settings)
    began_s = clock.monotonic_s()
    answers: list[str] = []
    while True:
        exchange = context.probe.ask("GET", path)
        took_s = round(clock.monotonic_s() - began_s, 1)
        is_awake = exchange.fault is None and exchange.status is not None
        words = exchange.fault.detail if exchange.fault else f"HTTP {exchange.status}"
        answers += [words] if words not in answers[-1:] else []
        if is_awake or took_s >= within_s or context.stop.requested:
            break
        clock.sleep(WAKING_PAUSE_S)
    waking = Waking(
        was=found.status, path=path, took_s=took_s, answers=tuple(answers[:MOST_ANSWERS]), is_awake=is_awake
    )
    context.tell(f"deployment: the service sleeps (serverless); {waking_words(waking)}")
    return observation.model_copy(update={"waking": waking})


def _waking_path(plan: Plan, settings: Settings | None) -> str:
    """Return the path to wake the service with: one that the plan requests anyway, else the platform's."""
    paths = (check.path for check in plan.health if check.method == "GET" and check.host is None)
    return next(paths, None) or (settings.healthcheck_path if settings else None) or "/"


def _observed(context: Context, offset_s: float) -> DeploymentObservation:
    platform = context.platform
    at = context.pace.clock.now()
    if platform is None or platform.railway is None or platform.place is None:
        fault = platform.fault if platform else None
        unknown = Fault(kind="no-railway", whose=Whose.US, detail="this run has no connection to Railway")
        return DeploymentObservation(offset_s=offset_s, at=at, fault=fault or unknown)
    first = {"waited_s": platform.waited_s, "judged": platform.judged} if offset_s == 0 else {}
    # Two questions of a sample need the list of deployments.
    railway, place = platform.railway.remembering(), platform.place
    try:
        found, found_by, candidates = resolved(railway, place, platform.subject)
    except RailwayError as error:
        return DeploymentObservation(offset_s=offset_s, at=at, fault=error.fault, **first)
    notes: list[str] = []
    # Needed at the first sample for the rollback options, and at the last one for other releases in between.
    ends = offset_s in (0.0, context.plan.window.offsets_s[-1])
    more = _details(context, railway, place, found, notes, with_history=ends)
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


def _details(
    context: Context,
    railway: RailwayClient,
    place: ServiceIds,
    found: Deployment | None,
    notes: list[str],
    *,
    with_history: bool,
) -> dict[str, Any]:
    """Return everything but the subject itself. Each query that fails leaves a note."""

    def read(what: str, query: Callable[[], Any]) -> Any:
        try:
            return query()
        except RailwayError as error:
            notes.append(f"{what} could not be read: {error.fault.detail}")
            return None

    fields: dict[str, Any] = {
        "active": read("the service's active deployments", lambda: active_deployments(railway, place)),
        "settings": read("the service's settings", lambda: service_settings(railway, place)),
    }
    if with_history:
        recent = read("the earlier deployments", lambda: _history(railway, place, found))
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
    return fields | {"retired": railway.retired}


def _history(
    railway: RailwayClient, place: ServiceIds, found: Deployment | None
) -> tuple[tuple[Deployment, ...], bool]:
    """Return the newest deployments and older live ones, back to one that served before the subject.

    Also returns whether the list is complete.
    """

    def reaches_back(items: Sequence[Deployment]) -> bool:
        return any(_served_before(item, found) for item in items)

    listed, whole = deployments(railway, place, most=MOST_RECENT, is_enough=reaches_back)
    older = [item for item in listed[MOST_RECENT:] if item.status in ONCE_LIVE][:MOST_ONCE_LIVE]
    return (*listed[:MOST_RECENT], *older), whole and len(listed) <= MOST_RECENT + len(older)


def _served_before(item: Deployment, found: Deployment | None) -> bool:
    if found is None or item.id == found.id or item.status not in ONCE_LIVE:
        return found is None
    return created_s(item) < created_s(found) and not same_commit(item.commit, found.commit)


def _is_broken(found: Deployment) -> bool:
    crashed = any(instance.status == "CRASHED" for instance in found.instances or ())
    return found.status in _BROKEN or crashed or (found.stopped is True and found.status == "SUCCESS")


def _redacted(context: Context, entries: Sequence[LogEntry]) -> tuple[Any, ...]:
    return error_lines(
        entry.model_copy(update={"message": context.redact(entry.message)}) for entry in entries
    )
