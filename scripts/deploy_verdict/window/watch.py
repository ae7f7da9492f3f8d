"""The complete window in one process: every sample at its time, in the order of the plan."""

from dataclasses import dataclass
from pathlib import Path

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.model import DeploymentObservation, Loaded, Verdict
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.stages.deployment.state import NOT_BEGUN, OVER, standing
from deploy_verdict.stages.registry import Late, at_end, is_at_end, named
from deploy_verdict.window.captured_runs import keep_capture, with_captures
from deploy_verdict.window.collect import collect, has_source
from deploy_verdict.window.evidence_store import read_attempts
from deploy_verdict.window.heartbeat import Heartbeat
from deploy_verdict.window.judge_directory import read_bundle, remember_verdict, write_reports, write_verdict
from deploy_verdict.window.progress_display import ProgressDisplay
from deploy_verdict.window.sample import missed
from deploy_verdict.window.sample_results import OnAlarm, SampleResults
from deploy_verdict.window.schedule import ScheduledSample, interim_readings, looks
from deploy_verdict.window.session import Session, finish, is_taken


@dataclass(frozen=True)
class WatchResult:
    """How the watch went: `complete` unless it was interrupted; `ended` says why it ended early."""

    complete: bool
    ended: str | None = None


def watch(
    session: Session, progress: ProgressDisplay, logs: Path | None, on_alarm: OnAlarm = lambda *_: None
) -> WatchResult:
    """Take every sample that is not taken yet, until the window or the deployment ends.

    `on_alarm` is called once, with the evidence so far, when something has failed for good.
    """
    left_out = session.file.left_out
    _announce(session, progress, logs)
    heartbeat = Heartbeat(session)
    ended = _take_samples(session, heartbeat, progress, logs, SampleResults(session, progress.tell, on_alarm))
    if ended is None:
        heartbeat.wait_until(session.plan.window.length)
    stopped = session.stop.requested
    for stage in at_end():
        if stage.name in session.plan.stages and stage.name not in left_out:
            collect(session, stage.name, session.plan.window.length, logs)
    return WatchResult(complete=not stopped, ended=ended)


def _take_samples(
    session: Session,
    heartbeat: Heartbeat,
    progress: ProgressDisplay,
    logs: Path | None,
    results: SampleResults,
) -> str | None:
    """Take every sample at its time; returns why there is nothing left to watch, or None."""
    plan, left_out = session.plan, session.file.left_out
    for sample in sorted((*looks(plan, left_out), *interim_readings(plan, left_out))):
        if is_at_end(sample.stage):
            if _read_what_is_new(session, heartbeat, sample, logs):
                ended = results.after(sample.stage, sample.offset_s)
                if ended is not None:
                    return ended
            continue
        if is_taken(session, sample.stage, sample.offset_s):
            progress.took()
            over = _over(session, sample, progress) if sample.stage == "deployment" else None
            if over is not None:
                return over
            continue
        progress.due(sample.offset_s)
        heartbeat.wait_until(sample.offset_s)
        if session.stop.requested:
            return None
        late_s = session.pace.offset_s() - sample.offset_s
        if named(sample.stage).late is Late.MISSED and late_s > tolerance_s(
            session.file.window, sample.offset_s
        ):
            progress.tell(f"{sample.stage} {shown_offset(sample.offset_s)}: {missed(late_s)}")
            continue
        collect(session, sample.stage, sample.offset_s)
        progress.took()
        over = _over(session, sample, progress) if sample.stage == "deployment" else None
        ended = results.after(sample.stage, sample.offset_s)
        if over is not None or ended is not None:
            return over or ended
    return None


def _read_what_is_new(
    session: Session, heartbeat: Heartbeat, sample: ScheduledSample, logs: Path | None
) -> bool:
    """Read what the log, the edge and the metrics have by now; whether there was something to read.

    One that is too late is part of the next.
    """
    if is_taken(session, sample.stage, sample.offset_s):
        return False
    heartbeat.wait_until(sample.offset_s)
    late_s = session.pace.offset_s() - sample.offset_s
    if session.stop.requested or late_s > tolerance_s(session.file.window, sample.offset_s):
        return False
    if not has_source(session, sample.stage, logs):
        return False
    collect(session, sample.stage, sample.offset_s, logs)
    return True


def _over(session: Session, sample: ScheduledSample, progress: ProgressDisplay) -> str | None:
    """Why this sample of the deployment ends the window; None while it goes on."""
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
            progress.tell(f"deployment {shown_offset(sample.offset_s)}: {stands.words}")
            if stands.state in OVER or (sample.offset_s == 0 and stands.state in NOT_BEGUN):
                progress.tell("nothing left to watch, so the window ends here")
                return f"{stands.words} (seen at {shown_offset(sample.offset_s)})"
    return None


def _announce(session: Session, progress: ProgressDisplay, logs: Path | None) -> None:
    """Say what starts, and what the verdict will lack at the end."""
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
    """The verdict of a window, and its report's path."""

    verdict: Verdict
    report: Path


def end_window(session: Session, watched: WatchResult, plan: Path, capture: Path | None) -> WindowResult:
    """Judge and render; close a complete window and, where requested, save it as a captured run."""
    file = session.file.model_copy(update={"ended": watched.ended})
    bundle = with_captures(read_bundle(session.plan, session.out, file, file.left_out), plan.parent)
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
    return WindowResult(verdict=verdict, report=report)
