"""The relay's store: accepted events in SQLite, durable before Railway gets its answer."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deploy_verdict.base.errors import EvidenceError

State = Literal["waiting", "sending", "sent", "parked"]
OPEN_WITHIN_S = 5.0
PROVEN_FOR_S = 5.0
LONGEST_WAIT_S = 3600.0
_NAMES = ("accepted", "duplicate", "ignored", "refused_auth", "bad_request")
_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    deployment TEXT NOT NULL,
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
    """An accepted event; times are Unix seconds. `name` is the deployment, with its state if it failed."""

    name: str
    deployment: str
    payload: dict[str, str]
    state: State
    tries: int
    next_at: float
    sending_at: float | None


class Store:
    """One connection, used by several threads in turn; `now` returns Unix seconds.

    Raises EvidenceError when it cannot be opened, and sqlite3.Error when it cannot be used later.
    """

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self.now = now
        self._guard = threading.Lock()
        self._refused_auth = 0
        self._proven_at: float | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=OPEN_WITHIN_S
            )
            # Two relays on one file would dispatch twice, so the second one cannot open it.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            # FULL, so that an accepted event survives a power cut.
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(_TABLES)
            self._prove()
        except (OSError, sqlite3.Error) as error:
            raise EvidenceError(
                f"{path}: cannot be used as the relay's database ({error}) — give --database a file in a "
                "directory that this user may write and no other relay uses"
            ) from error

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._proven_at = None
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                # A full disk shows at the COMMIT, and may leave the transaction open.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            self._proven_at = self.now()

    def accept(self, digest: str, name: str, payload: dict[str, str]) -> bool:
        """Store an event; return False when it, or another one of the same name, is stored already."""
        now = self.now()
        with self._transaction() as database:
            done = database.execute(
                "INSERT OR IGNORE INTO events "
                "(digest, name, deployment, payload, state, next_at, accepted_at) "
                "VALUES (?, ?, ?, ?, 'waiting', ?, ?)",
                (digest, name, payload["deployment"], json.dumps(payload), now, now),
            )
            is_new = done.rowcount == 1
            _count(database, "accepted" if is_new else "duplicate")
        return is_new

    def count(self, name: str) -> None:
        """Count something other than an accepted event."""
        with self._transaction() as database:
            _count(database, name)

    def count_refused(self) -> None:
        """Count a wrong secret in memory only, so that strangers cannot make the disk work."""
        with self._guard:
            self._refused_auth += 1

    def due(self) -> Event | None:
        """Return the event that has been due longest, including parked ones; None if none is due."""
        with self._guard:
            row = self._connection.execute(
                "SELECT name, deployment, payload, state, tries, next_at, sending_at FROM events "
                "WHERE state != 'sent' AND next_at <= ? ORDER BY next_at LIMIT 1",
                (self.now(),),
            ).fetchone()
        return None if row is None else _event(row)

    def next_at(self) -> float | None:
        """Return when the next event is due; None if all are sent."""
        with self._guard:
            row = self._connection.execute("SELECT MIN(next_at) FROM events WHERE state != 'sent'").fetchone()
        return None if row is None or row[0] is None else float(row[0])

    def mark(self, name: str, state: State, *, again_in_s: float = 0.0, reason: str = "") -> None:
        """Record an event's state, before the next step."""
        now = self.now()
        with self._transaction() as database:
            database.execute(
                "UPDATE events SET state = ?, next_at = ?, reason = ?, "
                "tries = tries + (? = 'sending'), "
                "sending_at = CASE WHEN ? = 'sending' THEN ? ELSE sending_at END, "
                "sent_at = CASE WHEN ? = 'sent' THEN ? ELSE sent_at END WHERE name = ?",
                (state, now + again_in_s, reason[:300], state, state, now, state, now, name),
            )

    def later(self, name: str, again_in_s: float, reason: str) -> None:
        """Postpone an event without changing its state."""
        with self._transaction() as database:
            database.execute(
                "UPDATE events SET next_at = ?, reason = ? WHERE name = ?",
                (self.now() + again_in_s, reason[:300], name),
            )

    def others_sent(self, event: Event, since: float) -> int:
        """Count the other events of the same deployment sent since then, which have runs of their own."""
        with self._guard:
            row = self._connection.execute(
                "SELECT COUNT(*) FROM events WHERE deployment = ? AND name != ? AND sent_at >= ?",
                (event.deployment, event.name, since),
            ).fetchone()
        return int(row[0])

    def hurry(self) -> None:
        """On start, make parked and interrupted events due at once, and cap the pause of the others."""
        now = self.now()
        with self._transaction() as database:
            database.execute(
                "UPDATE events SET next_at = CASE WHEN state = 'waiting' THEN MIN(next_at, ?) ELSE ? END "
                "WHERE state != 'sent'",
                (now + LONGEST_WAIT_S, now),
            )

    def counts(self) -> dict[str, Any]:
        """Return counters and states for /healthz; raise sqlite3.Error when nothing can be written."""
        proven_at = self._proven_at
        if proven_at is None or abs(self.now() - proven_at) > PROVEN_FOR_S:
            self._prove()
        with self._guard:
            ask = self._connection.execute
            counters = dict(ask("SELECT name, value FROM counters").fetchall())
            states = dict(ask("SELECT state, COUNT(*) FROM events GROUP BY state").fetchall())
            waiting = ask("SELECT MIN(accepted_at) FROM events WHERE state != 'sent'").fetchone()
            reasons = ask(
                "SELECT name, reason FROM events WHERE state != 'sent' AND reason != '' "
                "ORDER BY accepted_at LIMIT 10"
            ).fetchall()
            counters["refused_auth"] = self._refused_auth
        return {
            **{name: counters.get(name, 0) for name in _NAMES},
            **{state: states.get(state, 0) for state in ("waiting", "sending", "sent", "parked")},
            "oldest_waiting_s": None if waiting[0] is None else round(max(0.0, self.now() - waiting[0]), 1),
            "reasons": dict(reasons),
        }

    def _prove(self) -> None:
        """Write something, as on a full disk everything else still seems to work."""
        with self._transaction() as database:
            _count(database, "proven")


def _count(database: sqlite3.Connection, name: str) -> None:
    database.execute(
        "INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (name,),
    )


def _event(row: tuple[Any, ...]) -> Event:
    name, deployment, payload, state, tries, next_at, sending_at = row
    return Event(
        name=name,
        deployment=deployment,
        payload=json.loads(payload),
        state=state,
        tries=tries,
        next_at=next_at,
        sending_at=sending_at,
    )
