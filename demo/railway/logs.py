"""The logs of the demo's Railway, with the real one's habits: oldest first, the newest limit + 1 lines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from demo.faults import Fault
from demo.railway import ids
from demo.railway.records import Line, Request
from demo.railway.story import Story

HOLE_S = (2400.0, 5400.0)
DEFAULT_LIMIT, MAX_LIMIT = 100, 5000
KEPT_OF_TEN = 3
DROPPED = "Railway rate limit of 500 logs/sec reached for replica, update your application to log less."
BUILD = (
    "#1 [internal] load build definition from railpack-plan.json",
    "#2 install mise packages: python",
    "#3 pip install -r requirements.txt",
)
BUILD_FAILED = (
    "ERROR: Could not find a version that satisfies the requirement redis==99.0 (from versions: none)",
    "ERROR: No matching distribution found for redis==99.0",
    "ERROR: failed to build: pip install did not complete successfully: exit code: 1",
)
Row = dict[str, Any]


def build_log(story: Story, limit: int | None) -> list[Row]:
    """A short build; a failed one ends with its errors."""
    texts = (*BUILD, *(BUILD_FAILED if story.fault is Fault.RAILWAY_FAILED_BUILD else ("Build done",)))
    at = story.records.started_at
    rows = [
        _log_row(Line(at=at, text=text, severity="error" if "ERROR" in text else "info")) for text in texts
    ]
    return newest(rows, limit)


def deploy_log(
    story: Story, deployment: str, start: datetime | None, end: datetime | None, limit: int | None
) -> list[Row]:
    """The backend's own lines; other deployments than the live one have none."""
    if deployment != ids.LIVE_ID:
        return []
    lines = [*story.records.lines]
    if story.fault is Fault.RAILWAY_LOG_HOLE:
        lines = [line for line in lines if not _in_hole(story, line.at)]
    if story.fault is Fault.RAILWAY_LOG_DROPPED and lines:
        middle = lines[len(lines) // 2]
        lines.append(Line(at=middle.at, text=DROPPED, severity="warn"))
    rows = [line for line in lines if (not start or line.at >= start) and (not end or line.at <= end)]
    return newest([_log_row(line) for line in sorted(rows, key=lambda line: line.at)], limit)


def _in_hole(story: Story, at: datetime) -> bool:
    probed = story.records.probed_at
    return probed is not None and HOLE_S[0] <= (at - probed).total_seconds() * story.speed <= HOLE_S[1]


def http_log(
    story: Story, deployment: str, start: datetime | None, end: datetime | None, limit: int | None
) -> list[Row]:
    """Every request that the backend answered; of which the cut canary keeps three in ten."""
    if deployment != ids.LIVE_ID:
        return []
    found = [*story.records.requests]
    if story.fault is Fault.RAILWAY_CANARY_CUT:
        found = [request for number, request in enumerate(found) if number % 10 < KEPT_OF_TEN]
    rows = [item for item in found if (not start or item.at >= start) and (not end or item.at <= end)]
    return newest([_http_row(item) for item in sorted(rows, key=lambda item: item.at)], limit)


def newest(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """Up to limit + 1 rows, as the API gives them."""
    asked = DEFAULT_LIMIT if limit is None else limit
    if not 0 < asked <= MAX_LIMIT:
        raise GraphQLError(f"limit must be between 1 and {MAX_LIMIT}")
    return list(rows[-(asked + 1) :])


def _log_row(line: Line) -> Row:
    return {
        "timestamp": nanoseconds(line.at),
        "message": line.text,
        "severity": line.severity,
        "attributes": [{"key": "level", "value": f'"{line.severity}"'}],
        "tags": {
            "projectId": ids.PROJECT_ID,
            "environmentId": ids.ENVIRONMENT_ID,
            "serviceId": ids.SERVICE_ID,
            "deploymentId": ids.LIVE_ID,
            "deploymentInstanceId": ids.INSTANCE_ID,
        },
    }


def _http_row(item: Request) -> Row:
    return {
        "timestamp": nanoseconds(item.at),
        "requestId": item.request_id,
        "deploymentId": ids.LIVE_ID,
        "deploymentInstanceId": ids.INSTANCE_ID,
        "method": item.method,
        "host": item.host,
        "path": item.path,
        "httpStatus": item.status,
        "totalDuration": item.total_ms + 1,
        "upstreamRqDuration": item.total_ms,
        "upstreamAddress": "http://[fd12::1]:8080",
        "upstreamErrors": "",
        "responseDetails": "",
        "edgeRegion": "europe-west4",
        "clientUa": item.user_agent,
        "txBytes": 200,
        "rxBytes": 100,
    }


def nanoseconds(at: datetime) -> str:
    """RFC 3339 with nine digits, as Railway writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
