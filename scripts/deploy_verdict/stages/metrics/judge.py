"""The service's memory: was it measured throughout the window, is it near its limit, does it grow? Pure.

Growth is judged as a pool's is (stats/growth.py), in percent of the limit, on blocks of the window after its
first minutes, in which a new process still fills its caches. Memory does not come in whole units, so its
bounds are those of the slopes alone.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.interim import InterimReading, interim_readings, with_interim
from deploy_verdict.evidence.platform.platform_views import (
    deployment_samples,
    points_of,
    readings_of,
    remedy_of,
)
from deploy_verdict.evidence.platform.traffic_change import traffic_change
from deploy_verdict.expect import fault_text
from deploy_verdict.model import Finding, MetricsObservation, Outcome, Point, Severity
from deploy_verdict.plan import Metrics
from deploy_verdict.stats.blocks import FEWEST_BLOCKS, block_offsets
from deploy_verdict.stats.growth import (
    STATISTICS,
    Block,
    Growth,
    TrafficChange,
    ahead_words,
    effect,
    grows,
    growth_of,
    harmful_rate,
    traffic_in_words,
    used_at_end,
    with_power,
)
from deploy_verdict.stats.trend import shown_p

STAGE = "metrics"
CHECK = "memory"
WARM_UP_S = 600.0
# A service falls asleep five to ten minutes after its last packet.
AWAKE_S = 300.0
# More than this many times the limit is not the memory of this service.
ABSURD = 100
# The share of the points that length and step promise, and how far towards the window's end they must reach.
ENOUGH, REACHES = 0.8, 0.85
IN_USE = {"floor": "least at a time", "mean": "average"}
OUT_OF_MEMORY = "the service is running out of memory"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Memory in GB through the window and its limit if known; or the reason why not, and a remedy."""

    points: tuple[Point, ...] = ()
    limit_gb: float | None = None
    reason: str = ""
    remedy: str | None = None


def judge_metrics(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Return the findings on readability, limit and growth, by the newest complete reading.

    Every reading is of the complete window, so the newest knows most. Interim readings count only if they
    exceed a limit; growth needs the complete window.
    """
    section = bundle.plan.metrics
    if section is None:
        return []
    readings = readings_of(bundle, STAGE, MetricsObservation, STAGE)
    pointer, observation = readings[-1] if readings else (None, None)
    memory = memory_of(observation, bundle.subject.deployment)
    readable = _readable(bundle, observation, memory)
    limit = _limit(section, memory, readable)
    growth = _growth(bundle, section, memory, readable, _questions(bundle, findings))
    rulings = (
        ("readable", "memory is measured throughout the window", readable),
        ("limit", _limit_text(section), limit),
        ("growth", f"no growth that would reach the limit within {shown_duration(section.safe_for)}", growth),
    )
    ended = [ruling.at(pointer).as_finding(STAGE, CHECK, rule, text) for rule, text, ruling in rulings]
    parts = [
        (item.offset_s, [_limit_of(section, item, bundle.subject.deployment)])
        for item in interim_readings(bundle, STAGE, MetricsObservation)
    ]
    return with_interim(ended, parts, is_read=bool(readings))


def _limit_of(section: Metrics, item: InterimReading[MetricsObservation], deployment: str | None) -> Finding:
    memory = memory_of(item.observation, deployment)
    ruling = _limit(section, memory, unknown("it is a part of the window"))
    return ruling.at(item.pointer).as_finding(STAGE, CHECK, "limit", _limit_text(section))


def _limit_text(section: Metrics) -> str:
    return f"memory < {section.memory_attention:g} % of its limit"


def memory_of(observation: MetricsObservation | None, deployment: str | None) -> Memory:
    """Return the memory series of the subject, without those of other deployments."""
    if observation is None:
        return Memory(reason="the platform's metrics were not read")
    if observation.fault is not None:
        return Memory(reason=fault_text(observation.fault), remedy=remedy_of(observation.fault))

    points = points_of(observation, "memory_gb", deployment)
    if not points:
        if any(series.name == "memory_gb" for series in observation.series):
            return Memory(reason="the platform returned the memory of other deployments only")
        return Memory(reason="; ".join(("the platform returned no series of memory", *observation.notes)))
    limits = [
        point.value for point in points_of(observation, "memory_limit_gb", deployment) if point.value > 0
    ]
    return Memory(points=points, limit_gb=min(limits) if limits else None)


def _readable(bundle: Bundle, observation: MetricsObservation | None, memory: Memory) -> Ruling:
    if memory.reason or observation is None:
        return unknown(memory.reason, memory.remedy)
    if woken_s := _woken_s(bundle):
        return _readable_of_sleeper(memory, observation.every_s, woken_s)
    return _readable_throughout(bundle, observation, memory)


def _readable_throughout(bundle: Bundle, observation: MetricsObservation, memory: Memory) -> Ruling:
    length_s = bundle.window.length_s
    if observation.every_s < 1:
        return unknown("the reading does not give the distance between its points")
    planned = max(1, int(length_s / observation.every_s))
    count, last_s = len({point.offset_s for point in memory.points}), memory.points[-1].offset_s
    if any(point.value < 0 for point in memory.points):
        return unknown("the series holds negative memory")
    if count < ENOUGH * planned:
        return unknown(f"only {count} of about {planned} points of the window")
    if last_s < REACHES * length_s:
        return unknown(f"the series ends after {shown_duration(last_s)} of {shown_duration(length_s)}")
    widest = max((b.offset_s - a.offset_s for a, b in pairwise(memory.points)), default=0.0)
    if widest > max(0.15 * length_s, 2 * observation.every_s):
        return unknown(f"the series has a gap of {shown_duration(widest)}")
    if len({point.value for point in memory.points}) == 1:
        text = (
            f"memory stayed at {memory.points[0].value:g} GB in all {count} points: a gauge that never moves"
        )
        return unknown(f"{text} proves nothing")
    return passed(f"{count} points over {shown_duration(last_s)}")


def _woken_s(bundle: Bundle) -> tuple[float, ...]:
    """Return when samples woke a sleeping service (offsets in seconds); in between nothing runs."""
    return tuple(
        sample.observation.offset_s
        for sample in deployment_samples(bundle)
        if sample.observation.waking and sample.observation.waking.is_awake
    )


def _readable_of_sleeper(memory: Memory, every_s: float, woken_s: Sequence[float]) -> Ruling:
    """Judge whether it was measured after each waking but the last, whose minutes may still be to come."""
    within_s = max(AWAKE_S, 3 * every_s)
    unmeasured = [
        at_s
        for at_s in woken_s[:-1]
        if not any(at_s - every_s <= point.offset_s <= at_s + within_s for point in memory.points)
    ]
    if any(point.value < 0 for point in memory.points):
        return unknown("the series holds negative memory")
    if unmeasured:
        return unknown(
            f"the service was woken at {shown_offset(unmeasured[0])}, and no point is of that time"
        )
    return passed(f"{len(memory.points)} points; the service sleeps, and is measured while it is awake")


def _limit(section: Metrics, memory: Memory, readable: Ruling) -> Ruling:
    if not memory.points:
        return unknown(memory.reason)
    if memory.limit_gb is None:
        return unknown("the platform gives no memory limit")
    peak = max(point.value for point in memory.points)
    share = 100 * peak / memory.limit_gb
    text = f"at most {peak:.2f} of {memory.limit_gb:g} GB ({share:.0f} %)"
    if share >= section.memory_critical:
        return failed(f"{text}; critical from {section.memory_critical:g} %", Severity.P1, OUT_OF_MEMORY)
    if share >= section.memory_attention:
        return failed(f"{text}; attention from {section.memory_attention:g} %", Severity.P2, OUT_OF_MEMORY)
    if readable.outcome is not Outcome.PASS:
        return unknown(f"{text}, but {readable.actual}")
    return passed(text)


def _questions(bundle: Bundle, findings: Sequence[Finding]) -> int:
    """Return how many tests for growth are still open at memory's turn: Holm (1979), pools first."""
    grown = {item.check for item in findings if (item.rule, item.outcome) == ("growth", Outcome.FAIL)} & {
        pool.name for pool in bundle.plan.pools
    }
    return 1 + len(bundle.plan.pools) - len(grown)


def _growth(bundle: Bundle, section: Metrics, memory: Memory, readable: Ruling, questions: int) -> Ruling:
    warm = [point for point in memory.points if point.offset_s >= WARM_UP_S]
    if not warm:
        return unknown(memory.reason or "nothing was measured after the first minutes")
    # Without a limit, growth is measured against the memory that the service has now.
    full = memory.limit_gb or statistics.median(point.value for point in warm)
    if not all(0 <= point.value <= ABSURD * full for point in warm):
        return unknown("the series holds impossible amounts of memory")
    blocks = _blocks(warm, full)
    growth = growth_of(blocks, counted=False)
    if growth is None:
        text = f"{len(blocks)} blocks cannot show a trend; it takes {FEWEST_BLOCKS}"
        if _woken_s(bundle):
            text += (
                "; the service sleeps, and its memory begins anew — leave `metrics` out, or turn sleeping off"
            )
        return unknown(text)
    change = traffic_change(bundle, WARM_UP_S, bundle.window.length_s)
    earlier = growth_of(blocks[:-1], counted=False)
    is_complete = warm[-1].offset_s >= REACHES * bundle.window.length_s
    if grows(questions * growth.p, None if is_complete else earlier.p if earlier else 1.0):
        return _growing(memory, growth, 100 - used_at_end(blocks), change)
    if readable.outcome is not Outcome.PASS:
        return unknown(f"no growth, but {readable.actual}")
    return _flat(section, memory, growth, 100 - used_at_end(blocks), change)


def _growing(memory: Memory, growth: Growth, free: float, change: TrafficChange | None) -> Ruling:
    clear = growth.clearest
    text = f"memory in use ({IN_USE[clear.name]}) rose from {clear.first:.1f} to {clear.last:.1f} %"
    text += f" in {shown_duration(3600 * growth.hours)}"
    proof = f"{STATISTICS}Mann-Kendall {shown_p(clear.p)}, {effect(growth, _unit(memory))}"
    if change is not None and change.moved and change.rose:
        return unknown(f"{text}; but {change.text}, which may be why{proof}")
    text += _ahead(growth, free) if memory.limit_gb else ""
    return failed(text + proof, Severity.P2, "memory grows over the window, as a leak does")


def _flat(
    section: Metrics, memory: Memory, growth: Growth, free: float, change: TrafficChange | None
) -> Ruling:
    power = with_power(growth, _unit(memory))
    if change is not None and change.moved:
        return unknown(f"{power}; but {change.text}, so this says little about other times")
    if memory.limit_gb is None:
        return unknown(f"{power}; without a limit, no rate is known to do harm")
    harmful = harmful_rate(free, section.safe_for)
    would = f"{harmful:.1f}/h would reach the limit within {shown_duration(section.safe_for)}"
    text = f"{traffic_in_words(change)}; the first {shown_duration(WARM_UP_S)} are left out as warm-up"
    if growth.high < harmful:
        return passed(f"{power}; {would}; {text}")
    return unknown(f"{power}; {growth.high:.1f}/h cannot be excluded, and {would}; {text}")


def _unit(memory: Memory) -> str:
    return "points of the limit" if memory.limit_gb else "% of its median"


def _blocks(warm: Sequence[Point], full: float) -> tuple[Block, ...]:
    """Return the blocks in percent of `full`. If a moment has several values, all count."""
    values: dict[float, list[float]] = {}
    for point in warm:
        values.setdefault(point.offset_s, []).append(100 * point.value / full if full else 0.0)
    found = []
    for offsets in block_offsets(sorted(values), WARM_UP_S):
        of_block = [value for offset_s in offsets for value in values[offset_s]]
        middle_h = (offsets[0] + offsets[-1]) / 7200
        found.append(Block(at_h=middle_h, floor=min(of_block), mean=statistics.fmean(of_block)))
    return tuple(found)


def _ahead(growth: Growth, free: float) -> str:
    """Describe when the limit will be reached if growth continues, as a range."""
    if free <= 0:
        return "; the limit is reached"
    soonest = free / max(growth.high, 1e-9)
    latest = free / growth.low if growth.low > 0 else math.inf
    return f"; if this continues, the limit will be reached {ahead_words(soonest, latest)}"
