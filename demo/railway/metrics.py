"""The metrics of the demo's Railway: steady made-up resources, and what the edge really counted."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import GraphQLError

from demo.faults import Fault
from demo.railway import ids
from demo.railway.arguments import bad_input
from demo.railway.habits import shown_until
from demo.railway.records import Request
from demo.railway.story import Story

Row = dict[str, Any]
MEMORY_GB, MEMORY_LIMIT_GB, LEAK_GB = 0.31, 1.0, 0.5
CPU_VCPU, CPU_LIMIT_VCPU = 0.12, 2.0
LEAK_WINDOW_S = 7200.0
MOST_POINTS = 10_000


@dataclass(frozen=True, kw_only=True)
class Span:
    """A period with a point every so many real seconds."""

    start: datetime
    end: datetime
    every_s: int

    def times(self) -> list[datetime]:
        """Return the points until now, as nothing is measured in the future."""
        until = min(self.end, datetime.now(UTC))
        count = int((until - self.start).total_seconds() // self._step_s())
        if count >= MOST_POINTS:
            raise bad_input(f"more than {MOST_POINTS} points are asked for")
        return [self.start + timedelta(seconds=number * self._step_s()) for number in range(count + 1)]

    def step_of(self, at: datetime) -> int:
        """Return the step that a moment falls into, in Unix seconds."""
        return int(at.timestamp()) // self._step_s() * self._step_s()

    def _step_s(self) -> int:
        if self.every_s < 1:
            raise bad_input("points cannot lie closer than 1 s")
        return self.every_s


def metrics(story: Story, measurements: Sequence[str], span: Span, group_by: Sequence[str]) -> list[Row]:
    """Return a series for each measurement of the serving deployment; its tags are those grouped by."""
    times, tags = span.times(), _tags(story, group_by)
    until = shown_until(story.habits.metrics_delay_s)
    known: dict[str, Callable[[datetime], float]] = {
        "MEMORY_USAGE_GB": lambda at: _memory_gb(story, at),
        "MEMORY_LIMIT_GB": lambda at: MEMORY_LIMIT_GB,
        "CPU_USAGE": lambda at: CPU_VCPU + 0.02 * math.sin(at.timestamp() * 1.7),
        "CPU_LIMIT": lambda at: CPU_LIMIT_VCPU,
    }
    unknown = [name for name in measurements if name not in known]
    if unknown:
        raise GraphQLError(f"Problem processing request: the demo does not measure {', '.join(unknown)}")
    return [
        {
            "measurement": name,
            "tags": tags,
            "values": [{"ts": int(at.timestamp()), "value": known[name](at)} for at in times if at <= until],
        }
        for name in measurements
    ]


def _tags(story: Story, group_by: Sequence[str]) -> Row:
    known = {
        "DEPLOYMENT_ID": ("deploymentId", story.serving_id()),
        "DEPLOYMENT_INSTANCE_ID": ("deploymentInstanceId", ids.INSTANCE_ID),
        "SERVICE_ID": ("serviceId", ids.SERVICE_ID),
        "ENVIRONMENT_ID": ("environmentId", ids.ENVIRONMENT_ID),
        "PROJECT_ID": ("projectId", ids.PROJECT_ID),
    }
    unknown = [name for name in group_by if name not in known]
    if unknown:
        raise GraphQLError(f"Problem processing request: the demo cannot group by {', '.join(unknown)}")
    # Tags that are not grouped by are null, as in the schema.
    none: Row = {name: None for name, _ in known.values()}
    return none | dict(known[name] for name in group_by)


def _memory_gb(story: Story, at: datetime) -> float:
    # Waves of different lengths, so that it wanders and does not rise.
    value = MEMORY_GB + 0.004 * math.sin(at.timestamp() * 2.3) + 0.003 * math.cos(at.timestamp() * 0.9)
    if story.fault is Fault.MEMORY_LEAK and story.records.probed_at is not None:
        since_s = max(0.0, (at - story.records.probed_at).total_seconds() * story.speed)
        # Capped at the window: a busy machine takes longer for it, and would see another fault.
        value += LEAK_GB * min(1.0, since_s / LEAK_WINDOW_S)
    return value


def by_status(story: Story, span: Span, only: Mapping[str, Any]) -> list[Row]:
    """Return the requests of each step by status; `only` may name a method and a path."""
    counts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for item in _counted(story, span, only):
        counts[item.status][span.step_of(item.at)] += 1
    return [
        {"statusCode": status, "samples": [{"ts": ts, "value": float(value)} for ts, value in steps.items()]}
        for status, steps in sorted(counts.items())
    ]


def durations(story: Story, span: Span, only: Mapping[str, Any]) -> Row:
    """Return percentiles of each step in milliseconds; `only` may name a method, a path and a status."""
    steps: dict[int, list[int]] = defaultdict(list)
    for item in _counted(story, span, only):
        steps[span.step_of(item.at)].append(item.total_ms)
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
    samples = [
        {"ts": ts, **{name: float(_rank(sorted(times), share)) for name, share in shares.items()}}
        for ts, times in steps.items()
    ]
    return {"samples": samples}


def _counted(story: Story, span: Span, only: Mapping[str, Any]) -> list[Request]:
    found = [item for item in [*story.records.requests] if span.start <= item.at <= span.end]
    return sorted((item for item in found if _fits(item, only)), key=lambda item: item.at)


def _fits(item: Request, only: Mapping[str, Any]) -> bool:
    wanted = (only.get("method"), only.get("path"), only.get("statusCode"))
    has = (item.method, item.path, item.status)
    return all(want in (None, own) for want, own in zip(wanted, has, strict=True))


def _rank(times: list[int], share: float) -> int:
    return times[max(0, math.ceil(share * len(times)) - 1)]
