"""The backend without its endpoints: pool, lock, sheet and the one fault, built and closed together."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from logging import getLogger

from redis import BlockingConnectionPool, Redis, RedisError

from demo.bursts import Bursts
from demo.faults import (
    BEFORE_THE_POOL,
    FLAKY_EVERY,
    LEAKING_READINGS,
    LEAKS_EVERY,
    SAMPLES_AFTER_T0,
    SAMPLES_REFUSED,
    SLOW_DELAY_S,
    SLOW_EVERY,
    Fault,
)
from demo.locks import SpoolLocks
from demo.occupation import Occupation
from demo.pool import (
    FROZEN_STATS,
    MAX_CONNECTIONS,
    OLD_MAX_CONNECTIONS,
    PoolStats,
    flattered,
    held_connection,
    open_pool,
    recorded_stats,
    stats_of,
)
from demo.railway.records import Records
from demo.redis_server import redis_url
from demo.sheet import SPOOLS, Sheet

LOG = getLogger("backend.redis")

NOBODY_LISTENS_URL = "redis://127.0.0.1:1/0"
HEALTH_HOLD_S = 0.05


class FlakyError(RuntimeError):
    """The error behind the 500s of flaky-500."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """What the endpoints and the background jobs share."""

    fault: Fault
    speed: float
    redis_url: str
    pool: BlockingConnectionPool
    health_pool: BlockingConnectionPool
    locks: SpoolLocks
    sheet: Sheet
    occupation: Occupation
    records: Records = field(default_factory=Records)
    stopping: threading.Event = field(default_factory=threading.Event)
    stats_asked: threading.Event = field(default_factory=threading.Event)
    leaks_due: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    # next() on a count is atomic, so these need no lock.
    leaked: list[Redis] = field(default_factory=list)
    restarts: list[datetime] = field(default_factory=list)
    stats_shown: Iterator[int] = field(default_factory=lambda: count(1))
    bursts: Bursts = field(default_factory=Bursts)
    occupation_requests: Iterator[int] = field(default_factory=lambda: count(1))
    tomar_requests: Iterator[int] = field(default_factory=lambda: count(1))
    others_requests: Iterator[int] = field(default_factory=lambda: count(1))

    def shown_stats(self) -> PoolStats:
        """Return what the endpoints report: the pool's real state, unless a fault falsifies the gauge."""
        if self.fault is Fault.DEAD_GAUGE:
            return FROZEN_STATS
        if self.fault is Fault.CACHED_GAUGE:
            return recorded_stats(next(self.stats_shown))
        stats = stats_of(self.pool)
        return flattered(stats) if self.fault is Fault.LYING_GAUGE else stats

    def refuses_stats(self) -> bool:
        """Whether a request for stats is refused; call it once for each, as it also makes leaks due."""
        burst, reading = self.bursts.place()
        if burst in SAMPLES_AFTER_T0 and reading in LEAKING_READINGS.get(self.fault, ()):
            self.leaks_due.release()
        return self.fault is Fault.LOST_SAMPLES and burst in SAMPLES_REFUSED

    def redis_error(self) -> str | None:
        """Ping Redis through the pool; return the error, or None when it answers."""
        try:
            with held_connection(self.health_pool) as client:
                client.ping()
                # Held as long as over a network; Redis answers at once here, and no load would show in the
                # pool.
                self.stopping.wait(HEALTH_HOLD_S)
        except RedisError as error:
            LOG.error("Redis not responding: %s", error)
            return str(error)
        return None

    def before_occupation(self) -> None:
        """Apply flaky-500 and request-leak; call it once at the start of each occupation request."""
        if self.fault is Fault.REQUEST_LEAK and next(self.occupation_requests) % LEAKS_EVERY == 0:
            self.leaked.append(held_connection(self.pool))
        if self.fault is Fault.FLAKY_500 and next(self.occupation_requests) % FLAKY_EVERY == 0:
            raise FlakyError("transient backend failure")

    def before_tomar(self) -> None:
        """Apply slow before a TOMAR, unless the backend is stopping."""
        if self.fault is Fault.SLOW and next(self.tomar_requests) % SLOW_EVERY == 0:
            self.stopping.wait(SLOW_DELAY_S)


@contextmanager
def open_backend(fault: Fault, speed: float) -> Iterator[Backend]:
    """Yield a backend with a Redis that answers; on exit close every connection and remove every key.

    Raise redis.RedisError when REDIS_URL names a server that does not answer.
    """
    with redis_url() as url:
        pool = open_pool(url, OLD_MAX_CONNECTIONS if fault in BEFORE_THE_POOL else MAX_CONNECTIONS)
        backend = _built(fault, speed, url, pool)
        getLogger().addHandler(backend.records)
        Redis(connection_pool=pool).ping()
        LOG.info("Redis pool initialized with max_connections=%d", pool.max_connections)
        try:
            yield backend
        finally:
            backend.stopping.set()
            getLogger().removeHandler(backend.records)
            pool.disconnect()
            _forget(url, backend)


def _built(fault: Fault, speed: float, url: str, pool: BlockingConnectionPool) -> Backend:
    sheet = Sheet()
    # A namespace for each process, so that no run meets another run's locks on a shared REDIS_URL.
    locks = SpoolLocks(
        Redis(connection_pool=pool),
        namespace=f"demo-{secrets.token_hex(4)}",
        exclusive=fault is not Fault.LOCK_BROKEN,
    )
    health_pool = open_pool(NOBODY_LISTENS_URL, 1) if fault is Fault.HEALTH_UNHEALTHY else pool
    return Backend(
        fault=fault,
        speed=speed,
        redis_url=url,
        pool=pool,
        health_pool=health_pool,
        locks=locks,
        sheet=sheet,
        occupation=Occupation(sheet, locks),
    )


def _forget(url: str, backend: Backend) -> None:
    # Over a connection of its own, as the backend's pool may have none left.
    with Redis.from_url(url) as client:
        backend.locks.forget(SPOOLS, over=client)
