"""The logs of the demo's Railway, with the real one's habits: oldest first, the newest limit + 1 lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.faults import Fault
from demo.railway import ids
from demo.railway.arguments import bad_input
from demo.railway.habits import Habits, shown_until
from demo.railway.incident import incident_lines, incident_requests
from demo.railway.records import Line, Request
from demo.railway.redis_log import redis_lines
from demo.railway.story import Story

HOLE_S = (2400.0, 5400.0)
DEFAULT_LIMIT, MAX_LIMIT = 100, 5000
USUAL = Habits()
KEPT_OF_TEN = 3
OLD_CONTAINER_EVERY = 10
DROPPED_AT_S = 3600.0
DROPPED = (
    "Railway rate limit of 500 logs/sec reached for replica, update your application to reduce the logging "
    "rate. Messages dropped: 1200"
)
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


@dataclass(frozen=True, kw_only=True)
class Window:
    """A period with both ends included; None is no end."""

    start: datetime | None
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether a moment lies within."""
        return (self.start is None or at >= self.start) and (self.end is None or at <= self.end)


def build_log(deployment: Row, window: Window, limit: int | None) -> list[Row]:
    """Return the log of a short build; a failed one ends with its errors, and a running one has no end."""
    ends = {"FAILED": BUILD_FAILED, "BUILDING": ()}
    texts = (*BUILD, *ends.get(deployment["status"], ("Build done",)))
    at = datetime.fromisoformat(deployment["createdAt"])
    lines = [Line(at=at, text=text, severity="error" if "ERROR" in text else "info") for text in texts]
    return newest([_log_row(line, deployment["id"]) for line in lines if window.holds(line.at)], limit)


def deploy_log(story: Story, deployment: str, window: Window, limit: int | None) -> list[Row]:
    """Return the backend's own lines since this deployment serves; one that does not serve has none."""
    if deployment == ids.REDIS_ID:
        lines = [line for line in redis_lines(story, datetime.now(UTC)) if window.holds(line.at)]
        return newest([_log_row(line, deployment) for line in lines], limit)
    since = story.served_since(deployment)
    lines = [line for line in [*story.records.lines] if since is not None and line.at >= since]
    if deployment == ids.INCIDENT_ID:
        lines = incident_lines(story.records.started_at) if story.habits.keeps_removed_logs else []
    lines = [line for line in lines if line.at <= shown_until(story.habits.deploy_log_delay_s)]
    if story.fault is Fault.RAILWAY_LOG_HOLE:
        lines = [line for line in lines if not _in_hole(story, line.at)]
    if story.fault is Fault.RAILWAY_LOG_DROPPED and lines:
        lines += _dropped(story)
    rows = sorted((line for line in lines if window.holds(line.at)), key=lambda line: line.at)
    return newest([_log_row(line, deployment) for line in rows], limit, story.habits)


def _dropped(story: Story) -> list[Line]:
    """Return the dropped-messages line of T+60min, once it is that late."""
    at = story.at_plan_s(DROPPED_AT_S)
    return [Line(at=at, text=DROPPED, severity="warn")] if at <= datetime.now(UTC) else []


def _in_hole(story: Story, at: datetime) -> bool:
    return story.at_plan_s(HOLE_S[0]) <= at <= story.at_plan_s(HOLE_S[1])


def http_log(
    story: Story, deployment: str, before: Window, after: Window, limits: Mapping[str, int | None]
) -> list[Row]:
    """Return every request that the backend answered; the cut canary keeps three in ten.

    That is the newest `beforeLimit` (or `limit`) before the anchor and, if requested, the oldest `afterLimit`
    after it.
    """
    since = story.served_since(deployment)
    found = [*story.records.requests]
    old = [item for number, item in enumerate(_of_others(found)) if number % OLD_CONTAINER_EVERY == 1]
    if deployment == ids.INCIDENT_ID:
        since = datetime.min.replace(tzinfo=UTC)
        found = incident_requests(story.records.started_at) if story.habits.keeps_removed_logs else []
        found += old if story.fault is Fault.RAILWAY_OLD_CONTAINER else []
    elif story.fault is Fault.RAILWAY_OLD_CONTAINER:
        found = [item for item in found if item not in old]
    if story.fault is Fault.RAILWAY_CANARY_CUT:
        found = [request for number, request in enumerate(found) if number % 10 < KEPT_OF_TEN]
    found = sorted((item for item in found if since is not None and item.at >= since), key=lambda i: i.at)
    found = [item for item in found if item.at <= shown_until(story.habits.http_log_delay_s)]
    limit = limits.get("limit")
    most_before = limits.get("beforeLimit")
    earlier = [_http_row(item, deployment) for item in found if before.holds(item.at)]
    rows = newest(earlier, limit if most_before is None else most_before, story.habits)
    if after.start is not None and (after.end is not None or limits.get("afterLimit") is not None):
        most_after = limits.get("afterLimit")
        later = [item for item in found if after.holds(item.at) and item.at > after.start]
        kept = later[: _checked(limit if most_after is None else most_after)]
        rows += [_http_row(item, deployment) for item in kept]
    return rows


def _of_others(found: Sequence[Request]) -> list[Request]:
    return [item for item in found if not item.is_probe]


def newest(rows: Sequence[Row], limit: int | None, habits: Habits = USUAL) -> list[Row]:
    """Return up to limit + 1 rows, as the API does."""
    return list(rows[-(_checked(limit) + habits.gives_one_more) :])


def _checked(limit: int | None) -> int:
    asked = DEFAULT_LIMIT if limit is None else limit
    if not 0 < asked <= MAX_LIMIT:
        raise bad_input(f"limit must be between 1 and {MAX_LIMIT}")
    return asked


def _log_row(line: Line, deployment: str) -> Row:
    return {
        "timestamp": nanoseconds(line.at),
        "message": line.text,
        "severity": line.severity,
        "attributes": [{"key": "level", "value": f'"{line.severity}"'}],
        "tags": {
            "projectId": ids.PROJECT_ID,
            "environmentId": ids.ENVIRONMENT_ID,
            "serviceId": ids.REDIS_SERVICE_ID if deployment == ids.REDIS_ID else ids.SERVICE_ID,
            "deploymentId": deployment,
            "deploymentInstanceId": ids.REDIS_INSTANCE_ID if deployment == ids.REDIS_ID else ids.INSTANCE_ID,
        },
    }


def _http_row(item: Request, deployment: str) -> Row:
    return {
        "timestamp": nanoseconds(item.at),
        "requestId": item.request_id,
        "deploymentId": deployment,
        "deploymentInstanceId": ids.INSTANCE_ID,
        "method": item.method,
        "host": item.host,
        "path": item.path,
        "httpStatus": item.status,
        "totalDuration": item.total_ms + 1,
        "upstreamRqDuration": item.total_ms,
        "upstreamAddress": "http://[fd12::1]:8080",
        "upstreamErrors": item.upstream_errors,
        "responseDetails": item.response_details,
        "upstreamProto": "HTTP/1.1",
        "downstreamProto": "HTTP/1.1",
        "srcIp": "192.0.2.1",
        "edgeRegion": "europe-west4",
        "clientUa": item.user_agent,
        "txBytes": 200,
        "rxBytes": 100,
    }


def nanoseconds(at: datetime) -> str:
    """Format RFC 3339 with nine decimals, as Railway does."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
