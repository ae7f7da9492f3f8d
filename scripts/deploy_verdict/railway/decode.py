"""Reading Railway's JSON: what is not there, or of another type, is told and never guessed. Pure."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from deploy_verdict.model import Deployment, Instance
from deploy_verdict.railway.errors import RailwayError, provider_error

_MAX_TEXT = 500
# A longer one stays text: what is JSON within JSON was counted as one value.
_MAX_ATTRIBUTE = 4096
_FRACTION = re.compile(r"\.(\d+)")


def odd(place: str, value: Any) -> RailwayError:
    """The error for a value of another shape than the schema says."""
    shown = "nothing" if value is None else type(value).__name__
    return provider_error("protocol", f"Railway's answer is odd: {place} is {shown}")


def mapping(value: Any, place: str) -> dict[str, Any]:
    """A JSON object; raises RailwayError."""
    if not isinstance(value, dict):
        raise odd(place, value)
    return value


def items(value: Any, place: str) -> list[dict[str, Any]]:
    """A list of JSON objects; raises RailwayError."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise odd(place, value)
    return value


def nodes(connection: Any, place: str) -> tuple[list[dict[str, Any]], str | None]:
    """A connection's nodes, and the cursor of its next page or None; raises RailwayError."""
    found = mapping(connection, place)
    page = mapping(found.get("pageInfo"), f"{place}.pageInfo")
    more, cursor = page.get("hasNextPage"), page.get("endCursor")
    if not isinstance(more, bool):
        raise odd(f"{place}.pageInfo.hasNextPage", more)
    if more and "endCursor" in page and not isinstance(cursor, str):
        raise odd(f"{place}.pageInfo.endCursor", cursor)
    edges = items(found.get("edges"), f"{place}.edges")
    return [mapping(edge.get("node"), f"{place}.edges.node") for edge in edges], cursor if more else None


def text(value: Any, place: str) -> str:
    """A text; raises RailwayError."""
    if not isinstance(value, str):
        raise odd(place, value)
    return value


def whole(value: Any, place: str) -> int:
    """A whole number; raises RailwayError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise odd(place, value)
    return value


def flag(value: Any, place: str) -> bool:
    """A boolean; raises RailwayError."""
    if not isinstance(value, bool):
        raise odd(place, value)
    return value


def number_or_none(value: Any) -> float | None:
    """A number where there is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def text_or_none(value: Any) -> str | None:
    """A text where there is one; empty ones are none."""
    return value[:_MAX_TEXT] if isinstance(value, str) and value else None


def moment(value: Any) -> datetime | None:
    """RFC 3339 with up to nine digits of a second, cut to microseconds; None for all else."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        at = datetime.fromisoformat(_FRACTION.sub(lambda match: f".{match[1][:6]:0<6}", value, count=1))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def sent(at: datetime | None) -> str | None:
    """A moment as a variable: UTC, milliseconds."""
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def attributes(value: Any) -> dict[str, Any]:
    """A log line's attributes; their values are JSON in text, kept raw where they are not."""
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


def deployment_of(value: Any, place: str) -> Deployment:
    """One deployment; `meta` is untyped, so whatever of it is not text is not known."""
    found = mapping(value, place)
    meta = found.get("meta") if isinstance(found.get("meta"), dict) else {}
    known = {
        "commit": "commitHash",
        "commit_message": "commitMessage",
        "commit_author": "commitAuthor",
        "branch": "branch",
        "repo": "repo",
        "image": "image",
        "skipped_reason": "skippedReason",
    }
    return Deployment(
        id=text(found.get("id"), f"{place}.id"),
        status=text(found.get("status"), f"{place}.status"),
        created_at=moment(found.get("createdAt")),
        updated_at=moment(found.get("updatedAt")),
        status_updated_at=moment(found.get("statusUpdatedAt")),
        stopped=flag(found.get("deploymentStopped"), f"{place}.deploymentStopped"),
        can_rollback=flag(found.get("canRollback"), f"{place}.canRollback"),
        can_redeploy=flag(found.get("canRedeploy"), f"{place}.canRedeploy"),
        instances=tuple(_instances(found.get("instances"), f"{place}.instances")),
        project_id=text_or_none(found.get("projectId")),
        environment_id=text_or_none(found.get("environmentId")),
        service_id=text_or_none(found.get("serviceId")),
        snapshot_id=text_or_none(found.get("snapshotId")),
        **{name: text_or_none((meta or {}).get(key)) for name, key in known.items()},
    )


def _instances(value: Any, place: str) -> Iterator[Instance]:
    for item in items(value, place):
        yield Instance(
            id=text(item.get("id"), f"{place}.id"), status=text(item.get("status"), f"{place}.status")
        )
