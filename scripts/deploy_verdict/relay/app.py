"""The relay's HTTP side: check the secret, cap the body, keep the event, answer at once."""

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

from deploy_verdict.relay.dispatching import Dispatcher
from deploy_verdict.relay.payload import hint_of
from deploy_verdict.relay.settings import Settings
from deploy_verdict.relay.store import Store

MAX_BODY_BYTES = 64 * 1024
BODY_WITHIN_S = 10.0
LOG = logging.getLogger("relay")


def build_relay(settings: Settings, store: Store, dispatcher: Dispatcher) -> Starlette:
    """The application: POST /hooks/<secret>, or POST /hooks with the header X-Relay-Secret; GET /healthz."""

    async def hook(request: Request) -> Response:
        given = request.headers.get("x-relay-secret") or request.path_params.get("secret") or ""
        # Bytes: compare_digest refuses text beyond ASCII.
        if not hmac.compare_digest(given.encode(), settings.secret.encode()):
            await run_in_threadpool(store.count, "refused_auth")
            return JSONResponse({"detail": "not found"}, status_code=404)
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _body(request)
        except TimeoutError:
            return JSONResponse({"detail": "the body took too long"}, status_code=408)
        if body is None:
            await run_in_threadpool(store.count, "bad_request")
            return JSONResponse({"detail": f"more than {MAX_BODY_BYTES} bytes"}, status_code=413)
        return await run_in_threadpool(_taken, settings, store, dispatcher, body)

    async def healthz(request: Request) -> Response:
        told = await run_in_threadpool(store.told)
        alive = dispatcher.is_alive()
        return JSONResponse({"ok": alive, **told}, status_code=200 if alive else 503)

    return Starlette(
        routes=[
            Route("/hooks", hook, methods=["POST"]),
            Route("/hooks/{secret}", hook, methods=["POST"]),
            Route("/healthz", healthz),
        ],
        exception_handlers={sqlite3.Error: _no_database},
    )


async def _no_database(request: Request, error: Exception) -> Response:
    """Railway tries again after anything but 2xx and 3xx."""
    LOG.error("the database: %s", error)
    return JSONResponse({"ok": False, "detail": "the database cannot be used"}, status_code=503)


async def _body(request: Request) -> bytes | None:
    """The body, or None when it is too large; what it announces is not believed."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return body


def _taken(settings: Settings, store: Store, dispatcher: Dispatcher, body: bytes) -> Response:
    """Keep the event; 202 only when it is on the disk."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        store.count("bad_request")
        return JSONResponse({"detail": "the body is not JSON"}, status_code=400)
    hint = hint_of(payload)
    if hint is None or not settings.wants(hint):
        store.count("ignored")
        return JSONResponse({"state": "ignored"})
    is_new = store.accept(hashlib.sha256(body).hexdigest(), hint.deployment, hint.client_payload())
    dispatcher.wake()
    LOG.info("deployment %s %s", hint.deployment, "accepted" if is_new else "is known already")
    return JSONResponse({"state": "accepted" if is_new else "duplicate"}, status_code=202)
