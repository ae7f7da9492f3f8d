"""Cycles on a real service: counted, capped, guarded, cleaned up, and the floor on both sides of them."""

import threading

import pytest

from deploy_verdict.stages.pools.judge_floor import _used
from deploy_verdict.stages.pools.return_to_floor import return_to_floor
from tests.clocks import TurnedClock
from tests.servers import json_service
from tests.stages.suites import CYCLE, context_of

PLAN = (
    CYCLE
    + """\
pools:
  - {name: pool, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s, every: 1s},
     return_to_floor: {test: cycle, cycles: 40, rate: %s, settle: 5s, limit: %s}}
"""
)


class Service:
    """Every so many takes one connection stays; from one take on all answer 500."""

    def __init__(self, leaks_every=None, broken_from=None):
        self._leaks_every, self._broken_from = leaks_every, broken_from
        self._taken, self._lock = 0, threading.Lock()

    def __call__(self, method, path, body):
        with self._lock:
            if path == "/stats":
                leaked = self._taken // self._leaks_every if self._leaks_every else 0
                return 200, {"used": 2 + leaked, "limit": 20}
            if path == "/take":
                self._taken += 1
                if self._broken_from and self._taken >= self._broken_from:
                    return 500, {"detail": "no"}
            return 200, {"id": 7}


def driven(respond, *, spool="T1", rate="50/s", limit="300s", stop_after=None):
    """What was seen, what the service was asked, what was told, and how long it slept in plan time."""
    told, kept = [], []
    with json_service(respond) as service:
        context = context_of(PLAN % (spool, rate, limit), service.url, tell=told.append)
        clock = TurnedClock()
        context = context.__class__(
            **{**vars(context), "pace": context.pace.__class__.starting(clock, clock.now(), 1.0)}
        )

        def keep(observations):
            kept.append(observations[0])
            if stop_after is not None and observations[0].cycles >= stop_after:
                context.stop.request()

        (seen,) = return_to_floor(context, 7200.0, keep)
        return context.plan.pools[0], seen, [path for _, path, _ in service.seen], told, clock, kept


def test_each_cycle_is_counted_and_a_leak_shows_in_the_floor():
    pool, seen, asked, told, _, kept = driven(Service(leaks_every=20))
    assert (min(_used(pool, seen.before)), min(_used(pool, seen.after))) == (2, 4)
    assert (seen.cycles, seen.failed, seen.ended) == (40, 0, None)
    assert {tally.name: tally.answers for tally in seen.tallies} == {
        "take": {"200": 40},
        "leave": {"200": 40},
    }
    assert [exchange.url.rpartition("/")[2] for exchange in seen.beside] == ["workers", "clean"]
    assert asked.count("/workers") == 1
    assert asked[10:-11] == ["/workers", *["/take", "/leave"] * 40]
    assert "36 of 40 cycles, 0 failed" in told[-2]
    assert [item.cycles for item in kept][:3] == [4, 8, 12]


@pytest.mark.parametrize(("rate", "seconds"), [("50/s", 1.6), ("2/s", 40)])
def test_the_rate_is_of_requests_and_the_pool_comes_to_rest_before_it_is_read(rate, seconds):
    """80 requests; two bursts of five take four seconds each, and the pool rests for five."""
    *_, clock, _ = driven(Service(), rate=rate)
    assert sum(clock.slept) == pytest.approx(seconds * 79 / 80 + 2 * 9 + 5)


def test_the_time_is_capped():
    _, seen, asked, *_ = driven(Service(), rate="2/s", limit="10s")
    assert asked.count("/take") == seen.cycles == 11
    assert seen.ended == "the time for them (10 s) was over"
    assert asked.count("/clean") == 1


def test_after_ten_failed_cycles_none_is_begun():
    _, seen, asked, *_ = driven(Service(broken_from=6))
    assert (seen.cycles, seen.failed) == (5, 10)
    assert seen.ended == "10 cycles had failed"
    assert [exchange.status for exchange in seen.failures] == [500] * 10
    assert asked.count("/clean") == 11


def test_nothing_is_written_that_the_plan_does_not_allow():
    _, seen, asked, *_ = driven(Service(), spool='"{id}"')
    assert "/leave" not in asked
    assert (seen.cycles, seen.failed) == (0, 10)


def test_asked_to_stop_it_cleans_up():
    _, seen, asked, *_ = driven(Service(), stop_after=8)
    assert seen.interrupted
    assert (seen.cycles, seen.ended) == (8, "asked to stop")
    assert asked[-1] == "/clean"
