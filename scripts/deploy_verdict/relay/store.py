"""The relay's memory: accepted events in SQLite, durable before Railway is answered."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from deploy_verdict.errors import EvidenceError

State = Literal["waiting", "sending", "sent", "parked"]
_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    digest TEXT PRIMARY KEY,
    deployment TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL,
    accepted_at REAL NOT NULL,
    sending_at REAL,
    sent_at REAL,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class Event:
    """An accepted event; times are Unix seconds."""

    deployment: str
    payload: dict[str, str]
    state: State
    tries: int
    next_at: float
    sending_at: float | None


class Store:
    """One connection, used by several threads in turn. Raises EvidenceError when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._guard = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=5.0
            )
            # FULL: an answered request is on the disk, also after a power cut.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise EvidenceError(f"{path}: cannot be used as the relay's database ({error})") from error

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except sqlite3.Error:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def accept(self, digest: str, deployment: str, payload: dict[str, str]) -> bool:
        """Keep an event; False when it, or another one of the same deployment, is known already."""
        now = _now()
        with self._transaction() as database:
            done = database.execute(
                "INSERT OR IGNORE INTO events (digest, deployment, payload, state, next_at, accepted_at) "
                "VALUES (?, ?, ?, 'waiting', ?, ?)",
                (digest, deployment, json.dumps(payload), now, now),
            )
            is_new = done.rowcount == 1
            _count(database, "accepted" if is_new else "duplicate")
        return is_new

    def count(self, name: str) -> None:
        """Count something that is not an accepted event."""
        with self._transaction() as database:
            _count(database, name)

    def due(self) -> Event | None:
        """The event whose time has come, the oldest first; parked ones come again too."""
        with self._guard:
            row = self._connection.execute(
                "SELECT deployment, payload, state, tries, next_at, sending_at FROM events "
                "WHERE state != 'sent' AND next_at <= ? ORDER BY next_at LIMIT 1",
                (_now(),),
            ).fetchone()
        return None if row is None else _event(row)

    def next_at(self) -> float | None:
        """When the next event is due."""
        with self._guard:
            row = self._connection.execute("SELECT MIN(next_at) FROM events WHERE state != 'sent'").fetchone()
        return None if row is None or row[0] is None else float(row[0])

    def mark(self, deployment: str, state: State, *, again_in_s: float = 0.0, reason: str = "") -> None:
        """Note how far an event is, before the next step is taken."""
        now = _now()
        with self._transaction() as database:
            database.execute(
                "UPDATE events SET state = ?, next_at = ?, reason = ?, "
                "tries = tries + (? = 'sending'), "
                "sending_at = CASE WHEN ? = 'sending' THEN ? ELSE sending_at END, "
                "sent_at = CASE WHEN ? = 'sent' THEN ? ELSE sent_at END WHERE deployment = ?",
                (state, now + again_in_s, reason[:300], state, state, now, state, now, deployment),
            )

    def later(self, deployment: str, again_in_s: float, reason: str) -> None:
        """Look at an event again later, its state as it is."""
        with self._transaction() as database:
            database.execute(
                "UPDATE events SET next_at = ?, reason = ? WHERE deployment = ?",
                (_now() + again_in_s, reason[:300], deployment),
            )

    def hurry(self) -> None:
        """At a start, look at everything at once, parked events too."""
        with self._transaction() as database:
            database.execute("UPDATE events SET next_at = ? WHERE state != 'sent'", (_now(),))

    def told(self) -> dict[str, Any]:
        """Counters and states, for /healthz."""
        with self._transaction() as database:
            counters = dict(database.execute("SELECT name, value FROM counters").fetchall())
            states = dict(database.execute("SELECT state, COUNT(*) FROM events GROUP BY state").fetchall())
            waiting = database.execute("SELECT MIN(accepted_at) FROM events WHERE state != 'sent'").fetchone()
            reasons = database.execute(
                "SELECT deployment, reason FROM events WHERE state != 'sent' AND reason != '' LIMIT 10"
            ).fetchall()
        names = ("accepted", "duplicate", "ignored", "refused_auth", "bad_request")
        return {
            **{name: counters.get(name, 0) for name in names},
            **{state: states.get(state, 0) for state in ("waiting", "sending", "sent", "parked")},
            "oldest_waiting_s": None if waiting[0] is None else round(_now() - waiting[0], 1),
            "reasons": dict(reasons),
        }


def _count(database: sqlite3.Connection, name: str) -> None:
    database.execute(
        "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (name,),
    )


def _event(row: tuple[Any, ...]) -> Event:
    deployment, payload, state, tries, next_at, sending_at = row
    return Event(
        deployment=deployment,
        payload=json.loads(payload),
        state=state,
        tries=tries,
        next_at=next_at,
        sending_at=sending_at,
    )


def _now() -> float:
    return datetime.now(UTC).timestamp()
