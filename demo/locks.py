"""Who occupies a spool: one Redis key per spool, set if absent, released only by the value that set it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from redis import Redis

EXPIRES_S = 3600

# In one step: between a GET and a DEL the lock could expire and become another worker's.
RELEASE_IF_OWNED = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, kw_only=True)
class Occupant:
    """The lock's value. The token makes two occupations by the same worker different."""

    token: str
    worker_id: int
    worker_nombre: str
    operacion: str


class SpoolLocks:
    """The locks; `exclusive=False` is the fault lock-broken, which overwrites a lock that is taken."""

    def __init__(self, client: Redis, *, namespace: str, exclusive: bool) -> None:
        self._client = client
        self._namespace = namespace
        self._exclusive = exclusive

    def take(self, tag_spool: str, occupant: Occupant) -> bool:
        """Lock a spool; return whether it was free."""
        value = _as_text(occupant)
        return bool(self._client.set(self._key(tag_spool), value, nx=self._exclusive, ex=EXPIRES_S))

    def occupant(self, tag_spool: str) -> Occupant | None:
        value = self._client.get(self._key(tag_spool))
        return None if value is None else Occupant(**json.loads(str(value)))

    def release(self, tag_spool: str, occupant: Occupant) -> bool:
        """Release a lock; return whether it was still this occupant's."""
        return bool(self._client.eval(RELEASE_IF_OWNED, 1, self._key(tag_spool), _as_text(occupant)))

    def forget(self, tags: Iterable[str], over: Redis) -> None:
        """Remove our keys over another client, so that a shared Redis keeps nothing of ours."""
        over.delete(*(self._key(tag) for tag in tags))

    def _key(self, tag_spool: str) -> str:
        return f"{self._namespace}:spool_lock:{tag_spool}"


def _as_text(occupant: Occupant) -> str:
    return json.dumps(asdict(occupant), sort_keys=True)
