"""Opening or going on with a session, as the collecting scripts do. The shell's first step."""

from argparse import Namespace
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy_verdict.cli import load_plan, stop_on_signals
from deploy_verdict.clock import WallClock
from deploy_verdict.errors import UsageError
from deploy_verdict.evidence import write_json
from deploy_verdict.model import STAGES, Subject, WindowFile
from deploy_verdict.plan import Plan
from deploy_verdict.session import WINDOW_FILE, Session, check_same, open_window, read_window, started


def subject_of(plan: Plan, options: Namespace) -> Subject:
    """What this window is about."""
    named = options.environment or (plan.railway.environment if plan.railway else None)
    return Subject(
        target=plan.service.base_url, service=plan.service.name, environment=named, commit=options.commit
    )


def open_session(
    options: Namespace,
    tell: Callable[[str], None],
    *,
    left_out: Iterable[str] = (),
    log: Path | None = None,
) -> Session:
    """Open the window of --out, or go on with the one that is there."""
    stop = stop_on_signals()
    clock = WallClock(stop)
    file = read_window(options.out)
    plan = load_plan(options.plan, file.window.t0 if file else clock.now(), options.target)
    subject = subject_of(plan, options)
    left_out = checked_stages(plan, left_out)
    if file is None:
        file = open_window(plan, options.out, subject, clock=clock, speed=options.speed, left_out=left_out)
        file = _with_log_size(file, options.out, log)
    else:
        check_same(file, plan, subject, options.out)
    return started(plan, options.out, file, clock=clock, stop=stop, tell=tell)


def checked_stages(plan: Plan, stages: Iterable[str]) -> tuple[str, ...]:
    """Stages to leave out, each known to the plan."""
    named = tuple(dict.fromkeys(stages))
    for stage in named:
        if stage not in STAGES:
            raise UsageError(f"--without {stage}: there is no such stage — known: {', '.join(STAGES)}")
    if not set(plan.stages) - set(named):
        raise UsageError("every stage is left out, so there is nothing to judge — drop one --without")
    return tuple(stage for stage in named if stage in plan.stages)


def _with_log_size(file: WindowFile, out: Path, log: Path | None) -> WindowFile:
    """Remember the log as it is at T0, for undated lines beyond it and so that no rotation goes unseen."""
    if log is None or not log.is_file():
        return file
    from deploy_verdict.collectors.logs import head_of  # noqa: PLC0415  # only where there is a log

    size = log.stat().st_size
    file = file.model_copy(update={"log_bytes_at_t0": size, "log_head_at_t0": head_of(log, size)})
    write_json(out / WINDOW_FILE, file)
    return file
