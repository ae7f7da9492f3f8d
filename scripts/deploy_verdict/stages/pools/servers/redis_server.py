"""Queries Redis for its connections: INFO, and CLIENT LIST if allowed. Nothing is written."""

from typing import Any

from deploy_verdict.plan.sections.pools import Of
from deploy_verdict.stages.pools.servers.server import (
    OUR_NAME,
    Deadline,
    ServerError,
    error_of,
    is_meant,
    not_installed,
)

_KEPT = (
    "redis_version",
    "maxclients",
    "blocked_clients",
    "used_memory",
    "maxmemory",
    "maxmemory_policy",
    "rejected_connections",
    "total_connections_received",
)
# A longer list of clients would take too long for a reading; INFO's own count is kept instead.
MOST_LISTED = 5000
NO_CLIENTS = "N"


class RedisServer:
    """One connection to Redis."""

    def __init__(self, address: str, of: Of | None, within_s: float) -> None:
        try:
            import redis  # noqa: PLC0415  # an optional extra
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415
        except ImportError as error:
            raise not_installed("redis", "redis") from error
        self._of, self._within_s, self._redis = of, within_s, redis
        try:
            self._client = redis.Redis.from_url(
                address,
                client_name=OUR_NAME,
                socket_timeout=within_s,
                socket_connect_timeout=within_s,
                # A retry would hide the failure that this reading is here to see.
                retry=Retry(NoBackoff(), 0),
                single_connection_client=False,
                max_connections=1,
            )
        except (redis.RedisError, ValueError, TypeError) as error:
            raise error_of("Redis", error, cut=False, within_s=within_s) from error

    def ask(self) -> dict[str, Any]:
        """Return INFO and the list of clients as counts; raise ServerError."""
        deadline = Deadline(self._within_s)
        try:
            with deadline.over(self._fileno):
                info = self._client.info()
                listed = self._listed(int(info.get("connected_clients", 0)))
                own_id = self._client.client_id() if listed is not None else None
        except (self._redis.RedisError, OSError, ValueError) as error:
            self.close()
            raise error_of("Redis", error, cut=deadline.cut, within_s=self._within_s) from error
        facts = {key: info[key] for key in _KEPT if key in info}
        own, meant = 1, None
        if listed is not None:
            ours = [item for item in listed if item.get("name") == OUR_NAME or item.get("id") == str(own_id)]
            own = len(ours)
            others = [
                item for item in listed if item not in ours and not set("SM") & set(item.get("flags", ""))
            ]
            meant = sum(
                is_meant(
                    self._of,
                    name=item.get("name", ""),
                    user=item.get("user", ""),
                    address=item.get("addr", "").rpartition(":")[0],
                )
                for item in others
            )
        # Redis counts our own connection as a client too.
        connected = max(0, int(info.get("connected_clients", 0)) - own)
        counts = {"connected_clients": connected} | ({} if meant is None else {"clients": meant})
        return {
            "born": info.get("run_id", ""),
            "up_s": info.get("uptime_in_seconds", 0),
            "own": own,
            **counts,
            **facts,
        }

    def _listed(self, connected: int) -> list[dict[str, str]] | None:
        if connected > MOST_LISTED:
            return None
        try:
            return list(self._client.client_list())
        except (self._redis.exceptions.NoPermissionError, self._redis.ResponseError):
            return None

    def _fileno(self) -> int:
        pool = self._client.connection_pool
        found = [*getattr(pool, "_in_use_connections", ()), *getattr(pool, "_available_connections", ())]
        sock = next((one._sock for one in found if getattr(one, "_sock", None) is not None), None)
        if sock is None:
            raise ValueError("not connected")
        return int(sock.fileno())

    def close(self) -> None:
        """Close the connection; the next query opens a new one."""
        try:
            self._client.connection_pool.disconnect()
        except (self._redis.RedisError, OSError):
            return  # gone already


__all__ = ["RedisServer", "ServerError"]
