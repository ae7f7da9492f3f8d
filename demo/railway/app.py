"""The demo's Railway over HTTP: tokens, rate-limit headers, and the troubles that Railway can cause."""

import asyncio
import json
import time
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from demo.faults import Fault
from demo.railway import ids
from demo.railway.answering import Answer, answer
from demo.railway.story import Story
from demo.railway.switches import switches_from

PATH = "/graphql/v2"
SLOW_S = 1.5
FREE_REQUESTS = 3
FLAPPING_EVERY = 3
FLAPPING = ((502, "502 Bad Gateway"), (503, "503 Service Unavailable"), (500, "500 Internal Server Error"))
LIMITED_PAGE = "error code: 1015"
FORBIDDEN_PAGE = "<!DOCTYPE html><title>Access denied</title><p>error code: 1010</p>"
RATE_LIMIT, RATE_WINDOW_S = 1000, 3600


def build_railway(story: Story) -> Starlette:
    """Build the application of one story."""

    async def graphql(request: Request) -> Response:
        number = story.asked()
        if story.fault is Fault.RAILWAY_SLOW:
            await asyncio.sleep(SLOW_S)
        page = _edge_page(story, number)
        if page is not None:
            return page
        if story.fault is Fault.RAILWAY_RATE_LIMITED and number > FREE_REQUESTS:
            return _too_many(RATE_LIMIT)
        hourly = story.records.switches.hourly
        if hourly and story.since_switched() > hourly:
            return _too_many(hourly)
        status, told = await _answered(story, request)
        used = story.since_switched() if hourly else number
        return JSONResponse(told, status_code=status, headers=_rate_headers(used, hourly or RATE_LIMIT))

    async def switches(request: Request) -> Response:
        """Set switches from a list of words as `python -m demo.serve --railway` takes them."""
        try:
            story.switch(switches_from(await request.json()))
        except (ValueError, TypeError, KeyError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({})

    async def requests(request: Request) -> Response:
        """Return the number of requests since the last switch, by operation name."""
        return JSONResponse(story.counts)

    async def alive(request: Request) -> Response:
        return JSONResponse({"ok": True})

    return Starlette(
        routes=[
            Route(PATH, graphql, methods=["POST"]),
            Route("/", alive),
            Route("/switches", switches, methods=["PUT"]),
            Route("/requests", requests),
        ]
    )


def _too_many(limit: int) -> Response:
    headers = {**_rate_headers(limit, limit), "Retry-After": str(RATE_WINDOW_S)}
    return JSONResponse(_refusal("Rate limit exceeded"), status_code=429, headers=headers)


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
    story.count(str(body.get("operationName")) if isinstance(body, dict) else "")
    refused = story.habits.refused.get(str(body.get("operationName")) if isinstance(body, dict) else "")
    if refused is not None:
        return 200, {**_refusal(refused, traceId="0demo"), "data": None}
    return await run_in_threadpool(answer, story, body, is_project_token=kind == "project")


def _edge_page(story: Story, number: int) -> Response | None:
    """What the edge says in Railway's place: a page, and no rate-limit header, for it counts nothing."""
    fault = story.fault
    if story.records.switches.take("edge_limited"):
        return PlainTextResponse(LIMITED_PAGE, status_code=429)
    if fault is Fault.RAILWAY_HTML_403 or story.records.switches.agent_refused:
        return HTMLResponse(FORBIDDEN_PAGE, status_code=403)
    if fault is Fault.RAILWAY_FLAPPING_5XX and number % FLAPPING_EVERY == 0:
        status, words = FLAPPING[(number // FLAPPING_EVERY - 1) % len(FLAPPING)]
        return HTMLResponse(f"<h1>{words}</h1>", status_code=status)
    return None


def _rate_headers(used: int, limit: int) -> dict[str, str]:
    """Return the rate-limit headers; the window's end is in Unix seconds."""
    ends = (int(time.time()) // RATE_WINDOW_S + 1) * RATE_WINDOW_S
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, limit - used)),
        "X-RateLimit-Reset": str(ends),
    }


def _refusal(message: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, **more}]}


def _has_blank_bearer(request: Request) -> bool:
    """Whether the secret is empty: `Authorization: Bearer ` with nothing after it."""
    return request.headers.get("authorization", "").strip().casefold() == "bearer"


def _token_kind(request: Request) -> str | None:
    if request.headers.get("project-access-token") == ids.DEMO_TOKEN:
        return "project"
    return "account" if request.headers.get("authorization") == f"Bearer {ids.DEMO_TOKEN}" else None
