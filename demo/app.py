"""The ASGI application: endpoints, the answers to refusals and errors, and the middleware around them."""

import logging

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from redis import RedisError

from demo.backend import Backend, FlakyError
from demo.faults import BEFORE_THE_MODEL_FIX, Fault
from demo.middleware import (
    Asleep,
    Balanced,
    BrokenEdge,
    BrokenForOthers,
    Cache,
    DownBetweenSamples,
    Edge,
    LockedOut,
    LogRequests,
    OldCodeAtFirst,
)
from demo.occupation import RefusedError
from demo.occupation_routes import metrologia_routes, occupation_routes
from demo.status_routes import status_routes

REDIS_LOG = logging.getLogger("backend.redis")
ERROR_LOG = logging.getLogger("backend.errors")


def build_app(backend: Backend) -> FastAPI:
    """Build the complete service of one backend."""
    app = _service(backend, before_fix=backend.fault in BEFORE_THE_MODEL_FIX)
    if backend.fault is Fault.STALE_AT_FIRST:
        app.add_middleware(OldCodeAtFirst, old=_service(backend, before_fix=True), backend=backend)
    if backend.fault is Fault.ONE_INSTANCE_BROKEN:
        app.add_middleware(Balanced)
    if backend.fault is Fault.DOWN_BETWEEN_SAMPLES:
        app.add_middleware(DownBetweenSamples, backend=backend)
    if backend.fault is Fault.CACHED_ANSWERS:
        app.add_middleware(Cache)
    if backend.fault is Fault.USERS_LOCKED_OUT:
        app.add_middleware(LockedOut, backend=backend)
    app.add_middleware(LogRequests, backend=backend)
    if backend.fault is Fault.TRAFFIC_5XX:
        app.add_middleware(BrokenForOthers, backend=backend)
    if backend.fault is Fault.HTML_502:
        app.add_middleware(BrokenEdge)
    app.add_middleware(Asleep, backend=backend)
    # Outermost, so that its log also has what the edge itself answers.
    app.add_middleware(Edge, backend=backend)
    return app


def _service(backend: Backend, *, before_fix: bool) -> FastAPI:
    app = FastAPI(title="ZEUES (demo)")
    app.include_router(status_routes(backend))
    app.include_router(occupation_routes(backend, before_fix=before_fix))
    app.include_router(metrologia_routes(backend))
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RedisError, _redis_failed)
    # The incident raised AttributeError; any other crash is the server's own plain 500.
    app.add_exception_handler(AttributeError, _crashed)
    app.add_exception_handler(FlakyError, _crashed)
    return app


# All three are async, so that they answer even when no worker thread is free.
async def _refused(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RefusedError):
        raise error
    return JSONResponse({"detail": error.detail}, status_code=error.status)


async def _redis_failed(request: Request, error: Exception) -> JSONResponse:
    REDIS_LOG.error("Redis not responding: %s", error, exc_info=error)
    return _internal_error(error)


async def _crashed(request: Request, error: Exception) -> JSONResponse:
    ERROR_LOG.error("%s %s failed: %s", request.method, request.url.path, error, exc_info=error)
    return _internal_error(error)


def _internal_error(error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"Internal server error: {error}"}, status_code=500)
