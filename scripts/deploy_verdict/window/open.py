"""Opening or going on with a session, as the collecting verbs do. The shell's first step."""

from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import (
    EvidenceError,
    UsageError,
)
from deploy_verdict.model import Layout, Subject
from deploy_verdict.plan import Plan, laid_out
from deploy_verdict.redaction.output_guard import cleaned
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages import registry
from deploy_verdict.stages.deployment.state import IN_FLIGHT
from deploy_verdict.window.plan_copy import keep_plan, variables_of
from deploy_verdict.window.plan_file import environment_for, load_plan
from deploy_verdict.window.restore_leftovers import settle_first
from deploy_verdict.window.session import (
    Hands,
    Session,
    check_same,
    open_window,
    read_window,
    started,
    target_of,
)
from deploy_verdict.window.signals import stop_on_signals

if TYPE_CHECKING:
    from deploy_verdict.railway.connection import Link


Tell = Callable[[str], None]


def subject_of(plan: Plan, options: Namespace) -> Subject:
    """What this window is about."""
    named = options.environment or (plan.railway.environment if plan.railway else None)
    return Subject(
        # It may hold a password, and goes into every file; compared with itself, it is the same.
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
    """A session on the window of --out, opened or gone on with; what a dead run left dirty is settled."""
    session = _opened(options, tell, left_out=left_out, log=log, layout=layout)
    settle_first(session)
    return session


def _opened(
    options: Namespace, tell: Tell, *, left_out: Iterable[str], log: Path | None, layout: Layout | None
) -> Session:
    """Open the window of --out, or go on with the one that is there.

    T0 is when the deployment is no longer in flight, where the plan names the platform. A `layout` is for
    a window that is opened; one that is there has its own.
    """
    stop = stop_on_signals()
    hands = Hands(clock=WallClock(stop), stop=stop, tell=tell, environment=environment_for(options.plan))
    file = read_window(options.out)
    target = options.target or (target_of(file) if file else None)
    plan = load_plan(options.plan, file.window.t0 if file else hands.clock.now(), target)
    layout = file.layout if file else layout
    plan = laid_out(plan, layout)
    subject = subject_of(plan, options)
    left_out = checked_stages(plan, left_out)
    link: Link | None = None
    if file is None:
        waited_s = 0.0
        if "deployment" in plan.stages and "deployment" not in left_out:
            link = _link(plan, hands)
            subject, waited_s = _settled(plan, link, subject, hands)
        # First: an opened window always has its plan beside it.
        keep_plan(plan, options.plan, options.out)
        file = open_window(
            plan,
            options.out,
            subject,
            clock=hands.clock,
            speed=options.speed,
            left_out=left_out,
            waited_s=waited_s,
            variables=variables_of(options.plan, hands.environment),
            **_log_at_t0(log),
        )
    else:
        check_same(file, plan, subject, options.out)
    return started(plan, options.out, file, hands, options.history, link)


def _link(plan: Plan, hands: Hands) -> "Link":
    from deploy_verdict.railway.connection import linked  # noqa: PLC0415  # only where the plan has Railway

    redactor = Redactor.from_environment(hands.environment, plan.headers)
    return linked(plan, hands.environment, clock=hands.clock, redactor=redactor)


def _settled(plan: Plan, link: "Link", subject: Subject, hands: Hands) -> tuple[Subject, float]:
    """The subject with its deployment, once that is no longer in flight; trouble is left to the looks."""
    from deploy_verdict.railway import RailwayError  # noqa: PLC0415
    from deploy_verdict.stages.deployment.collect import wait_for_deployment  # noqa: PLC0415  # only where a window is opened

    if link.railway is None or link.place is None:
        hands.tell(f"Railway cannot be asked: {link.fault.detail if link.fault else 'no reason is known'}")
        return subject, 0.0
    try:
        found, waited_s = wait_for_deployment(
            link.railway,
            link.place,
            subject=subject,
            wait_s=plan.railway.wait if plan.railway else 0.0,
            clock=hands.clock,
            stop=hands.stop,
            tell=hands.tell,
        )
    except RailwayError as error:
        hands.tell(f"Railway: {error.fault.detail}")
        return subject, 0.0
    if hands.stop.requested and (found is None or found.status in IN_FLIGHT):
        # A window opened now would begin before the deployment does.
        told = "stopped while the deployment was waited for, and no window was opened"
        raise EvidenceError(f"{told} — run the same command again")
    pinned = found.id if found else subject.deployment
    return subject.model_copy(update={"deployment": pinned}), waited_s


def checked_stages(plan: Plan, stages: Iterable[str]) -> tuple[str, ...]:
    """Stages to leave out, each known to the plan."""
    named: list[str] = []
    groups = registry.groups()
    for stage in stages:
        if stage not in (*registry.names(), *groups):
            known = ", ".join(dict.fromkeys((*registry.names(), *groups)))
            raise UsageError(f"--without {stage}: there is no such stage — known: {known}")
        named += groups.get(stage, (stage,))
    if not set(plan.stages) - set(named):
        raise UsageError("every stage is left out, so there is nothing to judge — drop one --without")
    return tuple(stage for stage in dict.fromkeys(named) if stage in plan.stages)


def _log_at_t0(log: Path | None) -> dict[str, object]:
    """The log as it is at T0, for undated lines beyond it and so that no rotation goes unseen."""
    if log is None or not log.is_file():
        return {}
    from deploy_verdict.stages.logs.review import head_of  # noqa: PLC0415  # only where there is a log

    size = log.stat().st_size
    return {"log_bytes_at_t0": size, "log_head_at_t0": head_of(log, size)}
