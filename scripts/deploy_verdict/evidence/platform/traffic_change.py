"""How much other people's requests changed over the window, by the platform's counts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.model import (
    MetricsObservation,
)
from deploy_verdict.stats.growth import TrafficChange

# A third of the window needs this many points, or its ends cannot be distinguished.
FINEST_PART = 6


def traffic_change(bundle: Bundle, from_s: float, to_s: float) -> TrafficChange | None:
    """Return the change from the first to the last third, or None if it is not known.

    It begins after our own load of T+0, which hides the requests of others.
    """
    from_s = max(from_s, min(_first_sample_ended_s(bundle), from_s + (to_s - from_s) / 3))
    third_s = (to_s - from_s) / 3
    traffic = traffic_of(bundle, third_s / FINEST_PART)
    if traffic is None:
        return None
    return TrafficChange(
        first=traffic.between(from_s, from_s + third_s), last=traffic.between(to_s - third_s, to_s)
    )


@dataclass(frozen=True)
class OthersRequests:
    """Requests of others, from the platform's points, which are `every_s` apart."""

    points: tuple[tuple[float, float], ...]
    ours_s: tuple[float, ...]
    every_s: float

    def between(self, start_s: float, end_s: float) -> float:
        """Return how many requests others sent in a stretch (plan seconds)."""
        all_ = sum(count for at_s, count in self.points if start_s <= at_s < end_s)
        return max(0.0, all_ - sum(start_s <= at_s < end_s for at_s in self.ours_s))

    def around(self, start_s: float, end_s: float) -> float:
        """Return the requests per point at the time of these readings."""
        start_s, end_s = start_s - self.every_s, end_s + self.every_s
        points = {at_s for at_s, _ in self.points if start_s < at_s < end_s}
        return self.between(start_s, end_s) / max(1, len(points))


def traffic_of(bundle: Bundle, every_s: float) -> OthersRequests | None:
    """Return the requests of others; None if unknown, or by points more than `every_s` apart."""
    readings = [
        item
        for _, item in readings_of(bundle, "metrics", MetricsObservation, "metrics")
        if item.fault is None
    ]
    if not readings or (bundle.plan.e2e is not None and bundle.plan.e2e.command):
        return None
    newest = readings[-1]
    counts = [item for item in newest.series if item.name.removeprefix("http_").isdigit()]
    if not counts or not 0 < newest.every_s <= every_s:
        return None
    points = tuple((point.offset_s, point.value) for item in counts for point in item.points)
    return OthersRequests(points=points, ours_s=_ours_at(bundle), every_s=newest.every_s)


def _first_sample_ended_s(bundle: Bundle) -> float:
    """Return when the last stage of T+0 had sent its requests, in plan seconds.

    These are minutes, unless time is sped up.
    """
    ends = [item.evidence.finished_at for item in bundle.loaded if item.evidence.offset_s == 0]
    if not ends:
        return 0.0
    return (max(ends) - bundle.window.t0).total_seconds() * bundle.window.speed


def _ours_at(bundle: Bundle) -> tuple[float, ...]:
    return tuple(_offsets(bundle))


def _offsets(bundle: Bundle) -> Iterable[float]:
    """Yield when each answered request of ours was sent, in plan seconds."""
    for sent in bundle.sent_to_service:
        if sent.exchange.status is not None:
            yield (sent.exchange.at - bundle.window.t0).total_seconds() * bundle.window.speed
