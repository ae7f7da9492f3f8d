"""Opens a window, or continues the one in --out: the first step of every command that collects."""

from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import (
    EvidenceError,
    UsageError,
)
from deploy_verdict.model import Layout, LogAtT0, Subject
from deploy_verdict.plan import Plan, laid_out
from deploy_verdict.redaction.output_guard import cleaned
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages import registry
from deploy_verdict.stages.deployment.state import IN_FLIGHT
from deploy_verdict.window.directory.plan_file import environment_for, keep_plan, load_plan, variables_of
from deploy_verdict.window.directory.session import (
    Runtime,
    Session,
    check_same,
    open_window,
    read_window,
    start_session,
    target_of,
)
from deploy_verdict.window.sampling.restore_leftovers import restore_leftovers
from deploy_verdict.window.sampling.signals import stop_on_signals

if TYPE_CHECKING:
    from deploy_verdict.railway.connection import RailwayConnection

Tell = Callable[[str], None]


def subject_of(plan: Plan, options: Namespace) -> Subject:
    """Return the service and deployment that this window verifies."""
    named = options.environment or (plan.railway.environment if plan.railway else None)
    return Subject(
        # The address may hold a password and goes into every file; cleaning it twice changes nothing.
        target=cleaned(plan.service.base_url),
        service=plan.service.name,
        environment=named,
        commit=options.commit,
        deployment=options.deployment,
    )


def open_session(
    options: Namespace,
    tell: Tell,
    *,
    left_out: Iterable[str] = (),
    log: Path | None = None,
    layout: Layout | None = None,
) -> Session:
    """Open or continue the window of --out, and restore what a run that died left dirty."""
    session = _session(options, tell, left_out=left_out, log=log, layout=layout)
    restore_leftovers(session)
    return session


def _session(
    options: Namespace, tell: Tell, *, left_out: Iterable[str], log: Path | None, layout: Layout | None
) -> Session:
    """Open a window in --out, or continue the one that is there.

    Where the plan names Railway, T0 waits until the deployment is no longer in flight. `layout` applies to a
    new window only; an earlier one has its own.
    """
    stop = stop_on_signals()
    runtime = Runtime(clock=WallClock(stop), stop=stop, tell=tell, environment=environment_for(options.plan))
    file = read_window(options.out)
    target = options.target or (target_of(file) if file else None)
    plan = load_plan(options.plan, file.window.t0 if file else runtime.clock.now(), target)
    layout = file.layout if file else layout
    plan = laid_out(plan, layout)
    subject = subject_of(plan, options)
    left_out = checked_stages(plan, left_out)
    railway: RailwayConnection | None = None
    if file is None:
        waited_s = 0.0
        if "deployment" in plan.stages and "deployment" not in left_out:
            railway = _connection(plan, runtime)
            subject, waited_s = _deployed_subject(plan, railway, subject, runtime)
        # Before the window, so that an opened window always has its plan beside it.
        keep_plan(plan, options.plan, options.out)
        file = open_window(
            plan,
            options.out,
            subject,
            clock=runtime.clock,
            speed=options.speed,
            left_out=left_out,
            waited_s=waited_s,
            variables=variables_of(options.plan, runtime.environment),
            **_logs_at_t0(plan, log),
        )
    else:
        check_same(file, plan, subject, options.out)
    return start_session(plan, options.out, file, runtime, options.history, railway)


def _connection(plan: Plan, runtime: Runtime) -> "RailwayConnection":
    from deploy_verdict.railway.connection import connect_to_service  # noqa: PLC0415  # only where the plan has Railway

    redactor = Redactor.from_environment(runtime.environment, plan.headers)
    return connect_to_service(plan, runtime.environment, clock=runtime.clock, redactor=redactor)


def _deployed_subject(
    plan: Plan, railway: "RailwayConnection", subject: Subject, runtime: Runtime
) -> tuple[Subject, float]:
    """Wait until the deployment is no longer in flight; return the subject and the wait in seconds.

    Where Railway refuses, the samples record that as a fault.
    """
    from deploy_verdict.railway import RailwayError  # noqa: PLC0415
    from deploy_verdict.stages.deployment.collect import wait_for_deployment  # noqa: PLC0415  # only where a window is opened

    if railway.client is None or railway.place is None:
        runtime.tell(f"cannot use Railway: {railway.fault.detail if railway.fault else 'unknown reason'}")
        return subject, 0.0
    try:
        found, waited_s = wait_for_deployment(
            railway.client,
            railway.place,
            subject=subject,
            wait_s=plan.railway.wait if plan.railway else 0.0,
            clock=runtime.clock,
            stop=runtime.stop,
            tell=runtime.tell,
        )
    except RailwayError as error:
        runtime.tell(f"Railway: {error.fault.detail}")
        return subject, 0.0
    if runtime.stop.requested and (found is None or found.status in IN_FLIGHT):
        # A window opened now would begin before the deployment does.
        reason = "stopped while waiting for the deployment; no window was opened"
        raise EvidenceError(f"{reason} — run the same command again")
    pinned = found.id if found else subject.deployment
    return subject.model_copy(update={"deployment": pinned}), waited_s


def checked_stages(plan: Plan, stages: Iterable[str]) -> tuple[str, ...]:
    """Return the stages to leave out, with groups resolved; raise UsageError for an unknown one."""
    named: list[str] = []
    groups = registry.groups()
    for stage in stages:
        if stage not in (*registry.names(), *groups):
            known = ", ".join(dict.fromkeys((*registry.names(), *groups)))
            raise UsageError(f"--without {stage}: no such stage — known: {known}")
        named += groups.get(stage, (stage,))
    if not set(plan.stages) - set(named):
        raise UsageError("--without leaves out every stage, so there is nothing to judge — drop one of them")
    return tuple(stage for stage in dict.fromkeys(named) if stage in plan.stages)


def _logs_at_t0(plan: Plan, log: Path | None) -> dict[str, object]:
    """Return the size and head of the log files at T0: the service's own and the plan's others that exist."""
    others = {other.name: Path(other.file) for other in plan.logs.sources if other.file} if plan.logs else {}
    found = {name: at for name, path in others.items() if (at := _at_t0(path)) is not None}
    own = _at_t0(log) if log is not None else None
    return {
        "log_bytes_at_t0": own.size if own else None,
        "log_head_at_t0": own.head if own else None,
        "other_logs_at_t0": found,
    }


def _at_t0(log: Path) -> LogAtT0 | None:
    if not log.is_file():
        return None
    from deploy_verdict.stages.logs.counting.review import head_of  # noqa: PLC0415  # only where there is a log

    size = log.stat().st_size
    return LogAtT0(size=size, head=head_of(log, size))
