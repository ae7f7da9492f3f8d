"""The rules of occupation: TOMAR, PAUSAR, COMPLETAR and the instant inspection. Knows nothing of HTTP."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from demo.locks import Occupant, SpoolLocks
from demo.sheet import Operation, Session, Sheet


class RefusedError(Exception):
    """The rules refuse a request; `status` is the answer's code and `detail` its text for the worker."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Worker:
    """The worker, as the request gives it."""

    id: int
    nombre: str


class Occupation:
    """The rules. Methods raise RefusedError to refuse, and redis.RedisError when the lock cannot be read."""

    def __init__(self, sheet: Sheet, locks: SpoolLocks) -> None:
        self._sheet = sheet
        self._locks = locks

    def tomar(self, tag: str, worker: Worker, operacion: Operation) -> None:
        """Occupy the spool; refused when anybody holds it, even the same worker."""
        self._require_known(tag)
        if operacion is Operation.METROLOGIA:
            raise RefusedError(400, "METROLOGIA no requiere TOMAR: se completa directamente")
        if operacion is Operation.SOLD and Operation.ARM not in self._sheet.completed(tag):
            raise RefusedError(400, f"SOLD requiere ARM completado en {tag}")
        occupant = self._take(tag, worker, operacion)
        self._sheet.add(tag, _session(occupant))

    def pausar(self, tag: str, worker: Worker) -> Operation:
        """Leave the spool unfinished; return the operation that was in progress."""
        self._require_known(tag)
        held = self._locks.occupant(tag)
        if held is None:
            raise RefusedError(400, f"Spool {tag} no está ocupado")
        return self._leave(tag, worker, held, accion="PAUSAR")

    def completar(self, tag: str, worker: Worker, operacion: Operation) -> None:
        """Finish the operation that this worker holds."""
        self._require_known(tag)
        held = self._locks.occupant(tag)
        if held is None:
            raise _not_occupant(tag, worker)
        if held.worker_id == worker.id and held.operacion != operacion:
            raise RefusedError(400, f"Spool {tag} está ocupado para {held.operacion}, no para {operacion}")
        self._leave(tag, worker, held, accion="COMPLETAR")

    def inspect(self, tag: str, worker: Worker) -> None:
        """Inspect at once: METROLOGIA occupies and completes in one step, after ARM and SOLD."""
        self._require_known(tag)
        occupant = self._take(tag, worker, Operation.METROLOGIA)
        # Under the lock, as two concurrent inspections would otherwise both find the spool not yet inspected.
        refusal = _inspection_refusal(tag, self._sheet.completed(tag))
        if refusal:
            self._locks.release(tag, occupant)
            raise RefusedError(400, refusal)
        self._sheet.add(tag, _session(occupant))
        self._leave(tag, worker, occupant, accion="COMPLETAR")

    def _require_known(self, tag: str) -> None:
        if not self._sheet.knows(tag):
            raise RefusedError(404, f"Spool {tag} no encontrado")

    def _take(self, tag: str, worker: Worker, operacion: Operation) -> Occupant:
        occupant = Occupant(
            token=secrets.token_hex(8), worker_id=worker.id, worker_nombre=worker.nombre, operacion=operacion
        )
        if not self._locks.take(tag, occupant):
            raise RefusedError(409, f"Spool {tag} ya está ocupado por {self._holder_name(tag)}")
        return occupant

    def _holder_name(self, tag: str) -> str:
        held = self._locks.occupant(tag)
        # None when it was released between our SET and this GET; the refusal is still correct.
        return held.worker_nombre if held else "otro trabajador"

    def _leave(self, tag: str, worker: Worker, held: Occupant, *, accion: str) -> Operation:
        if held.worker_id != worker.id:
            raise _not_occupant(tag, worker)
        ended = self._sheet.end(tag, held.token, accion=accion, completes=accion == "COMPLETAR")
        self._locks.release(tag, held)
        if not ended:
            raise RefusedError(409, f"La ocupación de {tag} ya terminó")
        return Operation(held.operacion)


def _not_occupant(tag: str, worker: Worker) -> RefusedError:
    return RefusedError(403, f"Worker {worker.id} no es el ocupante actual de {tag}")


def _inspection_refusal(tag: str, completed: frozenset[Operation]) -> str | None:
    if Operation.METROLOGIA in completed:
        return f"Metrología ya completada para {tag}"
    missing = [step for step in (Operation.ARM, Operation.SOLD) if step not in completed]
    return f"{' y '.join(missing)} pendientes en {tag}" if missing else None


def _session(occupant: Occupant) -> Session:
    return Session(
        token=occupant.token,
        worker_id=occupant.worker_id,
        worker_nombre=occupant.worker_nombre,
        operacion=Operation(occupant.operacion),
        accion="TOMAR",
        start_time=datetime.now(UTC),
    )
