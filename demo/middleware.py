"""What stands around the endpoints: a log line per request, an edge that answers in the backend's place."""

import logging
import time

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("backend.http")

EDGE_PATHS = ("/api/health", "/api/redis-connection-stats")
EDGE_PAGE = "<!DOCTYPE html><html><title>502</title><h1>Application failed to respond</h1></html>"


class LogRequests:
    """Log method, path with query, status and milliseconds once the answer has been sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
        answer = HTMLResponse(EDGE_PAGE, status_code=502, headers={"x-railway-fallback": "true"})
        await answer(scope, receive, send)
