"""Probes what a token may read and how the API answers: each query once, its shape, never a value.

Reads only. It measures what is undocumented: page sizes, whether sleeping deployments are active, whether
logs of removed deployments are kept, and how late a log line or a metric arrives.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deploy_verdict.base.clock import Clock
from deploy_verdict.http.retry import lowered
from deploy_verdict.model import Exchange
from deploy_verdict.railway.answers import moment
from deploy_verdict.railway.client import RailwayClient
from deploy_verdict.railway.deployments import ServiceIds
from deploy_verdict.railway.errors import RailwayError, data_of

SCHEMA = "deploy-verdict/railway-probe/1"
MOST_DEPLOYMENTS, LOG_LIMIT, EVERY_S = 1000, 5000, 300
POLL_S = 10.0
_KEPT_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-policy")
_MOST_FIELDS = 60
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{20,}", re.IGNORECASE)
Row = dict[str, Any]


@dataclass(kw_only=True)
class TokenProbe:
    """Sends queries, and keeps what came back. `requests` counts them."""

    railway: RailwayClient
    place: ServiceIds
    clock: Clock
    requests: int = 0
    # The deployment that serves now, by the answers so far.
    live: str | None = None
    queries: list[Row] = field(default_factory=list)

    def answers(self) -> Row:
        """Send every query once; return the facts that the answers show."""
        facts: Row = {}
        self._ask("project_token", {})
        self._ask("environments", {"projectId": self.place.project_id, "after": None})
        edges = _rows(self._ask("triggers", self.place.ids), "deploymentTriggers", "edges")
        nodes = [row["node"] for row in edges if isinstance(row.get("node"), dict)]
        facts["wait_for_ci"] = any(node.get("checkSuites") is True for node in nodes)
        active = _rows(self._ask("active", self.place.of_service), "serviceInstance", "activeDeployments")
        self._ask("settings", self.place.of_service)
        page = {**self.place.ids, "first": MOST_DEPLOYMENTS, "after": None}
        listed = _nodes(self._ask("deployments", page))
        facts |= _of_deployments(listed, active)
        facts["skipped_of_first_1000"] = len(_nodes(self._ask("skipped", page)))
        live = _first(active, "SUCCESS", "SLEEPING") or _first(listed, "SUCCESS", "SLEEPING")
        self.live = live
        removed = _first(listed, "REMOVED")
        if live:
            facts |= self._of_live(live)
        if removed:
            facts["removed_deployment"] = {
                "deploy_log_lines": len(self._log("deploy_log", removed, 1, of="a removed deployment")),
                "http_log_entries": len(self._log("http_log", removed, 1, of="a removed deployment")),
            }
        return facts

    def _of_live(self, live: str) -> Row:
        now = self.clock.now()
        self._ask("deployment", {"id": live})
        self._ask("steps", {"id": live})
        self._ask("build_log", {"id": live, "limit": 1})
        # The API is said to return one line more than requested.
        found = {
            "deploy_log_lines_of_limit_1": len(self._log("deploy_log", live, 1)),
            "http_log_entries_of_limit_1": len(self._log("http_log", live, 1)),
            "deploy_log_lines_of_limit_5000": len(self._log("deploy_log", live, LOG_LIMIT)),
        }
        span = {"start": _text(now - timedelta(hours=1)), "end": _text(now), "every": EVERY_S}
        series = _list(self._ask("metrics", {**self.place.ids, **span}).get("metrics"))
        values = (_list(item.get("values")) for item in series if isinstance(item, dict))
        times = [point["ts"] for each in values for point in each if isinstance(point.get("ts"), int)]
        self._ask("http_metrics", {**self.place.of_service, **span})
        newest = round(now.timestamp() - max(times), 1) if times else None
        return {"live": found, "metrics_newest_point_s_ago": newest}

    def delays(self, live: str, mark: str, sent_at: datetime, wait_s: float) -> Row:
        """Return how late our own marked request arrives in both logs; null if it did not."""
        found: Row = {"http_log_delay_s": None, "deploy_log_delay_s": None, "http_log_path_has_query": None}
        until_s = self.clock.monotonic_s() + wait_s
        while True:
            if found["http_log_delay_s"] is None:
                seen = [row for row in self._log("http_log", live, 100) if mark in str(row.get("clientUa"))]
                if seen:
                    found["http_log_delay_s"] = self._since(sent_at)
                    found["http_log_path_has_query"] = mark in str(seen[-1].get("path"))
            if found["deploy_log_delay_s"] is None and any(
                mark in str(row.get("message")) for row in self._log("deploy_log", live, 100)
            ):
                found["deploy_log_delay_s"] = self._since(sent_at)
            left_s = until_s - self.clock.monotonic_s()
            if left_s <= 0 or None not in (found["http_log_delay_s"], found["deploy_log_delay_s"]):
                return {**found, "waited_at_most_s": wait_s}
            self.clock.sleep(min(POLL_S, left_s))

    def _since(self, sent_at: datetime) -> float:
        return round((self.clock.now() - sent_at).total_seconds(), 1)

    def _log(self, document: str, identity: str, limit: int, *, of: str = "") -> list[Row]:
        name = {"deploy_log": "deploymentLogs", "http_log": "httpLogs"}[document]
        data = self._ask(document, {"id": identity, "start": None, "end": None, "limit": limit}, of=of)
        return [row for row in _list(data.get(name)) if isinstance(row, dict)]

    def _ask(self, document: str, variables: Mapping[str, Any], *, of: str = "") -> Row:
        """Return the data, empty if it was refused; record the first query of each kind."""
        self.requests += 1
        exchange = self.railway.exchange(document, variables)
        name = f"{document} of {of}" if of else document
        data, row = _judged(exchange)
        if not any(item["query"] == name for item in self.queries):
            self.queries.append({"query": name, **row})
        return data


def _judged(exchange: Exchange) -> tuple[Row, Row]:
    row: Row = {"http_status": exchange.status, "elapsed_ms": round(exchange.elapsed_ms or 0)}
    headers = lowered(exchange.headers)
    limits = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    row |= {"rate_limit": limits} if limits else {}
    try:
        data = data_of(exchange)
    except RailwayError as error:
        return {}, {
            **row,
            "answered": False,
            "fault": error.fault.kind,
            "reason": _ID.sub("(an id)", error.fault.detail),
        }
    return data, {**row, "answered": True, "shape": shape_of(data)}


def shape_of(value: Any) -> Any:
    """Return the shape of a value: names, types and counts, but none of its content."""
    if isinstance(value, Mapping):
        return {str(name)[:60]: shape_of(item) for name, item in list(value.items())[:_MOST_FIELDS]}
    if isinstance(value, list):
        return {"count": len(value), "of": shape_of(value[0]) if value else None}
    names = {bool: "true or false", int: "whole number", float: "number", str: "text", type(None): "null"}
    if isinstance(value, str) and moment(value) is not None:
        return f"time, {len(value)} characters"
    return names.get(type(value), type(value).__name__)


def _of_deployments(listed: Sequence[Row], active: Sequence[Row]) -> Row:
    created = [str(row.get("createdAt")) for row in listed]
    metas = [row["meta"] for row in listed if isinstance(row.get("meta"), dict)]
    return {
        "deployments_of_first_1000": len(listed),
        "newest_first": created == sorted(created, reverse=True),
        "statuses": dict(Counter(str(row.get("status"))[:40] for row in listed)),
        "with_commit": sum("commitHash" in meta for meta in metas),
        "active_statuses": dict(Counter(str(row.get("status"))[:40] for row in active)),
        "active_can_rollback": [row.get("canRollback") is True for row in active],
        "sleepers_are_active": _sleepers(listed, active),
    }


def _sleepers(listed: Sequence[Row], active: Sequence[Row]) -> bool | None:
    """Whether sleeping deployments are among the active ones; None if none sleeps now."""
    sleeping = {row.get("id") for row in listed if row.get("status") == "SLEEPING"}
    sleeping |= {row.get("id") for row in active if row.get("status") == "SLEEPING"}
    return bool(sleeping & {row.get("id") for row in active}) if sleeping else None


def _first(rows: Sequence[Row], *statuses: str) -> str | None:
    return next((str(row.get("id")) for row in rows if row.get("status") in statuses), None)


def _rows(data: Row, *path: str) -> list[Row]:
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return [row for row in _list(value) if isinstance(row, dict)]


def _nodes(data: Row) -> list[Row]:
    return list(_each_node(data))


def _each_node(data: Row) -> Iterator[Row]:
    for edge in _rows(data, "deployments", "edges"):
        if isinstance(edge.get("node"), dict):
            yield edge["node"]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
