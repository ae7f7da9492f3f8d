"""The Redis connection pool and its gauge, whose numbers are read from the real pool."""

from dataclasses import dataclass, replace

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

MAX_CONNECTIONS = 20
OLD_MAX_CONNECTIONS = 50
HIGH_UTILIZATION_PERCENT = 80.0
WAIT_FOR_CONNECTION_S = 0.5


@dataclass(frozen=True, kw_only=True)
class PoolStats:
    """One reading of the gauge."""

    max_connections: int
    active_connections: int
    available_connections: int

    @property
    def utilization_percent(self) -> float:
        return round(100.0 * self.active_connections / self.max_connections, 1)

    @property
    def alert(self) -> str | None:
        return "HIGH_UTILIZATION" if self.utilization_percent > HIGH_UTILIZATION_PERCENT else None

    def as_json(self) -> dict[str, int | float]:
        """Return the four numbers that /api/health and /api/redis-connection-stats share."""
        return {
            "max_connections": self.max_connections,
            "active_connections": self.active_connections,
            "available_connections": self.available_connections,
            "utilization_percent": self.utilization_percent,
        }


FROZEN_STATS = PoolStats(
    max_connections=MAX_CONNECTIONS, active_connections=3, available_connections=MAX_CONNECTIONS - 3
)
"""What the dead gauge shows."""


RECORDED_ACTIVE = (2, 3, 4, 3, 2, 4, 3)
"""What the cached gauge shows, over and over."""


def recorded_stats(number: int) -> PoolStats:
    """Return the cached gauge's n-th answer."""
    active = RECORDED_ACTIVE[number % len(RECORDED_ACTIVE)]
    free = MAX_CONNECTIONS - active
    return PoolStats(max_connections=MAX_CONNECTIONS, active_connections=active, available_connections=free)


def open_pool(url: str, max_connections: int) -> BlockingConnectionPool:
    """Open a pool that connects on demand and refuses with "No connection available." after half a second."""
    # No retries: a fault must show at once and once, not as three slow attempts.
    return BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=WAIT_FOR_CONNECTION_S,
        decode_responses=True,
        socket_timeout=2.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
    )


def stats_of(pool: BlockingConnectionPool) -> PoolStats:
    """Read the pool without taking a connection, so that this answers even when none is left."""
    # The queue holds one entry per connection that is not in use, connected or not yet.
    free = pool.pool.qsize()
    return PoolStats(
        max_connections=pool.max_connections,
        active_connections=pool.max_connections - free,
        available_connections=free,
    )


def flattered(stats: PoolStats) -> PoolStats:
    """Return what the lying gauge shows: half of what is in use, and the rest unchanged."""
    return replace(stats, active_connections=stats.active_connections // 2)


def held_connection(pool: BlockingConnectionPool) -> Redis:
    """Return a client that takes one connection from the pool now and keeps it until close().

    Raise redis.ConnectionError when none becomes available in time.
    """
    return Redis(connection_pool=pool, single_connection_client=True)
