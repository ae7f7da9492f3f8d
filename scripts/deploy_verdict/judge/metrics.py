"""The service's memory: was it measured through the window, is it near its limit, does it grow? Pure.

Growth is judged as a pool's is (judge/trend.py), in percent of the limit, on blocks of the window after
its first minutes, in which a process that has just started still fills its caches.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from deploy_verdict.bundle import Bundle
from deploy_verdict.expect import told_fault
from deploy_verdict.judge.finding import Result, made
from deploy_verdict.judge.trend import exhausted_after_h, trend
from deploy_verdict.model import Finding, MetricsObservation, Outcome, Point, Severity
from deploy_verdict.plan import Metrics
from deploy_verdict.platform_looks import points_of, readings_of
from deploy_verdict.units import shown_duration

STAGE = "metrics"
CHECK = "memory"
WARM_UP_S = 600.0
BLOCKS = 12
# Of the points that the window's length and step promise, and how far towards its end they must reach.
ENOUGH, REACHES = 0.8, 0.85
_BECAUSE = {
    "limit": "the service is running out of memory",
    "growth": "memory grows over the window, as a leak does",
}


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Memory in GB through the window, and its limit where that is known; or why neither is."""

    points: tuple[Point, ...] = ()
    limit_gb: float | None = None
    reason: str = ""


def judge_metrics(bundle: Bundle) -> list[Finding]:
    """Three questions to the newest reading; they are about the whole window, so the newest knows most."""
    asked = bundle.plan.metrics
    if asked is None:
        return []
    readings = readings_of(bundle, STAGE, MetricsObservation)
    pointer, observation = readings[-1] if readings else (None, None)
    memory = memory_of(observation, bundle.subject.deployment)
    readable = _readable(bundle, observation, memory)
    results = {
        "readable": ("memory is measured through the window", readable),
        "limit": (f"memory < {asked.memory_attention:g} % of its limit", _limit(asked, memory, readable)),
        "growth": ("no growth over the window", _growth(memory, readable)),
    }
    return [
        made(STAGE, (CHECK, rule), text, result, because=_BECAUSE.get(rule), evidence=pointer)
        for rule, (text, result) in results.items()
    ]


def memory_of(observation: MetricsObservation | None, deployment: str | None) -> Memory:
    """The memory series of the subject; a series of another deployment is not taken for it."""
    if observation is None:
        return Memory(reason="the platform's metrics were not read")
    if observation.fault is not None:
        return Memory(reason=told_fault(observation.fault))

    points = points_of(observation, "memory_gb", deployment)
    if not points:
        known = any(series.name == "memory_gb" for series in observation.series)
        told = "of other deployments only" if known else "of memory"
        return Memory(reason=f"the platform gave no series {told}" if not known else f"it gave series {told}")
    limits = [
        point.value for point in points_of(observation, "memory_limit_gb", deployment) if point.value > 0
    ]
    return Memory(points=points, limit_gb=min(limits) if limits else None)


def _readable(bundle: Bundle, observation: MetricsObservation | None, memory: Memory) -> Result:
    if memory.reason or observation is None:
        return Outcome.INCONCLUSIVE, None, memory.reason
    length_s = bundle.window.length_s
    if observation.every_s < 1:
        return Outcome.INCONCLUSIVE, None, "the reading does not say how far its points lie apart"
    planned = max(1, int(length_s / observation.every_s))
    count, last_s = len({point.offset_s for point in memory.points}), memory.points[-1].offset_s
    if any(point.value < 0 for point in memory.points):
        return Outcome.INCONCLUSIVE, None, "the series holds negative memory"
    if count < ENOUGH * planned:
        return Outcome.INCONCLUSIVE, None, f"only {count} of about {planned} points of the window"
    if last_s < REACHES * length_s:
        return (
            Outcome.INCONCLUSIVE,
            None,
            f"the series ends after {shown_duration(last_s)} of {shown_duration(length_s)}",
        )
    widest = max((b.offset_s - a.offset_s for a, b in pairwise(memory.points)), default=0.0)
    if widest > max(0.15 * length_s, 2 * observation.every_s):
        return Outcome.INCONCLUSIVE, None, f"the series has a hole of {shown_duration(widest)}"
    if len({point.value for point in memory.points}) == 1:
        told = (
            f"memory stood at {memory.points[0].value:g} GB in all {count} points: a gauge that never moves"
        )
        return Outcome.INCONCLUSIVE, None, f"{told} proves nothing"
    return Outcome.PASS, None, f"{count} points over {shown_duration(last_s)}"


def _limit(asked: Metrics, memory: Memory, readable: Result) -> Result:
    if not memory.points:
        return Outcome.INCONCLUSIVE, None, memory.reason
    if memory.limit_gb is None:
        return Outcome.INCONCLUSIVE, None, "the platform tells no memory limit"
    peak = max(point.value for point in memory.points)
    share = 100 * peak / memory.limit_gb
    told = f"at most {peak:.2f} of {memory.limit_gb:g} GB ({share:.0f} %)"
    if share >= asked.memory_critical:
        return Outcome.FAIL, Severity.P1, f"{told}; critical from {asked.memory_critical:g} %"
    if share >= asked.memory_attention:
        return Outcome.FAIL, Severity.P2, f"{told}; attention from {asked.memory_attention:g} %"
    if readable[0] is not Outcome.PASS:
        return Outcome.INCONCLUSIVE, None, f"{told}, but {readable[2]}"
    return Outcome.PASS, None, told


def _growth(memory: Memory, readable: Result) -> Result:
    warm = [point for point in memory.points if point.offset_s >= WARM_UP_S]
    if not warm:
        return Outcome.INCONCLUSIVE, None, memory.reason or "nothing was measured after the first minutes"
    # Without a limit, growth is measured against the memory that the service has now.
    whole = memory.limit_gb or statistics.median(point.value for point in warm)
    blocks = _blocks([100 * point.value / whole if whole else 0.0 for point in warm])
    for name, values in (
        ("floor", [min(b) for b in blocks]),
        ("mean", [statistics.fmean(b) for b in blocks]),
    ):
        found = trend(values)
        if found is not None and found.grows:
            told = f"{name} rose from {values[0]:.1f} to {values[-1]:.1f} % (Mann-Kendall {found.shown_p})"
            return Outcome.FAIL, Severity.P2, told + _ahead(memory, warm, found.rise)
    if readable[0] is not Outcome.PASS:
        return Outcome.INCONCLUSIVE, None, f"no growth was seen, but {readable[2]}"
    mean = trend([statistics.fmean(block) for block in blocks])
    if mean is None:
        return Outcome.INCONCLUSIVE, None, f"{len(blocks)} blocks cannot show a trend; it takes 4"
    return (
        Outcome.PASS,
        None,
        f"no significant rise ({mean.rise:+.1f} points after the first {shown_duration(WARM_UP_S)})",
    )


def _blocks(values: Sequence[float]) -> list[Sequence[float]]:
    """At most BLOCKS blocks of about equal size, in their order."""
    count = min(BLOCKS, len(values))
    edges = [round(number * len(values) / count) for number in range(count + 1)]
    return [values[a:b] for a, b in pairwise(edges)]


def _ahead(memory: Memory, warm: Sequence[Point], rise: float) -> str:
    """When the limit will be reached if it goes on, as a range."""
    hours = (warm[-1].offset_s - warm[0].offset_s) / 3600
    if memory.limit_gb is None or hours <= 0:
        return ""
    free = 100 - 100 * warm[-1].value / memory.limit_gb
    if free <= 0:
        return "; the limit is reached"
    soonest, latest = exhausted_after_h(rise, hours, free)
    return f"; if it goes on, the limit is reached {soonest:.1f} to {latest:.1f} h after the window"
