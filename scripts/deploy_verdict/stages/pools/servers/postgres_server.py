"""Queries PostgreSQL for its connections: pg_stat_activity, in read-only transactions."""

from typing import Any

from deploy_verdict.model import Whose
from deploy_verdict.plan.sections.pools import Of
from deploy_verdict.stages.pools.servers.server import (
    OUR_NAME,
    Deadline,
    ServerError,
    error_of,
    is_meant,
    not_installed,
)

# To a role without pg_read_all_stats, sessions of other users show nothing but user and database.
_SESSIONS = """
select pid = pg_backend_pid(), usename, datname, application_name, host(client_addr), state,
       backend_type is null
  from pg_stat_activity
 where coalesce(backend_type, 'client backend') = 'client backend' and datname is not null
"""
_SERVER = """
select extract(epoch from pg_postmaster_start_time())::text,
       extract(epoch from now() - pg_postmaster_start_time())::float8,
       current_setting('max_connections')::int,
       current_setting('superuser_reserved_connections')::int
"""


class PostgresServer:
    """One connection to PostgreSQL. The first query opens it, as does the first one after a failure."""

    def __init__(self, address: str, of: Of | None, within_s: float) -> None:
        try:
            import psycopg  # noqa: PLC0415  # an optional extra
        except ImportError as error:
            raise not_installed("psycopg", "postgres") from error
        self._address, self._of, self._within_s, self._psycopg = address, of, within_s, psycopg
        self._connection: Any = None

    def ask(self) -> dict[str, Any]:
        """Return the sessions as counts, with the server's start and limits; raise ServerError."""
        deadline = Deadline(self._within_s)
        try:
            connection = self._connected()
            with deadline.over(connection.fileno):
                connection.execute(
                    "select set_config('statement_timeout', %s, true)", [f"{self._within_s * 1000:.0f}"]
                )
                born, up_s, most, reserved = connection.execute(_SERVER).fetchone()
                sessions = connection.execute(_SESSIONS).fetchall()
                connection.rollback()
        except (self._psycopg.Error, OSError, ValueError, TypeError) as error:
            self.close()
            raise error_of("PostgreSQL", error, cut=deadline.cut, within_s=self._within_s) from error
        return {
            "born": born,
            "up_s": up_s,
            **self._counts(sessions),
            "max_connections": most,
            "reserved_connections": reserved,
        }

    def _counts(self, sessions: list[tuple[Any, ...]]) -> dict[str, Any]:
        # Ours includes connections of other samplers of this tool.
        ours = [row for row in sessions if row[0] or row[3] == OUR_NAME]
        others = [row for row in sessions if row not in ours]
        hidden = sum(bool(row[6]) for row in others)
        if hidden and self._of is not None and (self._of.application_name or self._of.address):
            detail = (
                f"PostgreSQL hides the application name of {hidden} sessions from this user: "
                "grant it pg_read_all_stats, or choose them by user or database"
            )
            raise ServerError("hidden", Whose.US, detail)
        meant = [
            row
            for row in others
            if is_meant(
                self._of,
                user=row[1] or "",
                database=row[2] or "",
                application_name=row[3] or "",
                address=row[4] or "",
            )
        ]
        counts: dict[str, Any] = {"own": len(ours), "connections": len(meant)}
        if not any(row[6] for row in meant):
            for name, states in (
                ("active", ("active",)),
                ("idle", ("idle",)),
                ("idle_in_transaction", ("idle in transaction", "idle in transaction (aborted)")),
            ):
                counts[name] = sum(row[5] in states for row in meant)
        return counts

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = self._psycopg.connect(
                self._address,
                application_name=OUR_NAME,
                connect_timeout=max(2, round(self._within_s)),
                tcp_user_timeout=round(self._within_s * 1000),
            )
            self._connection.read_only = True
        return self._connection

    def close(self) -> None:
        """Close the connection; the next query opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
