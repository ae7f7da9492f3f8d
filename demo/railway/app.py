"""The demo's Railway over HTTP: tokens, rate-limit headers, and the troubles that Railway can make."""

import asyncio
import json
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.faults import Fault
from demo.railway import ids
from demo.railway.answering import answer
from demo.railway.story import Story

PATH = "/graphql/v2"
SLOW_S = 1.5
FREE_REQUESTS = 3
FLAPPING_EVERY = 3
FORBIDDEN_PAGE = "<!DOCTYPE html><title>Access denied</title><p>error code: 1010</p>"


def build_railway(story: Story) -> Starlette:
    """The application of one story."""

    async def graphql(request: Request) -> Response:
        number = story.asked()
        if story.fault is Fault.RAILWAY_SLOW:
            await asyncio.sleep(SLOW_S)
        trouble = _trouble(story.fault, number)
        if trouble is not None:
            return trouble
        kind = _token_kind(request)
        if kind is None or story.fault is Fault.RAILWAY_EXPIRED_TOKEN:
            return JSONResponse({"errors": [{"message": "Not Authorized", "traceId": "0demo"}], "data": None})
        try:
            body: Any = json.loads(await request.body())
        except (ValueError, RecursionError):
            return JSONResponse({"errors": [{"message": "POST body is not JSON"}]}, status_code=400)
        query, variables = (
            (body.get("query"), body.get("variables")) if isinstance(body, dict) else (None, None)
        )
        status, told = await run_in_threadpool(
            answer, story, query, variables, is_project_token=kind == "project"
        )
        headers = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": str(max(0, 1000 - number))}
        return JSONResponse(told, status_code=status, headers=headers)

    async def alive(request: Request) -> Response:
        return JSONResponse({"ok": True})

    return Starlette(routes=[Route(PATH, graphql, methods=["POST"]), Route("/", alive)])


def _trouble(fault: Fault, number: int) -> Response | None:
    """What comes instead of an answer."""
    if fault is Fault.RAILWAY_HTML_403:
        return HTMLResponse(FORBIDDEN_PAGE, status_code=403)
    if fault is Fault.RAILWAY_RATE_LIMITED and number > FREE_REQUESTS:
        body = {"errors": [{"message": "Rate limit exceeded"}]}
        headers = {"Retry-After": "3600", "X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0"}
        return JSONResponse(body, status_code=429, headers=headers)
    if fault is Fault.RAILWAY_FLAPPING_5XX and number % FLAPPING_EVERY == 0:
        return HTMLResponse("<h1>502 Bad Gateway</h1>", status_code=502)
    return None


def _token_kind(request: Request) -> str | None:
    if request.headers.get("project-access-token") == ids.DEMO_TOKEN:
        return "project"
    return "account" if request.headers.get("authorization") == f"Bearer {ids.DEMO_TOKEN}" else None
