"""The endpoints that write: TOMAR, PAUSAR, COMPLETAR, inspection. demo.occupation has the rules."""

import logging

from fastapi import APIRouter, Depends

from demo import bodies_before_fix
from demo.backend import Backend
from demo.bodies import CompletarRequest, MetrologiaRequest, PausarRequest, TomarRequest
from demo.occupation import Worker
from demo.pool import stats_of
from demo.sheet import Operation

LOG = logging.getLogger("backend.occupation")

Body = dict[str, str | bool | None]


def occupation_routes(backend: Backend, *, before_fix: bool) -> APIRouter:
    """Build the occupation endpoints of one backend, of the code before or after the model fix."""
    routes = APIRouter(prefix="/api/occupation", dependencies=[Depends(backend.before_occupation)])

    @routes.post("/tomar")
    def tomar(request: TomarRequest) -> Body:
        return _tomar(backend, request)

    @routes.post("/pausar")
    def pausar(request: PausarRequest) -> Body:
        return _pausar(backend, request)

    if before_fix:

        @routes.post("/completar")
        def completar_before_fix(request: bodies_before_fix.CompletarRequest) -> Body:
            # The incident itself: the model lost a field that the code below still reads.
            return _completar(backend, request)  # type: ignore[arg-type]

    else:

        @routes.post("/completar")
        def completar(request: CompletarRequest) -> Body:
            return _completar(backend, request)

    return routes


def metrologia_routes(backend: Backend) -> APIRouter:
    """Build the instant inspection under its own path."""
    routes = APIRouter(prefix="/api/metrologia")

    @routes.post("/completar")
    def completar(request: MetrologiaRequest) -> Body:
        worker = Worker(id=request.worker_id, nombre=request.worker_nombre or str(request.worker_id))
        backend.occupation.inspect(request.tag_spool, worker)
        return _completed_body(request.tag_spool, Operation.METROLOGIA, request.resultado)

    return routes


def _tomar(backend: Backend, request: TomarRequest) -> Body:
    # The pool's real state: dead-gauge freezes the endpoint's gauge, not the pool.
    LOG.info("TOMAR operation: Redis pool at %.0f%% capacity", stats_of(backend.pool).utilization_percent)
    backend.before_tomar()
    backend.occupation.tomar(request.tag_spool, _worker(request), request.operacion)
    return {
        "success": True,
        "message": f"Spool {request.tag_spool} ocupado por {request.worker_nombre} para {request.operacion}",
        "tag_spool": request.tag_spool,
        "worker_nombre": request.worker_nombre,
        "operacion": request.operacion,
    }


def _pausar(backend: Backend, request: PausarRequest) -> Body:
    operacion = backend.occupation.pausar(request.tag_spool, _worker(request))
    return {
        "success": True,
        "message": f"{operacion} pausado en {request.tag_spool}",
        "tag_spool": request.tag_spool,
        "worker_nombre": request.worker_nombre,
        "operacion": operacion,
    }


def _completar(backend: Backend, request: CompletarRequest) -> Body:
    operacion = request.operacion
    if operacion is Operation.METROLOGIA:
        backend.occupation.inspect(request.tag_spool, _worker(request))
    else:
        backend.occupation.completar(request.tag_spool, _worker(request), operacion)
    return _completed_body(request.tag_spool, operacion, request.resultado)


def _worker(request: TomarRequest | PausarRequest | CompletarRequest) -> Worker:
    return Worker(id=request.worker_id, nombre=request.worker_nombre)


def _completed_body(tag_spool: str, operacion: Operation, resultado: str | None) -> Body:
    return {
        "success": True,
        "message": f"{operacion} completado para {tag_spool}",
        "tag_spool": tag_spool,
        "operacion": operacion,
        "estado": f"{operacion}_Completado",
        "resultado": resultado,
    }
