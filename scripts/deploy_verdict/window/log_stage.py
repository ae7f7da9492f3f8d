"""The logs stage: the window's log, and that of the time before the deployment, of a file or the platform."""

from datetime import datetime, timedelta
from pathlib import Path

from deploy_verdict.model import Fault, LogObservation, Whose
from deploy_verdict.plan import Logs, Novelty
from deploy_verdict.stages.deployment.state import before
from deploy_verdict.stages.logs.collect import FileSource, LogSource, RefusedSource, review, review_before
from deploy_verdict.stages.logs.tally import CUT_TIMES
from deploy_verdict.window.collect import deployment_looks, platform_of
from deploy_verdict.window.session import Session, Sheet


def collect_logs(session: Session, path: Path | None) -> Path:
    """Review the log at the window's end: of a file, or else of the platform."""
    offset_s = session.plan.window.length
    sheet = Sheet(session, "logs", offset_s)
    logs = session.plan.logs
    if logs is None:
        return sheet.path
    end = session.pace.clock.now()
    source = _source(session, path, end)
    if source is None:
        return sheet.path
    observation = review(
        logs,
        source,
        start=session.file.window.t0,
        end=end,
        speed=session.file.window.speed,
        redact=session.redactor.text,
    )
    # The window's own log is safe before another one is read.
    sheet.save((observation,), interrupted=True)
    earlier = _before(session, logs, path)
    sheet.save((observation, earlier), interrupted=False)
    session.tell(f"logs: {observation.lines_in_window} lines of the window in {observation.source}")
    told = earlier.fault.detail if earlier.fault else f"{earlier.lines_in_window} lines in {earlier.source}"
    session.tell(f"logs before the deployment: {told}")
    return sheet.path


def _source(session: Session, path: Path | None, end: datetime) -> LogSource | None:
    """The file where one is given, else the platform where it can be asked, else none."""
    if path is not None:
        return FileSource(
            path,
            undated_from_byte=session.file.log_bytes_at_t0,
            head_at_t0=session.file.log_head_at_t0,
        )
    if session.plan.railway is None:
        return None
    platform = platform_of(session)
    if platform.railway is None or not platform.deployment_ids:
        return RefusedSource(platform.fault)
    from deploy_verdict.stages.logs.railway_source import RailwaySource  # noqa: PLC0415  # only with a platform

    return RailwaySource(
        platform.railway,
        platform.deployment_ids,
        end=end,
        window_start=session.file.window.t0,
        tier=session.plan.railway.tier,
        tell=session.tell,
    )


def _before(session: Session, logs: Logs, path: Path | None) -> LogObservation:
    """The time before the deployment: of the same file, or of the deployment that served until then."""
    length = timedelta(seconds=(logs.novelty or Novelty()).before)
    # The window's own reading begins a moment early.
    end = session.file.window.t0 - 2 * CUT_TIMES
    source: LogSource
    if path is not None:
        source = FileSource(path)
    else:
        source, end = _earlier_deployment(session, end, length)
    return review_before(logs, source, start=end - length, end=end, redact=session.redactor.text)


def _earlier_deployment(session: Session, end: datetime, length: timedelta) -> tuple[LogSource, datetime]:
    """Its log, and until when it served alone."""
    platform = platform_of(session)
    look = next((item for item in deployment_looks(session) if item.deployment and item.recent), None)
    if platform.railway is None or look is None or look.deployment is None:
        return RefusedSource(platform.fault or _unknown("no look at the platform lists earlier ones")), end
    earlier = before(look.deployment, look.recent)
    if earlier is None:
        return RefusedSource(_unknown("the platform lists none that was live")), end
    if look.deployment.created_at is not None:
        end = min(end, look.deployment.created_at)
    from deploy_verdict.stages.logs.railway_source import RailwaySource  # noqa: PLC0415  # only with a platform

    source = RailwaySource(
        platform.railway,
        (earlier.id,),
        start=end - length,
        end=end,
        window_start=session.file.window.t0 - length,
        tier=session.plan.railway.tier if session.plan.railway else None,
        tell=session.tell,
    )
    return source, end


def _unknown(reason: str) -> Fault:
    detail = f"the deployment before this one is not known: {reason}"
    return Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
