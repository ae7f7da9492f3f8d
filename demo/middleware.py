"""Middleware around the endpoints: a log line for each request, and an edge that may answer instead."""

import logging
import time
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.backend import Backend
from demo.faults import (
    DOWN_EVERY_S,
    DOWN_FROM_S,
    DOWN_UNTIL_S,
    INSTANCES,
    LOCKED_OUT_AFTER_S,
    STALE_FOR_S,
    TRAFFIC_5XX_EVERY,
)
from demo.railway.records import PROBE_AGENT, USERS_AGENT, Request, new_request_id

LOG = logging.getLogger("backend.http")

STATS = "/api/redis-connection-stats"
EDGE_PATHS = ("/api/health", STATS)
CACHED_PATHS = ("/api/health", "/api/workers")
FALLBACK = "x-railway-fallback"
NO_TROUBLE: dict[str, str] = {}
# What the HTTP log says about a request that the edge had to answer itself.
EDGE_TROUBLE = {
    "upstream_errors": '[{"deploymentInstanceID":"","duration":1,"error":"connection refused"}]',
    "response_details": "Failed to forward request to backend",
}
EDGE_PAGE = "<!DOCTYPE html><html><title>502</title><h1>Application failed to respond</h1></html>"


class LogRequests:
    """Logs method, path with query, status and milliseconds once the answer has been sent."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app, self._backend = app, backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != STATS and Headers(scope=scope).get("user-agent", "").startswith(PROBE_AGENT):
            self._backend.bursts.interrupted()
        started = time.perf_counter()
        status = 500  # what the server answers when the application raises before answering

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            elapsed_ms = 1000 * (time.perf_counter() - started)
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            LOG.info("%s %s%s %d %.0f ms", scope["method"], scope["path"], query, status, elapsed_ms)


class BrokenEdge:
    """The fault html-502: the backend never sees these requests, so its log has no line of them either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in EDGE_PATHS:
            await self._app(scope, receive, send)
            return
        answer = HTMLResponse(EDGE_PAGE, status_code=502, headers={FALLBACK: "true"})
        await answer(scope, receive, send)


class Asleep:
    """A service that sleeps (the switch sleeping): until it is awake, the edge answers instead."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app, self._records = app, backend.records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        # A request of the simulated users may be in flight when it falls asleep; that does not wake it.
        wakes = scope["type"] == "http" and Headers(scope=scope).get("user-agent") != USERS_AGENT
        if scope["type"] == "http" and not self._records.is_awake(asked=wakes):
            status = 502 if self._records.switches.sleeping == "listed" else 404
            app = HTMLResponse(EDGE_PAGE, status_code=status, headers={FALLBACK: "true"})
        await app(scope, receive, send)


class Edge:
    """Railway's edge: gives each request an id, returned as a header, and an entry in the HTTP log."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app, self._records = app, backend.records

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        at, started, identity = datetime.now(UTC), time.perf_counter(), new_request_id()
        status, trouble = 500, NO_TROUBLE

        async def with_id(message: Message) -> None:
            nonlocal status, trouble
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                sent["x-railway-request-id"] = identity
                trouble = EDGE_TROUBLE if FALLBACK in sent else NO_TROUBLE
            await send(message)

        try:
            await self._app(scope, receive, with_id)
        finally:
            headers = Headers(scope=scope)
            self._records.add(
                Request(
                    at=at,
                    request_id=identity,
                    method=scope["method"],
                    path=scope["path"],
                    host=headers.get("host", ""),
                    status=status,
                    total_ms=round(1000 * (time.perf_counter() - started)),
                    user_agent=headers.get("user-agent", ""),
                    **trouble,
                )
            )


class BrokenForOthers:
    """The fault traffic-5xx: some requests to the history fail, but never the watcher's."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app, self._backend = app, backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        agent = Headers(scope=scope).get("user-agent", "")
        theirs = scope["path"].startswith("/api/history/") and not agent.startswith(PROBE_AGENT)
        app: ASGIApp = self._app
        if theirs and next(self._backend.others_requests) % TRAFFIC_5XX_EVERY == 0:
            app = JSONResponse({"detail": "Internal server error"}, status_code=500)
        await app(scope, receive, send)


def _plan_s(backend: Backend) -> float:
    """Return the plan time since the first probe; 0 before it."""
    probed_at = backend.records.probed_at
    return (datetime.now(UTC) - probed_at).total_seconds() * backend.speed if probed_at else 0.0


class LockedOut:
    """The fault users-locked-out: everybody except the watcher needs a login that nobody has any more."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app, self._backend = app, backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        is_ours = scope["type"] != "http" or Headers(scope=scope).get("user-agent", "").startswith(
            PROBE_AGENT
        )
        if not is_ours and _plan_s(self._backend) >= LOCKED_OUT_AFTER_S:
            app = JSONResponse({"detail": "Session expired"}, status_code=401)
        await app(scope, receive, send)


class Balanced:
    """The fault one-instance-broken: connections are assigned in turn, and one instance is broken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._instances: dict[int, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        port = (scope.get("client") or ("", 0))[1]
        instance = self._instances.setdefault(port, len(self._instances) % INSTANCES)
        if scope["type"] == "http" and scope["path"] == "/api/workers" and instance == 0:
            app = JSONResponse({"detail": "Internal server error"}, status_code=500)
        await app(scope, receive, send)


class DownBetweenSamples:
    """The fault down-between-samples."""

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self._app, self._backend = app, backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        in_quarter_s = _plan_s(self._backend) % DOWN_EVERY_S
        if scope["type"] == "http" and DOWN_FROM_S < in_quarter_s < DOWN_UNTIL_S:
            app = JSONResponse({"detail": "Service unavailable"}, status_code=503)
        await app(scope, receive, send)


class Cache:
    """The fault cached-answers: adds the headers of a cache in front of the backend."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def as_copy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["age"], headers["x-cache"] = "312", "HIT"
            await send(message)

        is_cached = scope["type"] == "http" and scope["path"] in CACHED_PATHS
        await self._app(scope, receive, as_copy if is_cached else send)


class OldCodeAtFirst:
    """The fault stale-at-first: the old code goes on answering for a while, as in a rolling deployment."""

    def __init__(self, app: ASGIApp, old: ASGIApp, backend: Backend) -> None:
        self._app, self._old, self._backend = app, old, backend

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The lifespan belongs to the new app.
        is_old = scope["type"] == "http" and _plan_s(self._backend) < STALE_FOR_S
        await (self._old if is_old else self._app)(scope, receive, send)
