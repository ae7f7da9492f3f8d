"""The gauge of a pool, open for readings: at addresses of the service, or at the pool's own server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from deploy_verdict.evidence.answers.cached import why_cached
from deploy_verdict.evidence.pools.pool_samples import PROCESS_METRIC
from deploy_verdict.evidence.processes.process_marks import instance_of
from deploy_verdict.expect.numbers import metric_lines, metrics_alone
from deploy_verdict.http.probe import KeptAlive
from deploy_verdict.model import Exchange, OtherAnswer, Reading, Whose
from deploy_verdict.plan import MOST_BODY, Pool
from deploy_verdict.plan.sections.pools import NOT_KEPT, POSTGRES, REDIS
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.pools.servers.postgres_server import PostgresServer
from deploy_verdict.stages.pools.servers.redis_server import RedisServer
from deploy_verdict.stages.pools.servers.server import ServerConnection, ServerError

_SERVERS: dict[str, Callable[..., ServerConnection]] = {REDIS: RedisServer, POSTGRES: PostgresServer}


@dataclass
class Gauge:
    """Reads one pool over connections that stay open."""

    context: Context
    pool: Pool
    connection: KeptAlive
    server: ServerConnection | None = None
    _is_new: bool = True

    def read(self) -> Reading:
        """Take one reading, raw. Never raises for what the other side does."""
        return self._of_server() if self.pool.asks else self._of_service()

    def renew(self) -> None:
        """Make the next reading open a new connection to the service."""
        self.connection.renew()
        self._is_new = True

    def _of_service(self) -> Reading:
        offset_s, is_new = self.context.pace.offset_s(), self._is_new
        self._is_new = False
        main = self._asked(self.pool.path)
        also = tuple(
            OtherAnswer(
                path=path,
                url=self.context.redact(self.context.probe.to(self.pool.host).base_url + path),
                status=answer.status,
                body=self._kept(path, answer),
                body_truncated=answer.body_truncated,
                fault=answer.fault,
            )
            for path in (() if main.fault else self.pool.other_paths)
            for answer in (self._asked(path),)
        )
        return Reading(
            offset_s=round(offset_s, 3),
            elapsed_ms=main.elapsed_ms,
            status=main.status,
            body=self._kept(self.pool.path, main),
            body_truncated=main.body_truncated,
            also=also,
            instance=instance_of(self.context.plan, main),
            copy_by=why_cached(main),
            new_connection=is_new or len(main.attempts) > 1,
            first_try=main.attempts[0].fault if len(main.attempts) > 1 else None,
            fault=main.fault,
        )

    def _asked(self, path: str) -> Exchange:
        pool, plan = self.pool, self.context.plan
        return self.connection.ask(
            pool.method,
            path,
            headers=plan.headers_of(pool),
            anonymous=pool.auth == "none",
            timeout_s=pool.timeout,
            max_body_bytes=MOST_BODY if self._metrics.get(path) else None,
        )

    @cached_property
    def _metrics(self) -> dict[str, tuple[str, ...]]:
        """The metrics that the pool reads, by address, if it reads nothing else there."""
        found: dict[str, list[tuple[str, ...] | None]] = {}
        for _, number in self.pool.numbers:
            if not number.is_constant:
                found.setdefault(number.get or self.pool.path, []).append(metrics_alone(number.from_))
        return {
            path: tuple(name for needed in names if needed for name in needed)
            for path, names in found.items()
            if None not in names
        }

    def _kept(self, path: str, answer: Exchange) -> str | None:
        """Return the body as it is kept.

        Of a metrics page only the lines that are read: the rest, hundreds of lines in each of 270 readings,
        fills a disk.
        """
        names = self._metrics.get(path)
        if answer.body is None or not names or not 200 <= (answer.status or 0) < 300:
            return answer.body
        return metric_lines(answer.body, (*names, PROCESS_METRIC)) or answer.body[:2000]

    def _of_server(self) -> Reading:
        offset_s, clock = round(self.context.pace.offset_s(), 3), self.context.pace.clock
        began_s = clock.monotonic_s()
        try:
            if self.server is None:
                self.server = self._opened()
            facts = self.server.ask()
        except ServerError as error:
            return Reading(offset_s=offset_s, fault=error.as_fault(self.context.redact))
        elapsed_ms = round((clock.monotonic_s() - began_s) * 1000, 3)
        return Reading(offset_s=offset_s, elapsed_ms=elapsed_ms, body=self.context.redact(json.dumps(facts)))

    def _opened(self) -> ServerConnection:
        pool = self.pool
        if pool.address in ("", NOT_KEPT):
            detail = f"{pool.asks}: its address is not known here — set the variable that the plan names"
            raise ServerError("request", Whose.US, detail)
        within_s = pool.timeout or self.context.plan.service.timeout
        return _SERVERS[pool.asks or ""](pool.address, pool.of, within_s)


@contextmanager
def open_gauge(context: Context, pool: Pool) -> Iterator[Gauge]:
    """Open the gauge of a pool for several readings."""
    with context.probe.to(pool.host).kept_alive() as connection:
        gauge = Gauge(context, pool, connection)
        try:
            yield gauge
        finally:
            if gauge.server is not None:
                gauge.server.close()


def shown_address(context: Context, pool: Pool) -> str:
    """Return where a pool is read, without credentials."""
    if pool.asks is None:
        return context.redact(context.probe.to(pool.host).base_url + pool.path)
    parts = urlsplit(pool.address)
    port = f":{parts.port}" if parts.port else ""
    return context.redact(f"{pool.asks}://{parts.hostname or ''}{port}")
