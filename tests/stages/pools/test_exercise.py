"""The exercise on a real service with a real pool: seen, bounded, held back where it could do harm."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy_verdict.base.clock import Pace
from deploy_verdict.expect import select_json
from deploy_verdict.model import Outcome
from deploy_verdict.stages.pools.exercise import exercise
from deploy_verdict.stages.pools.judge_gauge import shown_by
from tests.servers import json_service
from tests.stages.suites import context_of

PLAN = """
health:
  - {name: api, get: /api, expect: {status: 200}}
  - {name: take, post: /take, json: {spool: T1}, expect: {status: 200}}
pools:
  - {name: pool, get: /stats, used: $.used, limit: $.limit,
     exercise: {ask: [%s], at_once: 4, times: 1, rounds: 8, for: 1s}}
"""


class Pool:
    """Each request but the gauge's holds a connection until the gauge was read, or a second is over."""

    def __init__(self, idle=2, limit=20, frozen=False):
        self._idle, self._limit, self._frozen = idle, limit, frozen
        self._held = self._read = 0
        self._changed = threading.Condition()

    def __call__(self, method, path, body):
        with self._changed:
            if path == "/stats":
                self._read += 1
                self._changed.notify_all()
                used = self._idle + (0 if self._frozen else self._held)
                return 200, {"used": used, "limit": self._limit}
            self._held += 1
            seen = self._read
            self._changed.wait_for(lambda: self._read > seen, timeout=1.0)
            self._held -= 1
            return 200, {}


def exercised(service, ask="/api, api", stop=False):
    told = []
    context = context_of(PLAN % ask, service.url, tell=told.append)
    if stop:
        context.stop.request()
    kept = []
    seen = exercise(context, 0.0, kept.append)
    return context.plan.pools[0], seen, told


def used(reading):
    return select_json("$.used", reading.body).value


def test_the_load_shows_in_a_live_gauge_and_not_in_a_frozen_one():
    with json_service(Pool()) as service:
        pool, (seen,), told = exercised(service)
        asked = [path for _, path, _ in service.seen]
    assert shown_by(pool, pool.exercise, seen).outcome is Outcome.PASS
    assert asked.count("/api") == 32 == len(seen.answers)
    assert len(seen.rounds) == 8
    for one in seen.rounds:
        assert 3 <= len(one.busy) == len(one.rest) <= 12
        assert {used(reading) for reading in (*one.before, *one.rest)} == {2}
    assert told == ["exercise of pool T+0min: 32 of 32 requests answered in 8 rounds"]
    with json_service(Pool(frozen=True)) as service:
        pool, (seen,), _ = exercised(service)
    assert shown_by(pool, pool.exercise, seen).outcome is Outcome.INCONCLUSIVE


class Seldom(Pool):
    """A pool whose load is seen from outside in one round of three; `with_load` False: at any time."""

    def __init__(self, with_load=True):
        super().__init__()
        self._with_load, self._rounds, self._asked = with_load, 0, 0

    def __call__(self, method, path, body):
        with self._changed:
            self._rounds += path != "/stats" and self._held == 0
            self._asked += path == "/stats"
        status, answer = super().__call__(method, path, body)
        if path == "/stats":
            seen = (answer["used"] > 2 and self._rounds % 3 == 0) if self._with_load else self._asked % 5 < 2
            answer = {"used": 2 + seen, "limit": 20}
        return status, answer


@pytest.mark.parametrize(
    ("service", "outcome", "words"),
    [
        (Seldom(), Outcome.PASS, "raised it from 2.0"),
        (Seldom(with_load=False), Outcome.INCONCLUSIVE, "it is a copy"),
        (Pool(frozen=True), Outcome.INCONCLUSIVE, "all 60 rounds showed nothing; try at_once: 8"),
    ],
)
def test_more_rounds_follow_until_it_is_proven_or_known_why_not(service, outcome, words):
    with json_service(service) as running:
        context = context_of((PLAN % "/api").replace("8, for: 1s", "10, for: 200ms"), running.url)
        context = replace(context, pace=Pace.starting(context.pace.clock, datetime.now(UTC), 1.0))
        (seen,) = exercise(context, 0.0, lambda kept: None)
    pool = context.plan.pools[0]
    found = shown_by(pool, pool.exercise, seen)
    assert (found.outcome, len(seen.rounds) > 10) == (outcome, True)
    assert words in found.actual


def test_what_writes_is_asked_once_more_at_the_end_by_itself():
    with json_service(Pool()) as service:
        _, (seen,), _ = exercised(service, "api, take")
        asked = [path for _, path, _ in service.seen]
    assert [answer.method for answer in seen.settled] == ["POST"]
    assert asked[-1] == "/take"
    assert asked.count("/take") == 17


@pytest.mark.parametrize(("idle", "sent"), [(12, 32), (13, 0)])
def test_no_load_is_sent_that_could_fill_the_pool(idle, sent):
    """Critical is 80 % of 20: with four more, twelve reach it and thirteen pass it."""
    with json_service(Pool(idle=idle)) as service:
        _, (seen,), told = exercised(service)
        asked = [path for _, path, _ in service.seen]
    assert asked.count("/api") == sent
    assert (seen.held_back is None) == (sent > 0)
    if not sent:
        assert "13 of 20 in use: 4 more could fill it" in told[0]


def test_a_gauge_that_cannot_be_read_holds_nothing_back():
    with json_service(lambda *_: (200, {})) as service:
        _, (seen,), _ = exercised(service)
    assert len(seen.answers) == 32


def test_asked_to_stop_it_sends_nothing():
    with json_service(Pool()) as service:
        _, seen, _ = exercised(service, stop=True)
        assert (seen, service.seen) == ((), [])
