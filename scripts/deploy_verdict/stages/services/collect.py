"""Collects what the platform says of other services of the project at each sample. No opinions."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from deploy_verdict.model import Fault, LogLine, NeighbourService, ServicesObservation, Whose
from deploy_verdict.railway import RailwayClient, RailwayError, ServiceIds, deploy_log, metrics, services_now
from deploy_verdict.stages.context import Context, Keep
from deploy_verdict.stages.deployment.collect import MAX_CHARS
from deploy_verdict.stages.logs.lines.line_reader import LineReader
from deploy_verdict.stages.logs.lines.source_lines import without_colours
from deploy_verdict.stages.metrics.collect import STEPS, series_in

Found = TypeVar("Found")
# The lines of one service between two samples; older ones are not read, and the evidence says so.
MOST_LINES = 1000
OVERLAP = timedelta(seconds=60)


def collect_services(
    context: Context, offset_s: float, keep: Keep | None = None
) -> tuple[ServicesObservation]:
    """Read their deployments, and the memory and log lines that are new since the previous sample."""
    platform, at = context.platform, context.pace.clock.now()
    railway = context.plan.railway
    if platform is None or platform.railway is None or platform.place is None or railway is None:
        unknown = Fault(kind="no-railway", whose=Whose.US, detail="this run has no connection to Railway")
        fault = platform.fault if platform else None
        return (ServicesObservation(offset_s=offset_s, at=at, fault=fault or unknown),)
    try:
        found = services_now(platform.railway, platform.place)
    except RailwayError as error:
        return (ServicesObservation(offset_s=offset_s, at=at, fault=error.fault),)
    wanted = {name.casefold() for name in railway.services}
    kept = [one for one in found if wanted & {str(one.name).casefold(), one.id.casefold()}]
    kept = [_with_news(context, platform.railway, platform.place, one, offset_s) for one in kept]
    others = tuple(sorted(str(one.name) for one in found))
    return (ServicesObservation(offset_s=offset_s, at=at, services=tuple(kept), known=others),)


def _with_news(
    context: Context, railway: RailwayClient, place: ServiceIds, service: NeighbourService, offset_s: float
) -> NeighbourService:
    """Add memory and log lines since the previous sample. What cannot be read becomes a note."""
    notes: list[str] = []

    def read(what: str, query: Callable[[], Found]) -> Found | None:
        try:
            return query()
        except RailwayError as error:
            notes.append(f"{what} could not be read: {error.fault.detail}")
            return None

    pace = context.pace
    earlier_s = max((at for at in context.plan.window.offsets_s if at < offset_s), default=0.0)
    start, end = pace.t0 + timedelta(seconds=earlier_s / pace.speed) - OVERLAP, pace.clock.now()
    start = max(start, pace.t0)
    length_s = context.plan.window.length
    every_s = max(1, round(next((step for most, step in STEPS if length_s <= most), 240.0) / pace.speed))
    where = ServiceIds(
        project_id=place.project_id, environment_id=place.environment_id, service_id=service.id
    )
    measured = read("its memory", lambda: metrics(railway, where, start=start, end=end, every_s=every_s))
    latest = service.latest
    log = None
    if latest is not None:
        log = read("its log", lambda: deploy_log(railway, latest.id, start=start, end=end, limit=MOST_LINES))
    reader = LineReader(end)
    real_s = (end - pace.t0) / timedelta(seconds=1)
    return service.model_copy(
        update={
            "memory": tuple(
                item
                for item in series_in(measured or (), pace.t0, pace.speed, real_s * pace.speed)
                if item.name.startswith("memory")
            ),
            "lines": tuple(
                LogLine(
                    at=entry.at,
                    level=reader.read(entry.message).level,
                    text=without_colours(context.redact(entry.message))[:MAX_CHARS],
                )
                for entry in log or ()
                if entry.message.strip()
            ),
            "lines_read": None if log is None else len(log),
            "lines_cut": log is not None and len(log) >= MOST_LINES,
            "notes": tuple(notes),
        }
    )
