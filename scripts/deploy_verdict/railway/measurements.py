"""Questions about what a deployment logged, what traffic it had, and what it used."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy_verdict.railway.client import Railway
from deploy_verdict.railway.decode import (
    attributes,
    items,
    mapping,
    moment,
    number_or_none,
    odd,
    sent,
    text,
    text_or_none,
    whole,
)
from deploy_verdict.railway.deployments import Place

_MEASUREMENTS = {
    "CPU_USAGE": "cpu_vcpu",
    "CPU_LIMIT": "cpu_limit_vcpu",
    "MEMORY_USAGE_GB": "memory_gb",
    "MEMORY_LIMIT_GB": "memory_limit_gb",
}


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A line of a log. `severity` is the platform's word: plain stderr is "error" there."""

    at: datetime | None
    timestamp: str
    message: str
    severity: str | None
    attributes: dict[str, Any]
    instance: str | None


@dataclass(frozen=True, kw_only=True)
class HttpEntry:
    """One request at the edge; milliseconds."""

    at: datetime | None
    timestamp: str
    request_id: str
    method: str
    host: str
    path: str
    status: int
    total_ms: int
    upstream_ms: int
    user_agent: str
    upstream_errors: str
    response_details: str
    instance: str


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One series, named as model.Series is; `deployment` where it was measured of one alone."""

    name: str
    deployment: str | None
    points: tuple[tuple[datetime, float], ...]


def build_log(railway: Railway, deployment_id: str, *, limit: int = 500) -> tuple[LogEntry, ...]:
    """The newest lines of the build, oldest first."""
    found = items(
        railway.read("build_log", {"id": deployment_id, "limit": limit}).get("buildLogs"), "buildLogs"
    )
    return tuple(_log_entry(item) for item in found[-limit:])


def deploy_log(
    railway: Railway, deployment_id: str, *, start: datetime | None, end: datetime | None, limit: int
) -> tuple[LogEntry, ...]:
    """The newest `limit` lines between start and end, oldest first. The API itself may give one more."""
    variables = {"id": deployment_id, "start": sent(start), "end": sent(end), "limit": limit}
    found = items(railway.read("deploy_log", variables).get("deploymentLogs"), "deploymentLogs")
    return tuple(_log_entry(item) for item in found[-limit:])


def http_log(
    railway: Railway, deployment_id: str, *, start: datetime | None, end: datetime | None, limit: int
) -> tuple[HttpEntry, ...]:
    """The newest `limit` requests between start and end, oldest first. The API itself may give one more."""
    variables = {"id": deployment_id, "start": sent(start), "end": sent(end), "limit": limit}
    found = items(railway.read("http_log", variables).get("httpLogs"), "httpLogs")
    return tuple(_http_entry(item) for item in found[-limit:])


def _log_entry(item: dict[str, Any]) -> LogEntry:
    tags = item.get("tags") if isinstance(item.get("tags"), dict) else {}
    timestamp = text(item.get("timestamp"), "log.timestamp")
    return LogEntry(
        at=moment(timestamp),
        timestamp=timestamp,
        message=text(item.get("message"), "log.message"),
        severity=text_or_none(item.get("severity")),
        attributes=attributes(item.get("attributes")),
        instance=text_or_none((tags or {}).get("deploymentInstanceId")),
    )


def _http_entry(item: dict[str, Any]) -> HttpEntry:
    def told(name: str) -> str:
        return text(item.get(name), f"httpLogs.{name}")

    def counted(name: str) -> int:
        return whole(item.get(name), f"httpLogs.{name}")

    return HttpEntry(
        at=moment(item.get("timestamp")),
        timestamp=told("timestamp"),
        request_id=told("requestId"),
        method=told("method"),
        host=told("host"),
        path=told("path"),
        status=counted("httpStatus"),
        total_ms=counted("totalDuration"),
        upstream_ms=counted("upstreamRqDuration"),
        user_agent=told("clientUa"),
        upstream_errors=told("upstreamErrors"),
        response_details=told("responseDetails"),
        instance=told("deploymentInstanceId"),
    )


def metrics(
    railway: Railway, where: Place, *, start: datetime, end: datetime, every_s: int
) -> tuple[Measured, ...]:
    """CPU and memory with their limits, each deployment apart."""
    variables = {
        "projectId": where.project_id,
        "environmentId": where.environment_id,
        "serviceId": where.service_id,
        "start": sent(start),
        "end": sent(end),
        "every": every_s,
    }
    found = items(railway.read("metrics", variables).get("metrics"), "metrics")
    return tuple(_measured(item) for item in found if item.get("measurement") in _MEASUREMENTS)


def _measured(item: dict[str, Any]) -> Measured:
    tags = mapping(item.get("tags"), "metrics.tags")
    return Measured(
        name=_MEASUREMENTS[text(item.get("measurement"), "metrics.measurement")],
        deployment=text_or_none(tags.get("deploymentId")),
        points=_points(item.get("values"), "metrics.values", "value"),
    )


def http_metrics(
    railway: Railway, where: Place, *, start: datetime, end: datetime, every_s: int
) -> tuple[Measured, ...]:
    """Counts by status, and percentiles: of the service, so old and new code are mixed in an overlap."""
    variables = {
        "environmentId": where.environment_id,
        "serviceId": where.service_id,
        "start": sent(start),
        "end": sent(end),
        "every": every_s,
    }
    answer = railway.read("http_metrics", variables)
    return tuple(_http_series(answer))


def _http_series(answer: dict[str, Any]) -> Iterator[Measured]:
    grouped = "httpMetricsGroupedByStatus"
    for item in items(answer.get(grouped), grouped):
        status = whole(item.get("statusCode"), f"{grouped}.statusCode")
        points = _points(item.get("samples"), f"{grouped}.samples", "value")
        yield Measured(name=f"http_{status}", deployment=None, points=points)
    samples = mapping(answer.get("httpDurationMetrics"), "httpDurationMetrics").get("samples")
    for name in ("p50", "p95", "p99"):
        points = _points(samples, "httpDurationMetrics.samples", name)
        yield Measured(name=f"http_{name}_ms", deployment=None, points=points)


def _points(value: Any, place: str, name: str) -> tuple[tuple[datetime, float], ...]:
    points = []
    for item in items(value, place):
        number = number_or_none(item.get(name))
        seconds = whole(item.get("ts"), f"{place}.ts")
        if number is None:
            raise odd(f"{place}.{name}", item.get(name))
        if not 0 <= seconds < 32503680000:
            raise odd(f"{place}.ts", seconds)
        points.append((datetime.fromtimestamp(seconds, UTC), number))
    return tuple(sorted(points))
