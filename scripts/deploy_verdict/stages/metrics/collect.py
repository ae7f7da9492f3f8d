"""Collects CPU, memory and HTTP series of the window, as the platform measured them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from deploy_verdict.model import Fault, MetricsObservation, Point, Series, Whose
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.railway import Measured, RailwayError, http_metrics, metrics
from deploy_verdict.stages.context import Context, Keep, Platform

# (longest window, real seconds between two points), the steps that Railway's CLI uses.
STEPS = ((3600.0, 30.0), (6 * 3600.0, 60.0), (24 * 3600.0, 240.0))
LONGEST_STEP_S = 3600.0
MEASUREMENT = "MetricMeasurement."


def collect_metrics(context: Context, offset_s: float, keep: Keep | None = None) -> tuple[MetricsObservation]:
    """Read all series from T0 to now. Without CPU and memory nothing is known.

    During the window it reads only CPU and memory, of what is new: a limit is all that a part of the window
    can show.
    """
    platform, pace, since = context.platform, context.pace, context.since
    start, end = since or pace.t0, pace.clock.now()
    every_s = max(1, round(_step_s(context.plan.window.length) / pace.speed))
    frame: dict[str, Any] = {
        "check": INTERIM if since else "metrics",
        "start": start,
        "end": end,
        "every_s": every_s * pace.speed,
    }
    if platform is None or platform.railway is None or platform.place is None:
        return (MetricsObservation(fault=_no_platform(platform), **frame),)
    times = {"start": start, "end": end}
    notes: list[str] = []
    try:
        found = list(metrics(platform.railway, platform.place, every_s=every_s, **times))
    except RailwayError as error:
        return (MetricsObservation(fault=error.fault, **frame),)
    retired = [field for field in platform.railway.retired if field.startswith(MEASUREMENT)]
    notes += [f"Railway's API no longer knows {field}" for field in retired]
    try:
        if since is None:
            found += http_metrics(platform.railway, platform.place, every_s=every_s, **times)
    except RailwayError as error:
        notes.append(f"HTTP metrics could not be read: {error.fault.detail}")
    series = tuple(series_in(found, pace.t0, pace.speed, (end - pace.t0).total_seconds() * pace.speed))
    return (MetricsObservation(series=series, notes=tuple(notes), **frame),)


def _step_s(length_s: float) -> float:
    return next((step for longest, step in STEPS if length_s <= longest), LONGEST_STEP_S)


def _no_platform(platform: Platform | None) -> Fault:
    unknown = Fault(kind="no-railway", whose=Whose.US, detail="Railway could not be queried")
    return (platform.fault if platform else None) or unknown


def series_in(found: Iterable[Measured], t0: datetime, speed: float, length_s: float) -> Iterator[Series]:
    """Yield the series in plan seconds.

    Points outside of the window come from the platform's rounding; drop them.
    """
    for item in found:
        points = (
            Point(offset_s=round((at - t0).total_seconds() * speed, 3), value=value)
            for at, value in item.points
        )
        kept = tuple(point for point in points if -speed <= point.offset_s <= length_s + speed)
        yield Series(name=item.name, deployment=item.deployment, points=kept)
