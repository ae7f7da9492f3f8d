"""The relay's HTTP side: checks the secret, caps the body, stores the event, answers at once."""

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy_verdict.relay.dispatcher import Dispatcher
from deploy_verdict.relay.payload import hint_of
from deploy_verdict.relay.settings import EventPlace, RelaySettings
from deploy_verdict.relay.store import Store

MAX_BODY_BYTES = 64 * 1024
LOG = logging.getLogger("relay")


def build_relay(settings: RelaySettings, store: Store, dispatcher: Dispatcher, kept: EventPlace) -> Starlette:
    """Build the application: POST /hooks/<secret>, or /hooks with the header X-Relay-Secret; GET /healthz."""

    async def hook(request: Request) -> Response:
        given = request.headers.get("x-relay-secret") or request.path_params.get("secret") or ""
        # As bytes: compare_digest refuses non-ASCII text.
        if not hmac.compare_digest(given.encode(), settings.secret.encode()):
            store.count_refused()
            return JSONResponse({"detail": "not found"}, status_code=404)
        try:
            async with asyncio.timeout(settings.body_within_s):
                body = await _body(request)
        except TimeoutError:
            return await run_in_threadpool(_refused, store, 408, "the body took too long")
        if body is None:
            return await run_in_threadpool(_refused, store, 413, f"more than {MAX_BODY_BYTES} bytes")
        return await run_in_threadpool(_accept, settings, store, dispatcher, body)

    async def healthz(request: Request) -> Response:
        counts = await run_in_threadpool(store.counts)
        alive = dispatcher.is_alive()
        return JSONResponse({"ok": alive, **kept.as_counts(), **counts}, status_code=200 if alive else 503)

    app = Starlette(
        routes=[
            Route("/hooks", hook, methods=["POST"]),
            Route("/hooks/{secret:path}", hook, methods=["POST"]),
            Route("/healthz", healthz),
        ],
        exception_handlers={sqlite3.Error: _no_database},
    )
    # A wrong secret gets 404 and nothing else, and no answer repeats the path.
    app.router.redirect_slashes = False
    return app


async def _no_database(request: Request, error: Exception) -> Response:
    """Answer 503: Railway retries after anything but 2xx and 3xx."""
    LOG.error("cannot use the database: %s", error)
    return JSONResponse({"ok": False, "detail": "cannot use the database"}, status_code=503)


async def _body(request: Request) -> bytes | None:
    """Return the body, or None when it is too large; Content-Length is not trusted."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


def _accept(settings: RelaySettings, store: Store, dispatcher: Dispatcher, body: bytes) -> Response:
    """Store the event; answer 202 only when it is on disk."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return _refused(store, 400, "the body is not JSON")
    hint = hint_of(payload)
    if hint is None or not settings.wants(hint):
        store.count("ignored")
        LOG.info("POST /hooks 200: ignored")
        return JSONResponse({"state": "ignored"})
    is_new = store.accept(hashlib.sha256(body).hexdigest(), hint.event, hint.client_payload())
    dispatcher.wake()
    state = "accepted" if is_new else "duplicate"
    LOG.info("POST /hooks 202: deployment %s %s", hint.event, state)
    return JSONResponse({"state": state}, status_code=202)


def _refused(store: Store, status: int, why: str) -> Response:
    """Log and answer a refusal; never log the path, which holds the secret."""
    LOG.warning("POST /hooks %d: %s", status, why)
    store.count("bad_request")
    return JSONResponse({"detail": why}, status_code=status)
