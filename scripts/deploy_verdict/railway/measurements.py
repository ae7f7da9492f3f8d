"""Queries about a deployment's logs, traffic and resources."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic.aliases import AliasPath

from deploy_verdict.railway.answers import AnswerPart, Items, Moment, Text, object_of, objects_of
from deploy_verdict.railway.client import RailwayClient
from deploy_verdict.railway.deployments import ServiceIds

# A longer value stays text: strict_json counts JSON inside JSON as a single value, so it could be a bomb.
_MAX_ATTRIBUTE = 4096
_YEAR_3000_S = 32503680000
_MEASUREMENTS = {
    "CPU_USAGE": "cpu_vcpu",
    "CPU_LIMIT": "cpu_limit_vcpu",
    "MEMORY_USAGE_GB": "memory_gb",
    "MEMORY_LIMIT_GB": "memory_limit_gb",
}


def _attributes(value: Any) -> dict[str, Any]:
    """Return attributes by name; their values are JSON as text, kept raw if they are not."""
    found: dict[str, Any] = {}
    for pair in value if isinstance(value, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("key"), str) and isinstance(pair.get("value"), str):
            found[pair["key"]] = _decoded(pair["value"])
    return found


def _decoded(value: str) -> Any:
    if len(value) > _MAX_ATTRIBUTE:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


class LogEntry(AnswerPart):
    """A line of a log. `severity` is the platform's word: plain stderr is "error" there."""

    at: Moment = Field(default=None, validation_alias=AliasPath("timestamp"))
    timestamp: str
    message: str
    severity: Text = None
    attributes: Annotated[dict[str, Any], BeforeValidator(_attributes)] = Field(default={})
    instance: Text = Field(default=None, validation_alias=AliasPath("tags", "deploymentInstanceId"))


class HttpEntry(AnswerPart):
    """One request at the edge; times in milliseconds."""

    at: Moment = Field(default=None, validation_alias=AliasPath("timestamp"))
    timestamp: str
    request_id: str
    method: str
    path: str
    status: int = Field(validation_alias="httpStatus")
    total_ms: int = Field(validation_alias="totalDuration")
    user_agent: str = Field(validation_alias="clientUa")
    upstream_errors: str
    response_details: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One series, named as in model.Series; `deployment` if it belongs to a single one."""

    name: str
    deployment: str | None
    points: tuple[tuple[datetime, float], ...]


class _Sampled(AnswerPart):
    ts: int = Field(ge=0, lt=_YEAR_3000_S)


class _Value(_Sampled):
    value: float


class _Percentiles(_Sampled):
    p50: float
    p95: float
    p99: float


class _MetricTags(AnswerPart):
    deployment_id: Text = None


class _Metric(AnswerPart):
    measurement: str
    tags: _MetricTags
    values: Items[_Value]


class _StatusCounts(AnswerPart):
    status_code: int
    samples: Items[_Value]


class _Durations(AnswerPart):
    samples: Items[_Percentiles]


def build_log(railway: RailwayClient, deployment_id: str, *, limit: int = 500) -> tuple[LogEntry, ...]:
    """Return the newest lines of the build log, oldest first."""
    data = railway.read("build_log", {"id": deployment_id, "limit": limit})
    return objects_of(LogEntry, data, "buildLogs")[-limit:]


def deploy_log(
    railway: RailwayClient, deployment_id: str, *, start: datetime | None, end: datetime | None, limit: int
) -> tuple[LogEntry, ...]:
    """Return the newest `limit` lines between start and end, oldest first; the API may give one more."""
    data = railway.read("deploy_log", {"id": deployment_id, **_span(start, end), "limit": limit})
    return objects_of(LogEntry, data, "deploymentLogs")[-limit:]


def http_log(
    railway: RailwayClient, deployment_id: str, *, start: datetime | None, end: datetime | None, limit: int
) -> tuple[HttpEntry, ...]:
    """Return the newest `limit` requests between start and end, oldest first; the API may give one more."""
    data = railway.read("http_log", {"id": deployment_id, **_span(start, end), "limit": limit})
    return objects_of(HttpEntry, data, "httpLogs")[-limit:]


def metrics(
    railway: RailwayClient, where: ServiceIds, *, start: datetime, end: datetime, every_s: int
) -> tuple[Measured, ...]:
    """Return CPU and memory with their limits, separately for each deployment."""
    data = railway.read("metrics", {**where.ids, **_span(start, end), "every": every_s})
    return tuple(
        Measured(
            name=_MEASUREMENTS[found.measurement],
            deployment=found.tags.deployment_id,
            points=_points(found.values, "value"),
        )
        for found in objects_of(_Metric, data, "metrics")
        if found.measurement in _MEASUREMENTS
    )


def http_metrics(
    railway: RailwayClient, where: ServiceIds, *, start: datetime, end: datetime, every_s: int
) -> tuple[Measured, ...]:
    """Return the service's counts by status, and percentiles; during an overlap they mix old and new code."""
    variables = {
        "environmentId": where.environment_id,
        "serviceId": where.service_id,
        **_span(start, end),
        "every": every_s,
    }
    data = railway.read("http_metrics", variables)
    counts = objects_of(_StatusCounts, data, "httpMetricsGroupedByStatus")
    durations = object_of(_Durations, data, "httpDurationMetrics")
    series = [(f"http_{of.status_code}", _points(of.samples, "value")) for of in counts]
    series += [(f"http_{name}_ms", _points(durations.samples, name)) for name in ("p50", "p95", "p99")]
    return tuple(Measured(name=name, deployment=None, points=points) for name, points in series)


def _span(start: datetime | None, end: datetime | None) -> dict[str, str | None]:
    return {"start": _timestamp(start), "end": _timestamp(end)}


def _timestamp(at: datetime | None) -> str | None:
    """Format a moment as a variable: UTC, milliseconds."""
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _points(samples: Iterable[_Sampled], name: str) -> tuple[tuple[datetime, float], ...]:
    return tuple(sorted((datetime.fromtimestamp(item.ts, UTC), getattr(item, name)) for item in samples))
