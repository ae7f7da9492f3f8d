"""How much other people's requests changed over the window, by the platform's counts. Pure."""

from collections.abc import Iterable

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import all_sent
from deploy_verdict.evidence.platform_views import readings_of
from deploy_verdict.model import (
    MetricsObservation,
)
from deploy_verdict.stats.growth import TrafficChange

# Points must lie closer than this part of a third of the window, or its ends cannot be told apart.
FINEST_PART = 6


def traffic_change(bundle: Bundle, from_s: float, to_s: float) -> TrafficChange | None:
    """None where it is not known."""
    readings = [
        item
        for _, item in readings_of(bundle, "metrics", MetricsObservation, "metrics")
        if item.fault is None
    ]
    if not readings or (bundle.plan.e2e is not None and bundle.plan.e2e.command):
        return None
    newest, third_s = readings[-1], (to_s - from_s) / 3
    counts = [item for item in newest.series if item.name.removeprefix("http_").isdigit()]
    if not counts or not 0 < newest.every_s <= third_s / FINEST_PART:
        return None
    ours = _ours_at(bundle)

    def others(start_s: float, end_s: float) -> float:
        all_ = sum(p.value for item in counts for p in item.points if start_s <= p.offset_s < end_s)
        return max(0.0, all_ - sum(start_s <= at_s < end_s for at_s in ours))

    return TrafficChange(first=others(from_s, from_s + third_s), last=others(to_s - third_s, to_s))


def _ours_at(bundle: Bundle) -> tuple[float, ...]:
    return tuple(_offsets(bundle))


def _offsets(bundle: Bundle) -> Iterable[float]:
    """When each answered request of ours was sent, in plan time."""
    for sent in all_sent(bundle.loaded):
        if sent.exchange.status is not None:
            yield (sent.exchange.at - bundle.window.t0).total_seconds() * bundle.window.speed
