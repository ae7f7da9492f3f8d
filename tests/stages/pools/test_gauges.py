"""Any gauge: what a plan may write, and what a burst reads of it over a real socket."""

import json

import pytest

from deploy_verdict.base.errors import PlanError
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of
from deploy_verdict.stages.pools.collect import take_sample
from tests.expect.test_numbers import HIKARI, METRICS, NODE, QUEUE_POOL
from tests.plans import plan_of
from tests.servers import json_service
from tests.stages.suites import context_of

POOL = "pools: [{name: p, burst: {for: 2s, every: 1s}, %s}]\n"


def read(pool, respond):
    """The levels of one burst."""
    with json_service(respond) as service:
        context = context_of(POOL % pool, service.url)
        (burst,) = take_sample(context, 0.0, lambda kept: None)
    assert len(burst.readings) == 2
    return [level_of(context.plan.pools[0], reading) for reading in burst.readings], burst


def pages(**by_path):
    """Answers by the last part of the path: text as it stands, or JSON."""
    return lambda method, path, body: (200, by_path[path.rpartition("/")[2]])


@pytest.mark.parametrize(
    ("pool", "answers", "level"),
    [
        ("get: /health, used: $.pool.total - $.pool.idle, limit: 10", {"health": json.loads(NODE)}, (3, 10)),
        (
            "get: /actuator/active, used: '$.measurements[0].value', "
            "limit: {get: /actuator/max, from: '$.measurements[0].value'}",
            {"active": json.loads(HIKARI), "max": {"measurements": [{"value": 10}]}},
            (3, 10),
        ),
        (
            """get: /metrics, used: 'prometheus: sum(db_pool_in_use{pool="main"})', """
            "limit: 'prometheus: db_pool_size'",
            {"metrics": METRICS},
            (7, 20),
        ),
        (
            r"get: /pool, used: 'text: Checked out connections: (\d+)', limit: 15",
            {"pool": QUEUE_POOL},
            (1, 15),
        ),
        (
            "get: /p, used: 'number: $.used', limit: 'number: $.max'",
            {"p": {"used": "4", "max": "20"}},
            (4, 20),
        ),
        (
            "get: /p, used: $.u, limit: {get: /m, from: 'prometheus: db_pool_size'}, "
            "free: {get: /f, from: $.f}",
            {"p": {"u": 4}, "m": METRICS, "f": {"f": 16}},
            (4, 20),
        ),
    ],
)
def test_every_kind_of_gauge_is_read(pool, answers, level):
    levels, _ = read(pool, pages(**answers))
    assert [(one.used, one.limit) for one in levels] == [level, level]


def test_of_a_metrics_page_only_the_plans_lines_are_kept_however_long_it_is():
    page = (
        METRICS
        + "".join(f'other{{n="{n}"}} {n}\n' for n in range(5000))
        + "db_pool_size_late 1\nlate_size 30\n"
    )
    assert len(page) > 64 * 1024
    pool = """get: /metrics, used: 'prometheus: max(db_pool_in_use)', limit: 'prometheus: late_size'"""
    levels, burst = read(pool, pages(metrics=page))
    assert levels[0] == PoolLevel(4, 30)
    assert len(burst.readings[0].body) < 500
    assert "other" not in burst.readings[0].body


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ((500, {"value": 10}), "the answer's status is 500"),
        ((200, {"value": None}), "$.value is null, not a number"),
        ((200, {}), "the answer has no value"),
    ],
)
def test_a_limit_at_another_address_that_cannot_be_read_is_said(limit, reason):
    levels, _ = read(
        "get: /p, used: $.used, limit: {get: /limit, from: $.value}",
        lambda method, path, body: limit if path == "/limit" else (200, {"used": 3}),
    )
    assert all(reason in level for level in levels)


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        ("get: /p, used: $.u, limit: 0", "0 is no size of a pool"),
        ("get: /p, used: $.u, limit: true", "limit"),
        ("get: /p, used: 3, limit: 20", "never changes"),
        ("get: /p, used: connected_clients, limit: 20", "'connected_clients' is not a selector"),
        ("get: /p, of: {user: a}, used: $.u, limit: 20", "belongs to redis: or postgres:"),
        ("get: /p, redis: 'redis://h:1', used: connected_clients, limit: 20", "redis and get in one pool"),
        ("redis: 'http://h:1', used: connected_clients, limit: 20", "this is not an address"),
        ("redis: 'redis://h:1', used: connections, limit: 20", "'connections' is not a count of redis"),
        ("redis: 'redis://h:1', used: $.connected_clients, limit: 20", "is not a count of redis"),
        ("redis: 'redis://h:1', of: {database: a}, used: clients, limit: 20", "redis knows no database"),
        ("redis: 'redis://h:1', of: {}, used: clients, limit: 20", "chooses nothing"),
        ("postgres: 'postgres://h/d', used: clients, limit: 20", "known: connections, active"),
        ("used: $.u, limit: 20", "no request"),
        ("get: /p, used: {from: $.u, get: 'http://other/'}, limit: 20", "points to another host"),
    ],
)
def test_what_no_gauge_can_be_is_refused(pool, message):
    with pytest.raises(PlanError, match=message):
        plan_of(POOL % pool)
