"""Each fault breaks what its description says, and what stands beside it still works."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from demo.railway.records import PROBE_AGENT

OTHER = {"worker_id": 94, "worker_nombre": "MG(94)"}
STATS = "/api/redis-connection-stats"
INSTANT = 1_000_000.0  # two hours of plan time in 7 ms


def test_completar_bug_answers_the_incidents_500_for_every_operation(broken):
    client = broken("completar-bug")
    answers = [client.completar("TEST-02", operacion=name) for name in ("ARM", "SOLD", "METROLOGIA")]
    detail = "Internal server error: 'CompletarRequest' object has no attribute 'operacion'"
    assert [(answer.status_code, answer.json()) for answer in answers] == [(500, {"detail": detail})] * 3
    assert client.tomar("TEST-02").status_code == 200
    lines = client.log_lines()
    error = next(number for number, line in enumerate(lines) if " ERROR " in line)
    assert lines[error + 1] == "Traceback (most recent call last):"
    assert "AttributeError: 'CompletarRequest' object has no attribute 'operacion'" in lines


@pytest.fixture(scope="module")
def exhausted(tmp_path_factory, started):
    with started("pool-exhausted", tmp_path_factory.mktemp("exhausted") / "backend.log") as client:
        yield client


def test_pool_exhausted_takes_all_connections_for_good(exhausted):
    client = exhausted
    stats = client.stats()
    assert (stats["active_connections"], stats["available_connections"]) == (20, 0)
    assert stats["alert"] == "HIGH_UTILIZATION"
    answer = client.tomar("TEST-02")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Internal server error: No connection available."}
    assert client.logged("ERROR backend.redis: Redis not responding: No connection available.")
    assert client.active() == 20


def test_pool_exhausted_makes_health_unhealthy(exhausted):
    answer = exhausted.get("/api/health")
    body = answer.json()
    assert answer.status_code == 503
    assert (body["status"], body["operational"], body["redis_connection"]) == ("unhealthy", False, "error")
    assert body["details"]["redis_error"] == "No connection available."


def sampled(client, bursts):
    """The statuses of so many bursts of 30 readings; between two of them we send something else."""
    found = []
    for _ in range(bursts):
        requests.get(client.base_url + "/api/health", headers={"User-Agent": PROBE_AGENT}, timeout=10)
        with requests.Session() as kept:
            found.append({kept.get(client.base_url + STATS, timeout=10).status_code for _ in range(30)})
    return found


def floor_in_health(client):
    """The fewest of some readings, without the traffic, which comes and goes; the heartbeat keeps one."""
    return min(_active_in_health(client) for _ in range(20))


def test_pool_leak_grows_with_the_samples_and_leaves_occupation_working(broken, until):
    client = broken("pool-leak")
    sampled(client, 1)
    assert floor_in_health(client) <= 2
    sampled(client, 4)
    until(lambda: floor_in_health(client), lambda floor: floor == 1 + 8)
    sampled(client, 6)
    until(lambda: floor_in_health(client), lambda floor: floor == 1 + 14)
    assert client.active() <= 20
    assert client.tomar("TEST-02").status_code == 200


def test_slow_leak_never_reaches_70_percent(broken, until):
    client = broken("slow-leak")
    sampled(client, 12)
    until(lambda: floor_in_health(client), lambda floor: floor == 1 + 8)
    assert max(client.active() for _ in range(60)) < 14


def test_old_pool_size_has_fifty_connections(broken):
    client = broken("old-pool-size")
    stats = client.stats()
    assert stats["max_connections"] == stats["active_connections"] + stats["available_connections"] == 50
    assert client.logged("Redis pool initialized with max_connections=50")


def test_missing_field_is_missing_in_stats_only(broken):
    client = broken("missing-field")
    assert set(client.stats()) == {"max_connections", "available_connections", "alert", "timestamp"}
    assert _active_in_health(client) >= 1


def test_dead_gauge_stands_still_while_the_pool_moves(broken, until):
    client = broken("dead-gauge")
    shown = set()

    def capacity_lines():
        client.tomar("TEST-02")
        shown.update((client.active(), _active_in_health(client)))
        return {line.rpartition(": ")[2] for line in client.logged("TOMAR operation")}

    until(capacity_lines, lambda lines: len(lines) >= 2)
    assert shown == {3}


def test_lost_samples_refuses_four_bursts_and_nothing_else(broken):
    client = broken("lost-samples")
    assert client.get(STATS).status_code == 200
    assert sampled(client, 4) == [{200}] * 3 + [{429}]
    assert client.get("/api/health").status_code == 200
    assert client.tomar("TEST-02").status_code == 200
    assert sampled(client, 5) == [{429}] * 3 + [{200}] * 2


def test_flaky_500_strikes_every_twelfth_occupation_request(broken):
    client = broken("flaky-500")
    statuses = [client.pausar("TEST-02").status_code for _ in range(24)]
    assert statuses == ([400] * 11 + [500]) * 2
    assert len(client.logged("FlakyError: transient backend failure")) == 2


def test_slow_delays_every_fifth_tomar_beyond_two_seconds(broken):
    client = broken("slow")
    elapsed = [client.tomar("TEST-02").elapsed.total_seconds() > 2.0 for _ in range(5)]
    assert elapsed == [False] * 4 + [True]


def test_health_unhealthy_hides_behind_a_200(broken):
    client = broken("health-unhealthy")
    answer = client.get("/api/health")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["operational"], body["redis_connection"]) == ("unhealthy", False, "error")
    assert client.tomar("TEST-02").status_code == 200


def test_too_many_connections_stands_in_the_log_although_answers_are_fine(broken, until):
    client = broken("too-many-connections-in-log", speed=14_400.0)
    until(lambda: client.logged("ERROR backend.redis: Too many connections"), lambda found: len(found) >= 3)
    assert client.get("/api/health").status_code == 200
    assert client.tomar("TEST-02").status_code == 200


def test_down_refuses_connections(broken):
    client = broken("down")
    with pytest.raises(requests.ConnectionError, match="Connection refused"):
        client.get("/api/health")


def test_html_502_comes_from_the_edge_and_never_reaches_the_backend(broken):
    client = broken("html-502")
    for path in ("/api/health", "/api/redis-connection-stats"):
        answer = client.get(path)
        assert answer.status_code == 502
        assert answer.headers["x-railway-fallback"] == "true"
        assert answer.headers["content-type"].startswith("text/html")
        assert client.logged(path) == []
    assert client.tomar("TEST-02").status_code == 200


def test_lock_broken_lets_two_workers_in_at_once(broken):
    client = broken("lock-broken")
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda who: client.tomar("TEST-02", **who), ({}, {"who": OTHER}))
    assert (first.status_code, second.status_code) == (200, 200)


def test_log_silent_logs_nothing_after_the_start(broken):
    client = broken("log-silent")
    before = client.log_lines()
    assert client.tomar("TEST-02").status_code == 200
    assert client.get("/api/health").status_code == 200
    assert client.log_lines() == before
    assert client.logged("Redis pool initialized with max_connections=20")


def test_history_empty_forgets_what_was_done(broken):
    client = broken("history-empty")
    client.finish("TEST-02", "ARM")
    answer = client.get("/api/history/TEST-02")
    assert (answer.status_code, answer.json()) == (200, {"tag_spool": "TEST-02", "sessions": []})


def _active_in_health(client):
    return client.get("/api/health").json()["details"]["redis_pool_stats"]["active_connections"]
