"""The endpoints that only read: health, pool statistics, workers, history."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from demo.backend import Backend
from demo.faults import Fault
from demo.logfile import now_text
from demo.occupation import RefusedError

WORKERS = (
    (93, "MR", "Muñoz Rojas", True),
    (94, "MG", "Morales Gatica", True),
    (95, "CP", "Cáceres Pino", True),
    (96, "JS", "Jara Soto", True),
    (80, "NR", "Núñez Reyes", False),
)

# Any: a JSON body, which leaves the process as it is returned.
Body = dict[str, Any]


def status_routes(backend: Backend) -> APIRouter:
    """Build the read-only endpoints of one backend."""
    routes = APIRouter(prefix="/api")

    @routes.get("/health")
    def health() -> JSONResponse:
        error = backend.redis_error()
        body = _health_body(error, backend)
        return JSONResponse(body, status_code=_health_status(error, backend))

    @routes.get("/redis-health")
    def redis_health() -> JSONResponse:
        error = backend.redis_error()
        body = {"status": "unhealthy" if error else "healthy", "operational": error is None}
        return JSONResponse(body, status_code=_health_status(error, backend))

    # async, so that the event loop answers even while every worker thread waits for a connection.
    @routes.get("/redis-connection-stats")
    async def redis_connection_stats() -> Body:
        backend.stats_asked.set()
        if backend.refuses_stats():
            raise RefusedError(429, "Too many requests")
        return _stats_body(backend)

    @routes.get("/workers")
    async def workers() -> Body:
        return {"workers": [_worker_body(*row) for row in WORKERS]}

    @routes.get("/history/{tag_spool}")
    async def history(tag_spool: str) -> Body:
        if not backend.sheet.knows(tag_spool):
            raise RefusedError(404, f"Spool {tag_spool} no encontrado")
        sessions = () if backend.fault is Fault.HISTORY_EMPTY else backend.sheet.history(tag_spool)
        return {"tag_spool": tag_spool, "sessions": [session.as_json() for session in sessions]}

    return routes


def _health_status(error: str | None, backend: Backend) -> int:
    # The fault is in the body: it must fool a check of the status code alone.
    return 503 if error and backend.fault is not Fault.HEALTH_UNHEALTHY else 200


def _health_body(error: str | None, backend: Backend) -> Body:
    started: Body = {"started_at": len(backend.restarts)} if backend.fault is Fault.RESTARTS else {}
    return {
        **started,
        "status": "unhealthy" if error else "healthy",
        "operational": error is None,
        "sheets_connection": "ok",
        "redis_connection": "error" if error else "ok",
        "timestamp": now_text(),
        "details": {"redis_error": error, "redis_pool_stats": backend.shown_stats().as_json()},
    }


def _stats_body(backend: Backend) -> Body:
    stats = backend.shown_stats()
    body: Body = {**stats.as_json(), "alert": stats.alert, "timestamp": now_text()}
    if backend.fault is Fault.MISSING_FIELD:
        del body["active_connections"], body["utilization_percent"]
    return body


def _worker_body(number: int, nombre: str, apellido: str, activo: bool) -> Body:
    return {
        "id": number,
        "nombre": nombre,
        "apellido": apellido,
        "activo": activo,
        "nombre_completo": f"{nombre}({number})",
    }
