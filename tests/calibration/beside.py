"""Evidence beside the pool's, simulated: cycles that must leave it as it was, everybody's requests, the code.

Each takes a random generator and gives observations as its collector would write them.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

from deploy_verdict.model import (
    FingerprintAttempt,
    FingerprintObservation,
    FloorObservation,
    PathTraffic,
    Reading,
    Tally,
    TrafficObservation,
)
from deploy_verdict.plan.sections.claims import IN_A_ROW
from tests.bundles import T0
from tests.calibration.traffic import SIZE, WINDOW_S

CYCLES, REQUESTS_A_CYCLE, PER_S, SETTLE_S, READINGS = 1000, 4, 20.0, 30.0, 30
DRIVEN = CYCLES * REQUESTS_A_CYCLE
CLAIM = """\
claims: [{commit: f0ec7b5, title: fix, openapi: {get: /openapi.json, has: Request.operacion}}]
"""
TRAFFIC = "railway: {}\ntraffic: {max_5xx: %s}\n"
FLOOR = ", return_to_floor: {test: cycle, cycles: %d, rate: 20/s, settle: 30s}"
CYCLE = """\
test_data: {may_write: {spool: [T1]}}
e2e: {tests: [{name: cycle, steps: [{post: /take, json: {spool: T1}, expect: {status: 200}}]}]}
"""


@dataclass(frozen=True, kw_only=True)
class Others:
    """Requests of others: how many each second, which share answered 5xx, and what the plan allows."""

    per_s: float
    share: float
    max_5xx: str = "1%"


def floor_times_s():
    """Two bursts: after the window's last, and when so many cycles have run and the pool has settled."""
    before = WINDOW_S + 60.0
    after = before + READINGS + DRIVEN / PER_S + SETTLE_S
    return [start + second for start in (before, after) for second in range(READINGS)]


def leaks_of_cycles(world, windows, rng):
    """The cycles' requests leak as often as everybody's do: so many connections stay, in each window."""
    requests_per_h = 3600 * world.use / world.hold_s
    return rng.poisson(DRIVEN * world.leak / requests_per_h, windows)


def drive(gauge):
    """What the floor stage wrote of both bursts."""
    before, after = (tuple(_reading(used) for used in row) for row in (gauge[:READINGS], gauge[READINGS:]))
    tally = Tally(name="take", method="POST", url="http://service.test/take", answers={"200": DRIVEN})
    return FloorObservation(
        check="redis", offset_s=WINDOW_S, at=T0, url="http://service.test/s", cycles=CYCLES, took_s=200,
        before=before, after=after, tallies=(tally,),
    )  # fmt: skip


def _reading(used):
    return Reading(offset_s=0.0, status=200, body=json.dumps({"used": used, "limit": SIZE}))


def log_of(others, own, rng):
    """The edge's log of the window: all of ours are in it, and of theirs as many as chance gives."""
    number = int(rng.poisson(others.per_s * WINDOW_S))
    bad = int(rng.binomial(number, others.share))
    path = PathTraffic(
        method="GET", path="/api", requests=number, statuses={"200": number - bad, "500": bad}, p95_ms=50.0
    )
    return TrafficObservation(
        source="x", start=T0, end=T0 + timedelta(seconds=WINDOW_S), entries_read=number + own,
        own_requests=own, requests=number, paths=(path,),
    )  # fmt: skip


def fingerprint(stale, rng):
    """Old code in every answer; or, where `stale` is a number, for about so many seconds and then the new."""
    wait_s = 300.0
    old_s = wait_s if stale is True else min(wait_s, float(rng.exponential(stale)))
    asked_s = [10.0 * index for index in range(int(old_s // 10) + (1 if old_s >= wait_s else 2))]
    # As the collector does: the new code three times at once.
    asked_s += [] if old_s >= wait_s else asked_s[-1:] * (IN_A_ROW - 1)
    attempts = tuple(
        FingerprintAttempt(
            offset_s=at, status=200, fields=("worker_id",) if at <= old_s else ("worker_id", "operacion")
        )
        for at in asked_s
    )
    return FingerprintObservation(
        check="f0ec7b5", offset_s=0.0, at=T0, url="http://service.test/openapi.json",
        sought="Request.operacion", waited_s=attempts[-1].offset_s, attempts=attempts,
    )  # fmt: skip
