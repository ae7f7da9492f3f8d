"""Watches the complete window in one process: every sample at its time, in the order of the plan."""

from dataclasses import dataclass, replace
from pathlib import Path

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.model import DeploymentObservation, Loaded, Verdict
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.report.ending import ending
from deploy_verdict.stages.deployment.state import NOT_BEGUN, OVER, standing
from deploy_verdict.stages.registry import at_end, is_at_end, named
from deploy_verdict.stages.stage import Late, Stage
from deploy_verdict.window.directory.captured_runs import keep_capture, with_captures
from deploy_verdict.window.directory.evidence_store import read_attempts
from deploy_verdict.window.directory.session import Session, finish, is_taken
from deploy_verdict.window.judge_directory import (
    read_bundle,
    remember_verdict,
    with_earlier,
    write_reports,
    write_verdict,
)
from deploy_verdict.window.sampling.collect import collect, has_source
from deploy_verdict.window.sampling.heartbeat import Heartbeat
from deploy_verdict.window.sampling.progress_display import ProgressDisplay
from deploy_verdict.window.sampling.sample import missed
from deploy_verdict.window.sampling.sample_results import OnAlarm, SampleResults
from deploy_verdict.window.sampling.schedule import ScheduledSample, interim_readings, scheduled_samples


@dataclass(frozen=True)
class WatchResult:
    """How the watch went: `complete` unless it was interrupted; `ended` says why it ended early."""

    complete: bool
    ended: str | None = None


def watch(
    session: Session,
    progress: ProgressDisplay,
    logs: Path | None,
    on_alarm: OnAlarm = lambda *_: None,
    *,
    keep_watching: bool = False,
) -> WatchResult:
    """Take every sample that is not taken yet, until the window or the deployment ends.

    Call `on_alarm` once, with the evidence so far, at the first failure that no later sample can undo. A
    service that is down from T+0 on ends the window, unless `keep_watching`.
    """
    session = replace(session, detail=progress.detail)
    _announce(session, progress, logs)
    heartbeat = Heartbeat(session)
    results = SampleResults(session, progress, on_alarm, keep_watching=keep_watching)
    ended = _take_samples(session, heartbeat, progress, logs, results)
    if not session.stop.requested:
        ended = ended or results.rest()
    if ended is None:
        if not session.stop.requested:
            progress.due(session.plan.window.length, [stage.name for stage in _read_at_end(session)])
        heartbeat.wait_until(session.plan.window.length)
    else:
        progress.tell(f"the window ends here: {ended}")
    stopped = session.stop.requested
    for stage in _read_at_end(session):
        progress.runs(f"{stage.title}, of the complete window")
        collect(session, stage.name, session.plan.window.length, logs)
    return WatchResult(complete=not stopped, ended=ended)


def _read_at_end(session: Session) -> list[Stage]:
    left_out = session.file.left_out
    return [stage for stage in at_end() if stage.name in session.plan.stages and stage.name not in left_out]


def _take_samples(
    session: Session,
    heartbeat: Heartbeat,
    progress: ProgressDisplay,
    logs: Path | None,
    results: SampleResults,
) -> str | None:
    """Take every sample at its time; return why there is nothing left to watch, or None."""
    plan, left_out = session.plan, session.file.left_out
    scheduled = sorted((*scheduled_samples(plan, left_out), *interim_readings(plan, left_out)))
    for sample in scheduled:
        if not is_taken(session, sample.stage, sample.offset_s):
            progress.due(sample.offset_s, [one.stage for one in scheduled if one.offset_s == sample.offset_s])
        if is_at_end(sample.stage):
            is_judged = _read_what_is_new(session, heartbeat, progress, sample, logs)
        else:
            is_judged = _take_sample(session, heartbeat, progress, sample)
        over = _why_over(session, sample) if sample.stage == "deployment" else None
        ended = results.after(sample.stage, sample.offset_s) if is_judged else None
        if over is not None or ended is not None:
            return over or ended
        if session.stop.requested:
            return None
    return None


def _take_sample(
    session: Session, heartbeat: Heartbeat, progress: ProgressDisplay, sample: ScheduledSample
) -> bool:
    """Take one sample at its time unless it exists or is too late; return whether it was taken now."""
    if is_taken(session, sample.stage, sample.offset_s):
        progress.took()
        return False
    heartbeat.wait_until(sample.offset_s)
    if session.stop.requested:
        return False
    late_s = session.pace.offset_s() - sample.offset_s
    is_late = late_s > tolerance_s(session.file.window, sample.offset_s)
    if is_late and named(sample.stage).late is Late.MISSED:
        progress.tell(f"{sample.stage} {shown_offset(sample.offset_s)}: {missed(late_s)}")
        return False
    _collect(session, progress, sample, None)
    progress.took()
    return True


def _collect(session: Session, progress: ProgressDisplay, sample: ScheduledSample, logs: Path | None) -> None:
    """Take one sample and show that it is running."""
    progress.runs(f"{named(sample.stage).title} at {shown_offset(sample.offset_s)}")
    collect(session, sample.stage, sample.offset_s, logs)
    progress.runs("")


def _read_what_is_new(
    session: Session,
    heartbeat: Heartbeat,
    progress: ProgressDisplay,
    sample: ScheduledSample,
    logs: Path | None,
) -> bool:
    """Read what the log, the edge and the metrics have by now; return whether there was something to read.

    A reading that is too late is left to the next one.
    """
    if is_taken(session, sample.stage, sample.offset_s):
        return False
    heartbeat.wait_until(sample.offset_s)
    late_s = session.pace.offset_s() - sample.offset_s
    if session.stop.requested or late_s > tolerance_s(session.file.window, sample.offset_s):
        return False
    if not has_source(session, sample.stage, logs):
        return False
    _collect(session, progress, sample, logs)
    return True


def _why_over(session: Session, sample: ScheduledSample) -> str | None:
    """Return why this sample of the deployment ends the window; None while it goes on."""
    files = read_attempts(session.evidence_dir, sample.stage, sample.offset_s)
    observations = [
        observation
        for item in files
        if isinstance(item, Loaded)
        for observation in item.evidence.observations
    ]
    for observation in observations:
        if isinstance(observation, DeploymentObservation):
            stands = standing(observation, session.file.subject)
            if stands.state in OVER or (sample.offset_s == 0 and stands.state in NOT_BEGUN):
                return f"{stands.words} (seen at {shown_offset(sample.offset_s)})"
    return None


def _announce(session: Session, progress: ProgressDisplay, logs: Path | None) -> None:
    """Print what starts, and what the verdict will lack."""
    plan, window = session.plan, session.file.window
    text = f"watching {session.redactor.text(plan.service.base_url)} for {shown_duration(plan.window.length)}"
    if window.speed > 1:
        text += f", {window.speed:g} times as fast"
    progress.tell(f"{text}; Ctrl-C interrupts, the same command resumes")
    if "logs" in plan.stages and "logs" not in session.file.left_out:
        if logs is None and plan.railway is None:
            progress.tell(
                "no --logs FILE, so the log review will be inconclusive (to leave it out: --without logs)"
            )
        elif logs is not None and not logs.is_file():
            progress.tell(f"{logs}: no such file yet; without it the log review will be inconclusive")


@dataclass(frozen=True, kw_only=True)
class WindowResult:
    """The verdict of a window, its report's path, and the lines printed at the end."""

    verdict: Verdict
    report: Path
    ending: tuple[str, ...]


def end_window(session: Session, watched: WatchResult, plan: Path, capture: Path | None) -> WindowResult:
    """Judge and report; close a complete window and, if requested, save it as a captured run."""
    file = session.file.model_copy(update={"ended": watched.ended})
    bundle = with_captures(read_bundle(session.plan, session.out, file, file.left_out), plan.parent)
    bundle = with_earlier(bundle, session.history)
    now = session.pace.clock.now()
    verdict = write_verdict(bundle, session.out, now, interrupted=not watched.complete)
    report = write_reports(bundle, verdict, session.out, now)
    remember_verdict(bundle, verdict, session.history)
    if watched.complete:
        finish(session.out, file)
        if capture is not None:
            keep_capture(bundle, verdict, capture)
            session.tell(f"saved as {capture}")
    else:
        session.tell(
            "interrupted before the window's end; samples so far are saved. Run the same command to resume"
        )
    return WindowResult(verdict=verdict, report=report, ending=ending(bundle, verdict, now, str(session.out)))
