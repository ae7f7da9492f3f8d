"""Metrics of the demo's Railway: steady made-up resources, and what the edge really counted."""

import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from demo.faults import Fault
from demo.railway import ids
from demo.railway.story import Story

Row = dict[str, Any]
MEMORY_GB, MEMORY_LIMIT_GB, LEAK_GB = 0.31, 1.0, 0.5
CPU_VCPU, CPU_LIMIT_VCPU = 0.12, 2.0
LEAK_WINDOW_S = 7200.0


def metrics(story: Story, measurements: list[str], start: datetime, end: datetime, every_s: int) -> list[Row]:
    """One series for each measurement, of the live deployment."""
    times = _times(start, end, every_s)
    known = {
        "MEMORY_USAGE_GB": lambda at: _memory_gb(story, at),
        "MEMORY_LIMIT_GB": lambda at: MEMORY_LIMIT_GB,
        "CPU_USAGE": lambda at: CPU_VCPU + 0.02 * math.sin(at.timestamp() * 1.7),
        "CPU_LIMIT": lambda at: CPU_LIMIT_VCPU,
    }
    return [
        {
            "measurement": name,
            "tags": {"deploymentId": ids.LIVE_ID},
            "values": [{"ts": int(at.timestamp()), "value": known[name](at)} for at in times],
        }
        for name in measurements
        if name in known
    ]


def _memory_gb(story: Story, at: datetime) -> float:
    # Waves of unlike lengths, so that it wanders and does not rise.
    value = MEMORY_GB + 0.004 * math.sin(at.timestamp() * 2.3) + 0.003 * math.cos(at.timestamp() * 0.9)
    if story.fault is Fault.MEMORY_LEAK and story.records.probed_at is not None:
        since_s = max(0.0, (at - story.records.probed_at).total_seconds() * story.speed)
        value += LEAK_GB * since_s / LEAK_WINDOW_S
    return value


def _times(start: datetime, end: datetime, every_s: int) -> list[datetime]:
    count = int((end - start).total_seconds() // max(1, every_s))
    return [start + timedelta(seconds=number * max(1, every_s)) for number in range(count + 1)]


def by_status(story: Story, start: datetime, end: datetime, every_s: int) -> list[Row]:
    """Requests of each step by status."""
    counts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for item in [*story.records.requests]:
        if start <= item.at <= end:
            counts[item.status][_step(item.at, every_s)] += 1
    return [
        {"statusCode": status, "samples": [{"ts": ts, "value": float(value)} for ts, value in steps.items()]}
        for status, steps in sorted(counts.items())
    ]


def durations(story: Story, start: datetime, end: datetime, every_s: int) -> Row:
    """Percentiles of each step."""
    steps: dict[int, list[int]] = defaultdict(list)
    for item in [*story.records.requests]:
        if start <= item.at <= end:
            steps[_step(item.at, every_s)].append(item.total_ms)
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
    samples = [
        {"ts": ts, **{name: float(_rank(sorted(times), share)) for name, share in shares.items()}}
        for ts, times in steps.items()
    ]
    return {"samples": samples}


def _step(at: datetime, every_s: int) -> int:
    return int(at.timestamp()) // max(1, every_s) * max(1, every_s)


def _rank(times: list[int], share: float) -> int:
    return times[max(0, math.ceil(share * len(times)) - 1)]
