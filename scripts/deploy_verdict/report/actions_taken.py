"""What was done about a window, as far as its evidence shows: extended, ended, our writes stopped. Pure."""

from collections.abc import Iterator

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import StoppedObservation


def actions_taken(bundle: Bundle) -> tuple[str, ...]:
    """One phrase each."""
    return tuple(_taken(bundle))


def _taken(bundle: Bundle) -> Iterator[str]:
    # A later sample makes the window no longer: between it and the window's end nobody watched.
    earlier_s, end_s = bundle.window.earlier_lengths_s, bundle.plan.window.end_s
    if earlier_s and end_s > earlier_s[0]:
        yield f"the window was extended from {shown_duration(earlier_s[0])} to {shown_duration(end_s)}"
    if bundle.ended:
        yield f"the window ended early ({bundle.ended})"
    stops = [
        observation
        for item in bundle.loaded
        for observation in item.evidence.observations
        if isinstance(observation, StoppedObservation)
    ]
    if stops:
        first = min(stops, key=lambda stop: stop.offset_s)
        since_s = first.offset_s if first.failed_at_s is None else first.failed_at_s
        yield f"our own writes stopped at {shown_offset(since_s)}, after {first.check} failed"
