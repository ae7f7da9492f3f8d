"""The in-process Redis speaks what the backend needs, and a real one can take its place."""

from contextlib import closing

import pytest
import redis

from demo.locks import RELEASE_IF_OWNED
from demo.pool import held_connection, open_pool, stats_of
from demo.redis_server import redis_url as demo_redis_url


@pytest.fixture
def client(monkeypatch):
    """A client of the in-process server, over a pool of two."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    with demo_redis_url() as url, closing(redis.Redis(connection_pool=open_pool(url, 2))) as connected:
        yield connected
        connected.connection_pool.disconnect()


def test_in_process_redis_sets_only_if_absent(client):
    assert client.set("lock", "a", nx=True, ex=60)
    assert not client.set("lock", "b", nx=True, ex=60)
    assert client.get("lock") == "a"
    assert 0 < client.ttl("lock") <= 60


def test_in_process_redis_releases_only_for_the_owner(client):
    client.set("lock", "a")
    assert client.eval(RELEASE_IF_OWNED, 1, "lock", "b") == 0
    assert client.eval(RELEASE_IF_OWNED, 1, "lock", "a") == 1
    assert client.get("lock") is None


def test_in_process_redis_has_lists_and_ping(client):
    assert client.ping()
    client.lpush("list", "uno", "dós")
    assert client.lrange("list", 0, -1) == ["dós", "uno"]
    assert client.delete("list") == 1


def test_gauge_counts_held_connections_and_the_pool_refuses_when_none_is_left(client):
    pool = client.connection_pool
    with held_connection(pool):
        assert stats_of(pool).active_connections == 1
        with held_connection(pool):
            assert stats_of(pool).active_connections == 2
            with pytest.raises(redis.ConnectionError, match="No connection available"):
                client.ping()
    assert stats_of(pool).active_connections == 0


def test_a_real_redis_holds_the_lock_until_pausar(broken, redis_url):
    backend = broken("none", redis_url=redis_url)
    with closing(redis.Redis.from_url(redis_url, decode_responses=True)) as real:
        assert backend.tomar("TEST-02").status_code == 200
        [key] = real.keys("*")
        assert key.endswith(":spool_lock:TEST-02")
        assert 0 < real.ttl(key) <= 3600
        assert backend.tomar("TEST-02").status_code == 409
        assert backend.pausar("TEST-02").status_code == 200
        assert real.keys("*") == []


def test_a_backend_that_ends_leaves_no_key_in_a_real_redis(started, tmp_path, redis_url):
    with closing(redis.Redis.from_url(redis_url)) as real:
        with started("none", tmp_path / "log", redis_url=redis_url) as backend:
            backend.tomar("TEST-02")
            assert len(real.keys("*")) == 1
        assert real.keys("*") == []


def test_a_real_redis_sees_the_exhausted_pool(broken, redis_url):
    """Twenty connections of the pool really stand open at the server."""
    backend = broken("pool-exhausted", redis_url=redis_url)
    with closing(redis.Redis.from_url(redis_url)) as real:
        # One more is the client that asks.
        assert real.info("clients")["connected_clients"] == 21
    assert backend.active() == 20
