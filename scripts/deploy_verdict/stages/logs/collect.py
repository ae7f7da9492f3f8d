"""The logs stage: the window's log, and that of the time before the deployment, of a file or the platform.

During the window it reads what is new, of the window's log alone.
"""

from datetime import datetime, timedelta

from deploy_verdict.base.units import shown_offset
from deploy_verdict.model import Fault, LogObservation, Whose, WindowFile
from deploy_verdict.model.logs import COMPLETE
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.model.window import CUT_TIMES
from deploy_verdict.plan import Logs, Novelty
from deploy_verdict.stages.context import Context, Keep
from deploy_verdict.stages.deployment.state import before, deployment_readings
from deploy_verdict.stages.logs.review import FileSource, LogSource, RefusedSource, review, review_before


def collect_logs(context: Context, offset_s: float, keep: Keep) -> tuple[LogObservation, ...]:
    """Review the log at the window's end, or what is new of it before: of a file, or else of the platform."""
    logs, file = context.plan.logs, context.file
    if logs is None or file is None:
        return ()
    since, end = context.since, context.pace.clock.now()
    observation = review(
        logs,
        _source(context, file, end),
        start=since or file.window.t0,
        end=end,
        speed=file.window.speed,
        redact=context.redact,
        check=INTERIM if since else COMPLETE,
    )
    if since is not None:
        new = f"{observation.lines_in_window} lines since {since:%H:%M:%SZ} in {observation.source}"
        context.tell(f"logs {shown_offset(offset_s)}: {new}")
        return (observation,)
    # The window's own log is safe before another one is read.
    keep((observation,))
    earlier = _before(context, file, logs)
    context.tell(f"logs: {observation.lines_in_window} lines of the window in {observation.source}")
    text = earlier.fault.detail if earlier.fault else f"{earlier.lines_in_window} lines in {earlier.source}"
    context.tell(f"logs before the deployment: {text}")
    return observation, earlier


def _source(context: Context, file: WindowFile, end: datetime) -> LogSource:
    """The file where one is given, else the platform where it can be queried."""
    if context.log is not None:
        return FileSource(
            context.log,
            undated_from_byte=file.log_bytes_at_t0,
            head_at_t0=file.log_head_at_t0,
            only_new=context.since is not None,
            ends=end,
        )
    platform = context.platform
    if platform is None or platform.railway is None or not platform.deployment_ids:
        return RefusedSource(platform.fault if platform else None)
    from deploy_verdict.stages.logs.railway_source import RailwaySource  # noqa: PLC0415  # only with a platform

    return RailwaySource(
        platform.railway,
        platform.deployment_ids,
        end=end,
        window_start=file.window.t0,
        tier=context.plan.railway.tier if context.plan.railway else None,
        start=context.since,
        tell=context.tell,
    )


def _before(context: Context, file: WindowFile, logs: Logs) -> LogObservation:
    """The time before the deployment: of the same file, or of the deployment that served until then."""
    length = timedelta(seconds=(logs.novelty or Novelty()).before)
    # The window's own reading begins a moment early.
    end = file.window.t0 - 2 * CUT_TIMES
    source: LogSource
    if context.log is not None:
        source = FileSource(context.log, ends=file.window.t0)
    else:
        source, end = _earlier_deployment(context, file, end, length)
    return review_before(logs, source, start=end - length, end=end, redact=context.redact)


def _earlier_deployment(
    context: Context, file: WindowFile, end: datetime, length: timedelta
) -> tuple[LogSource, datetime]:
    """Its log, and until when it served alone."""
    platform = context.platform
    readings = deployment_readings(context.evidence())
    reading = next((item for item in readings if item.deployment and item.recent), None)
    if platform is None or platform.railway is None or reading is None or reading.deployment is None:
        fault = platform.fault if platform else None
        return RefusedSource(fault or _unknown("no sample of the deployment lists earlier ones")), end
    earlier = before(reading.deployment, reading.recent)
    if earlier is None:
        return RefusedSource(_unknown("the platform lists none that was live")), end
    if reading.deployment.created_at is not None:
        end = min(end, reading.deployment.created_at)
    from deploy_verdict.stages.logs.railway_source import RailwaySource  # noqa: PLC0415  # only with a platform

    source = RailwaySource(
        platform.railway,
        (earlier.id,),
        start=end - length,
        end=end,
        window_start=file.window.t0 - length,
        tier=context.plan.railway.tier if context.plan.railway else None,
        tell=context.tell,
    )
    return source, end


def _unknown(reason: str) -> Fault:
    detail = f"the deployment before this one is not known: {reason}"
    return Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
