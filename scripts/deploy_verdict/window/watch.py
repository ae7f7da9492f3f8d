"""The whole window in one process: every look at its time, in the order of the plan."""

from dataclasses import dataclass
from pathlib import Path

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.model import DeploymentObservation, Loaded, Verdict
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.stages.deployment.state import NOT_BEGUN, OVER, standing
from deploy_verdict.stages.registry import Late, at_end, named
from deploy_verdict.window.captured_runs import keep_capture, with_captures
from deploy_verdict.window.collect import collect
from deploy_verdict.window.evidence_store import read_attempts
from deploy_verdict.window.judge_directory import read_bundle, remember_verdict, write_reports, write_verdict
from deploy_verdict.window.progress_display import ProgressDisplay
from deploy_verdict.window.schedule import ScheduledSample, looks
from deploy_verdict.window.session import Session, finish, is_taken


@dataclass(frozen=True)
class Watched:
    """How the watch went: `whole` unless somebody stopped it; `ended` says why it ended early."""

    whole: bool
    ended: str | None = None


def watch(session: Session, progress: ProgressDisplay, logs: Path | None) -> Watched:
    """Take every look that is not taken yet, until the window's end or the deployment's."""
    left_out = session.file.left_out
    _announce(session, progress, logs)
    ended = _look(session, progress)
    if ended is None:
        session.pace.wait_until(session.plan.window.length)
    stopped = session.stop.requested
    for stage in at_end():
        if stage.name in session.plan.stages and stage.name not in left_out:
            collect(session, stage.name, session.plan.window.length, logs)
    return Watched(whole=not stopped, ended=ended)


def _look(session: Session, progress: ProgressDisplay) -> str | None:
    """Every look at its time; why there is nothing left to look at, when that is so."""
    for look in looks(session.plan, session.file.left_out):
        if is_taken(session, look.stage, look.offset_s):
            progress.took()
            over = _over(session, look, progress) if look.stage == "deployment" else None
            if over is not None:
                return over
            continue
        progress.due(look.offset_s)
        session.pace.wait_until(look.offset_s)
        if session.stop.requested:
            return None
        late_s = session.pace.offset_s() - look.offset_s
        if named(look.stage).late is Late.MISSED and late_s > tolerance_s(session.file.window, look.offset_s):
            progress.tell(f"{look.stage}: missed: due {shown_duration(late_s)} ago, too late to count")
            continue
        collect(session, look.stage, look.offset_s)
        progress.took()
        if look.stage == "health":
            progress.tell(f"health {shown_offset(look.offset_s)}: {len(session.plan.health)} checks asked")
        if look.stage == "deployment":
            over = _over(session, look, progress)
            if over is not None:
                return over
    return None


def _over(session: Session, look: ScheduledSample, progress: ProgressDisplay) -> str | None:
    """Why a window on this deployment is over, after a look at it; None while it goes on."""
    files = read_attempts(session.evidence_dir, look.stage, look.offset_s)
    seen = [
        observation
        for item in files
        if isinstance(item, Loaded)
        for observation in item.evidence.observations
    ]
    for observation in seen:
        if isinstance(observation, DeploymentObservation):
            stands = standing(observation, session.file.subject)
            progress.tell(f"deployment {shown_offset(look.offset_s)}: {stands.words}")
            if stands.state in OVER or (look.offset_s == 0 and stands.state in NOT_BEGUN):
                progress.tell("there is nothing left to watch, so the window ends here")
                return f"{stands.words} (seen at {shown_offset(look.offset_s)})"
    return None


def _announce(session: Session, progress: ProgressDisplay, logs: Path | None) -> None:
    """Say what begins, and at once what will be missing at the end."""
    plan, window = session.plan, session.file.window
    told = f"watching {session.redactor.text(plan.service.base_url)} for {shown_duration(plan.window.length)}"
    if window.speed > 1:
        told += f", {window.speed:g} times as fast"
    progress.tell(f"{told}; Ctrl-C stops, and the same command goes on")
    if "logs" in plan.stages and "logs" not in session.file.left_out:
        if logs is None and plan.railway is None:
            progress.tell(
                "no --logs FILE is given, so the log review will be inconclusive (or: --without logs)"
            )
        elif logs is not None and not logs.is_file():
            progress.tell(
                f"{logs}: there is no such file yet; without it the log review will be inconclusive"
            )


@dataclass(frozen=True, kw_only=True)
class WindowResult:
    """What came of it."""

    verdict: Verdict
    report: Path


def end_window(session: Session, watched: Watched, plan: Path, capture: Path | None) -> WindowResult:
    """Judge and render; a whole window is closed and, where asked, kept as a captured run."""
    file = session.file.model_copy(update={"ended": watched.ended})
    bundle = with_captures(read_bundle(session.plan, session.out, file, file.left_out), plan.parent)
    now = session.pace.clock.now()
    verdict = write_verdict(bundle, session.out, now, interrupted=not watched.whole)
    report = write_reports(bundle, verdict, session.out, now)
    remember_verdict(bundle, verdict, session.history)
    if watched.whole:
        finish(session.out, file)
        if capture is not None:
            keep_capture(bundle, verdict, capture)
            session.tell(f"kept as {capture}")
    else:
        session.tell("stopped before the window's end; the same command goes on with it")
    return WindowResult(verdict=verdict, report=report)
