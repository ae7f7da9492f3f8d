"""A Redis and a PostgreSQL that are asked themselves: real servers, with passwords, killed and full."""

import json
import os
import signal
from contextlib import ExitStack, suppress

import psycopg
import pytest
import redis

from demo.toxic.certificates import made
from deploy_verdict.base.errors import PlanError
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of, pool_samples
from deploy_verdict.model import Outcome
from deploy_verdict.stages.pools.collect import take_sample
from deploy_verdict.stages.pools.judge import judge_exhaustion, judge_samples, judge_server
from deploy_verdict.stages.pools.servers.postgres_server import PostgresServer
from deploy_verdict.stages.pools.servers.server import ServerError
from tests.bundles import loaded
from tests.databases import PASSWORD, postgres_server, redis_server
from tests.plans import plan_of
from tests.stages.suites import context_of

POOL = "pools: [{name: db, burst: {for: 2s, every: 1s}, timeout: 1s, %s}]\n"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def a_redis():
    with redis_server("--maxclients", "40") as server:
        yield server


@pytest.fixture(scope="module")
def a_postgres():
    with postgres_server() as server:
        yield server


def burst_of(pool):
    """One burst of a server, the plan it is of, and its first level."""
    context = context_of(POOL % pool, NOWHERE, secrets={"DB": PASSWORD})
    (burst,) = take_sample(context, 0.0, lambda kept: None)
    assert PASSWORD not in burst.model_dump_json()
    assert "s3cret" not in burst.model_dump_json()
    return burst, context.plan, level_of(context.plan.pools[0], burst.readings[0])


def samples(plan, *bursts):
    """As the judge reads them; all of one moment, in their order."""
    (sample, *_) = pool_samples(plan, plan.pools[0], [loaded(plan, "pools", list(bursts), 0.0)])
    return [sample]


def clients(server, names):
    with ExitStack() as stack:
        for name in names:
            client = stack.enter_context(redis.Redis.from_url(server.url, client_name=name))
            client.ping()
        return stack.pop_all()


def filled(stack, server):
    """Connect until Redis refuses."""
    with suppress(redis.ConnectionError):
        for _ in range(50):
            stack.enter_context(clients(server, ["a"]))
        pytest.fail("Redis took them all")


def sessions(server, names):
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(psycopg.connect(server.url, application_name=name, autocommit=True))
        return stack.pop_all()


@pytest.mark.parametrize(
    ("numbers", "level"),
    [
        ("used: connected_clients, limit: 20", (3, 20)),
        ("used: clients, of: {name: 'web-*'}, limit: maxclients", (2, 40)),
        ("used: clients, of: {name: worker, address: 127.*, user: default}, limit: maxclients - 1", (1, 39)),
        ("used: clients, of: {user: other}, limit: 20", (0, 20)),
    ],
)
def test_redis_tells_its_clients_without_ours(a_redis, numbers, level):
    with clients(a_redis, ["web-1", "web-2", "worker"]):
        burst, plan, found = burst_of(f'redis: "{a_redis.url}", {numbers}')
    assert found == PoolLevel(*level)
    assert burst.url == f"redis://127.0.0.1:{a_redis.port}"
    assert judge_server(samples(plan, burst)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("numbers", "level"),
    [
        ("used: connections, limit: max_connections", (3, 20)),
        ("used: connections, of: {application_name: 'web-*'}, limit: max_connections", (2, 20)),
        ("used: idle + idle_in_transaction, limit: max_connections - reserved_connections", (3, 17)),
        ("used: connections, of: {user: app, database: postgres, address: 127.0.0.1}, limit: 5", (3, 5)),
        ("used: active, limit: 5", (0, 5)),
    ],
)
def test_postgres_tells_its_sessions_without_ours(a_postgres, numbers, level):
    with sessions(a_postgres, ["web-1", "web-2", "worker"]):
        burst, plan, found = burst_of(f'postgres: "{a_postgres.url}", {numbers}')
    assert found == PoolLevel(*level)
    assert burst.url == f"postgres://127.0.0.1:{a_postgres.port}"
    assert judge_server(samples(plan, burst)).outcome is Outcome.PASS


def test_postgres_that_hides_names_from_us_is_not_counted_by_name(a_postgres):
    with psycopg.connect(a_postgres.url, autocommit=True) as admin:
        admin.execute("create role watcher login password 'watcher-pw'")
    url = a_postgres.url.replace("app:s3cret%2Fpass%2Bword", "watcher:watcher-pw")
    with sessions(a_postgres, ["web-1"]):
        _, _, found = burst_of(
            f'postgres: "{url}", used: connections, of: {{application_name: web-1}}, limit: 9'
        )
        assert "hides the application name of 1 sessions" in found
        _, _, found = burst_of(f'postgres: "{url}", used: connections, of: {{user: app}}, limit: 9')
        assert found == PoolLevel(1, 9)


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_a_full_server_is_an_exhausted_pool(kind):
    if kind == "redis":
        with redis_server("--maxclients", "5") as server, ExitStack() as stack:
            filled(stack, server)
            burst, plan, _ = burst_of(f'redis: "{server.url}", used: connected_clients, limit: maxclients')
    else:
        with postgres_server(max_connections=8) as server:
            with psycopg.connect(server.url, autocommit=True) as admin:
                admin.execute("create role web login password 'web-pw'")
            url = server.url.replace("app:s3cret%2Fpass%2Bword", "web:web-pw")
            with ExitStack() as stack:
                for _ in range(5):
                    stack.enter_context(psycopg.connect(url))
                burst, plan, _ = burst_of(f'postgres: "{url}", used: connections, limit: max_connections')
    found = judge_exhaustion(samples(plan, burst))
    assert (found.outcome, found.severity) == ("fail", "P1")
    assert "no connection left" in found.actual


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_a_restart_between_two_readings_is_a_failure(kind):
    servers = {"redis": redis_server, "postgres": postgres_server}
    used = {"redis": "connected_clients", "postgres": "connections"}[kind]
    with servers[kind]() as server:
        pool = f'{kind}: "{server.url}", used: {used}, limit: 20'
        before, plan, _ = burst_of(pool)
        server.kill()
        down, _, found = burst_of(pool)
        assert "refused the connection" in found
        assert judge_samples(samples(plan, down)).severity == "P1"
        server.start()
        after, _, _ = burst_of(pool)
    later = [reading.model_copy(update={"offset_s": 900.0}) for reading in after.readings]
    found = judge_server(samples(plan, before, after.model_copy(update={"readings": tuple(later)})))
    assert (found.outcome, found.severity) == ("fail", "P1")
    assert "it restarted" in found.actual


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_a_server_that_hangs_costs_its_timeout_and_no_more(kind):
    servers = {"redis": redis_server, "postgres": postgres_server}
    used = {"redis": "connected_clients", "postgres": "connections"}[kind]
    with servers[kind]() as server:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            burst, plan, found = burst_of(f'{kind}: "{server.url}", used: {used}, limit: 20')
        finally:
            os.kill(server.pid, signal.SIGCONT)
    assert "did not answer within 1 s" in found
    assert judge_samples(samples(plan, burst)).outcome is Outcome.FAIL


def test_a_session_that_hangs_is_cut_at_its_timeout_too(a_postgres):
    """Its process stopped after the login: no driver's own limit ends that wait."""
    asked = PostgresServer(a_postgres.url, None, 1.0)
    asked.ask()
    with psycopg.connect(a_postgres.url) as admin:
        row = admin.execute(
            "select pid from pg_stat_activity where application_name = 'deploy-verdict'"
        ).fetchone()
        os.kill(row[0], signal.SIGSTOP)
        try:
            with pytest.raises(ServerError, match="did not answer within 1 s"):
                asked.ask()
        finally:
            os.kill(row[0], signal.SIGCONT)
    assert asked.ask()["own"] >= 1
    asked.close()


@pytest.mark.parametrize("kind", ["redis", "postgres"])
def test_over_tls_a_server_is_asked_whose_certificate_is_vouched_for_and_no_other(kind, tmp_path):
    authority = made(tmp_path)
    start = {"redis": redis_server, "postgres": postgres_server}[kind]
    used = {"redis": "connected_clients", "postgres": "connections"}[kind]
    vouched = {
        "redis": f"?ssl_ca_certs={authority}",
        "postgres": f"?sslmode=verify-full&sslrootcert={authority}",
    }[kind]
    strict = {"redis": "", "postgres": "?sslmode=verify-full&sslrootcert=system"}[kind]

    def asked(url):
        burst, plan, found = burst_of(f'{kind}: "{url}", used: {used}, limit: 20')
        return found, samples(plan, burst)

    with start(certificate=tmp_path / "good.pem") as server:
        found, answered = asked(server.url + vouched)
        assert found == PoolLevel(0, 20)
        assert judge_server(answered).outcome is Outcome.PASS
        # The system's own authorities do not know it: ours to say whom we trust.
        found, refused = asked(server.url + strict)
        assert "name its authority in the address: ?ssl" in found
        assert judge_samples(refused).outcome is Outcome.INCONCLUSIVE
    with start(certificate=tmp_path / "other-name.pem") as server:
        found, refused = asked(server.url + vouched)
        assert "not valid for '127.0.0.1'" in found or "does not match host name" in found
        assert judge_samples(refused).severity == "P1"


def test_a_wrong_password_is_our_own_mistake(a_redis, a_postgres):
    for kind, server, used in (
        ("redis", a_redis, "connected_clients"),
        ("postgres", a_postgres, "connections"),
    ):
        url = server.url.replace("s3cret", "wrong")
        burst, plan, found = burst_of(f'{kind}: "{url}", used: {used}, limit: 20')
        assert "did not let us in" in found
        assert judge_samples(samples(plan, burst)).outcome is Outcome.INCONCLUSIVE


def test_memory_and_refused_clients_of_redis_are_failures():
    with redis_server("--maxmemory", "3mb", "--maxclients", "6") as server:
        pool = f'redis: "{server.url}", used: connected_clients, limit: 20'
        before, plan, _ = burst_of(pool)
        with ExitStack() as stack:
            filled(stack, server)
        after, _, _ = burst_of(pool)
        assert "it refused 1 connections" in judge_server(samples(plan, before, after)).actual
        with redis.Redis.from_url(server.url) as client, suppress(redis.ResponseError):
            for number in range(1000):
                client.set(f"key{number}", "x" * 10_000)
        full, _, _ = burst_of(pool)
    found = judge_server(samples(plan, full))
    assert (found.outcome, found.severity) == ("fail", "P1")
    assert "evicts nothing" in found.actual


def test_without_an_address_nobody_is_asked_and_nothing_is_judged():
    context = context_of(POOL % 'redis: "", used: connected_clients, limit: 20', NOWHERE)
    (burst,) = take_sample(context, 0.0, lambda kept: None)
    assert (burst.not_asked, burst.readings) == (True, ())
    plan = context.plan
    (sample,) = samples(plan, burst)
    assert sample.not_asked
    # A kept plan is judged where the variable is unknown.
    plan_of(POOL % "redis: not-kept, used: connected_clients, limit: 20")


def test_the_readings_say_nothing_of_who_is_connected(a_redis):
    with clients(a_redis, ["secret-name"]):
        burst, _, _ = burst_of(f'redis: "{a_redis.url}", used: clients, limit: 20')
    assert "secret-name" not in burst.model_dump_json()
    assert {"born", "up_s", "own", "clients"} <= set(json.loads(burst.readings[0].body))
    with pytest.raises(PlanError) as raised:
        plan_of(POOL % f'redis: "{a_redis.url.replace("redis:", "mysql:")}", used: clients, limit: 20')
    assert "s3cret" not in str(raised.value)
