"""The demo's Railway over HTTP: tokens, rate-limit headers, and the troubles that Railway can make."""

import asyncio
import json
import time
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from demo.faults import Fault
from demo.railway import ids
from demo.railway.answering import Answer, answer
from demo.railway.story import Story

PATH = "/graphql/v2"
SLOW_S = 1.5
FREE_REQUESTS = 3
FLAPPING_EVERY = 3
FLAPPING = ((502, "502 Bad Gateway"), (503, "503 Service Unavailable"), (500, "500 Internal Server Error"))
FORBIDDEN_PAGE = "<!DOCTYPE html><title>Access denied</title><p>error code: 1010</p>"
RATE_LIMIT, RATE_WINDOW_S = 1000, 3600


def build_railway(story: Story) -> Starlette:
    """The application of one story."""

    async def graphql(request: Request) -> Response:
        number = story.asked()
        if story.fault is Fault.RAILWAY_SLOW:
            await asyncio.sleep(SLOW_S)
        page = _edge_page(story.fault, number)
        if page is not None:
            return page
        if story.fault is Fault.RAILWAY_RATE_LIMITED and number > FREE_REQUESTS:
            headers = {**_rate_headers(RATE_LIMIT), "Retry-After": str(RATE_WINDOW_S)}
            return JSONResponse(_refusal("Rate limit exceeded"), status_code=429, headers=headers)
        status, told = await _answered(story, request)
        return JSONResponse(told, status_code=status, headers=_rate_headers(number))

    async def alive(request: Request) -> Response:
        return JSONResponse({"ok": True})

    return Starlette(routes=[Route(PATH, graphql, methods=["POST"]), Route("/", alive)])


async def _answered(story: Story, request: Request) -> Answer:
    if _has_blank_bearer(request):
        code = {"extensions": {"code": "UNAUTHENTICATED"}}
        return 200, {**_refusal("Not Authenticated", **code), "data": None}
    kind = _token_kind(request)
    if kind is None or story.fault is Fault.RAILWAY_EXPIRED_TOKEN:
        return 200, {**_refusal("Not Authorized", traceId="0demo"), "data": None}
    try:
        body: Any = json.loads(await request.body())
    except (ValueError, RecursionError):
        return 400, _refusal("POST body is not JSON", traceId="0demo")
    refused = story.habits.refused.get(str(body.get("operationName")) if isinstance(body, dict) else "")
    if refused is not None:
        return 200, {**_refusal(refused, traceId="0demo"), "data": None}
    return await run_in_threadpool(answer, story, body, is_project_token=kind == "project")


def _edge_page(fault: Fault, number: int) -> Response | None:
    """What the edge says in Railway's place: a page, and no rate-limit header, for it counts nothing."""
    if fault is Fault.RAILWAY_HTML_403:
        return HTMLResponse(FORBIDDEN_PAGE, status_code=403)
    if fault is Fault.RAILWAY_FLAPPING_5XX and number % FLAPPING_EVERY == 0:
        status, words = FLAPPING[(number // FLAPPING_EVERY - 1) % len(FLAPPING)]
        return HTMLResponse(f"<h1>{words}</h1>", status_code=status)
    return None


def _rate_headers(used: int) -> dict[str, str]:
    """The window's end in Unix seconds."""
    ends = (int(time.time()) // RATE_WINDOW_S + 1) * RATE_WINDOW_S
    return {
        "X-RateLimit-Limit": str(RATE_LIMIT),
        "X-RateLimit-Remaining": str(max(0, RATE_LIMIT - used)),
        "X-RateLimit-Reset": str(ends),
    }


def _refusal(message: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, **more}]}


def _has_blank_bearer(request: Request) -> bool:
    """An empty secret: `Authorization: Bearer ` and nothing behind it."""
    return request.headers.get("authorization", "").strip().casefold() == "bearer"


def _token_kind(request: Request) -> str | None:
    if request.headers.get("project-access-token") == ids.DEMO_TOKEN:
        return "project"
    return "account" if request.headers.get("authorization") == f"Bearer {ids.DEMO_TOKEN}" else None
