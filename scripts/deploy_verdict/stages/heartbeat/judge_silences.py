"""Did the log, or other people's requests, pause for minutes?

Finds outages that no request of ours met. Pure.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, passed, unknown
from deploy_verdict.evidence.measures import log_readings
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.model import Finding, TrafficObservation
from deploy_verdict.model.platform import WHOLE
from deploy_verdict.stats.pauses import Pause, sudden_pause

STAGE = "connections"
# After an outage, everybody retries at once.
BURST = 2.0
TEXT = "{} do not pause for minutes when nothing else shows why"


def judge_silences(bundle: Bundle) -> Iterator[Finding]:
    """Yield one finding for the service's own log and one for traffic, if their parts were counted."""
    for pointer, log in log_readings(bundle)[-1:]:
        ruling = _judged(bundle, (log.start, log.end), log.lines_by_part, "line of the log")
        if ruling is not None:
            yield ruling.at(pointer).as_finding(STAGE, "log", "silence", TEXT.format("the log's lines"))
    for pointer, traffic in readings_of(bundle, "traffic", TrafficObservation, WHOLE)[-1:]:
        ruling = _judged(
            bundle, (traffic.start, traffic.end), traffic.requests_by_part, "request of somebody else"
        )
        if ruling is not None:
            yield ruling.at(pointer).as_finding(STAGE, "traffic", "silence", TEXT.format("others' requests"))


def _judged(
    bundle: Bundle, stretch: tuple[datetime, datetime], counts: Sequence[int], what: str
) -> Ruling | None:
    if not any(counts):
        return None
    silence = sudden_pause(counts)
    if silence is None:
        return passed(f"no pause that stands out among {sum(counts):,}")
    start, end = stretch
    length_s = (end - start).total_seconds() * bundle.window.speed
    from_s = (start - bundle.window.t0).total_seconds() * bundle.window.speed
    begins_s, ends_s = from_s + silence.begins * length_s, from_s + silence.ends * length_s
    text = f"no {what} for {shown_duration(ends_s - begins_s)} from {shown_offset(begins_s)} on; around it "
    text += f"{silence.usual:.2g} in {shown_duration(length_s / len(counts))}{_burst(silence)}"
    answered = _answered(bundle, begins_s, ends_s)
    if answered:
        return passed(f"{text}; meanwhile the service answered us ({answered} ×)")
    return unknown(
        f"{text}; nobody looked at the service then, so it may have been down — "
        "watch it in one process, where the heartbeat looks every 30 s"
    )


def _burst(silence: Pause) -> str:
    more = silence.after / silence.usual
    return f", and {more:.1f} times as many right after it" if more >= BURST else ""


def _answered(bundle: Bundle, from_s: float, to_s: float) -> int:
    """Return how many requests of ours the service itself answered in that stretch (plan seconds)."""
    speed, t0 = bundle.window.speed, bundle.window.t0
    return sum(
        item.exchange.fault is None
        and item.exchange.status is not None
        and from_s <= (item.exchange.at - t0).total_seconds() * speed < to_s
        for item in bundle.sent_to_service
    )
