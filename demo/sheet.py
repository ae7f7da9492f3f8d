"""The simulated Google sheet: spools, who worked on them, what is completed. Slow to write."""

import random
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from demo.logfile import utc_text

SPOOLS = ("TEST-02", *(f"MK-1335-CW-25238-{number:03}" for number in range(1, 25)))
WRITE_DELAY_S = (0.010, 0.020)


class Operation(StrEnum):
    """What a worker does to a spool."""

    ARM = "ARM"
    SOLD = "SOLD"
    METROLOGIA = "METROLOGIA"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One period of work. `accion` is the last thing that happened to it; an open session has no end."""

    token: str
    worker_id: int
    worker_nombre: str
    operacion: Operation
    accion: str
    start_time: datetime
    end_time: datetime | None = None

    def as_json(self) -> dict[str, str | int | float | None]:
        """Return the session as /api/history shows it; duration in seconds, null while it is open."""
        end = self.end_time
        return {
            "worker_nombre": self.worker_nombre,
            "worker_id": self.worker_id,
            "operacion": self.operacion,
            "accion": self.accion,
            "start_time": utc_text(self.start_time),
            "end_time": utc_text(end) if end else None,
            "duration": round((end - self.start_time).total_seconds(), 3) if end else None,
        }


class Sheet:
    """The sheet, safe for threads. The lock, not the sheet, decides who may write."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._sessions: dict[str, dict[str, Session]] = {tag: {} for tag in SPOOLS}
        self._completed: dict[str, set[Operation]] = {tag: set() for tag in SPOOLS}

    def knows(self, tag_spool: str) -> bool:
        return tag_spool in self._sessions

    def completed(self, tag_spool: str) -> frozenset[Operation]:
        with self._mutex:
            return frozenset(self._completed[tag_spool])

    def history(self, tag_spool: str) -> tuple[Session, ...]:
        """Return all sessions, oldest first."""
        with self._mutex:
            return tuple(self._sessions[tag_spool].values())

    def add(self, tag_spool: str, session: Session) -> None:
        """Write the row of a new session; takes 10 to 20 ms."""
        _write_delay()
        with self._mutex:
            self._sessions[tag_spool][session.token] = session

    def end(self, tag_spool: str, token: str, *, accion: str, completes: bool) -> bool:
        """End the open session of `token`; False when it has ended already. Takes 10 to 20 ms."""
        _write_delay()
        with self._mutex:
            session = self._sessions[tag_spool].get(token)
            if session is None or session.end_time is not None:
                return False
            self._sessions[tag_spool][token] = replace(session, accion=accion, end_time=datetime.now(UTC))
            if completes:
                self._completed[tag_spool].add(session.operacion)
            return True


def _write_delay() -> None:
    # Outside the mutex: writes to two spools overlap, and so do two writers who both believe they hold one.
    time.sleep(random.uniform(*WRITE_DELAY_S))  # noqa: S311 - a delay, not cryptography
