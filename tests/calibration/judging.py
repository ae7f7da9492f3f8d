"""From simulated readings to outcomes, by the real judge.

The trend cells hand real PoolSample records to the real judge_pools: evidence of 721 samples takes a quarter
of a second to build and to read, and tens of millions of readings would not end in minutes. The fault cells
go the whole way: evidence records, bundled(), judge(). A test holds that both ways give the same outcome.
"""

import json
from functools import cache

import numpy as np

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import own_answered
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, PoolSample
from deploy_verdict.model import BurstObservation, MetricsObservation, Point, Reading, Series
from deploy_verdict.plan import densely, laid_out, own_layout, spread_out
from deploy_verdict.stages.pools.judge import judge_pools
from deploy_verdict.verdict.judge import judge, outcome_of
from tests.bundles import SUBJECT, T0, bundle_of, http, loaded, window_of
from tests.calibration.beside import (
    CLAIM,
    CYCLE,
    CYCLES,
    FLOOR,
    READINGS,
    TRAFFIC,
    drive,
    fingerprint,
    floor_times_s,
    leaks_of_cycles,
    log_of,
)
from tests.calibration.traffic import SIZE, STEPS_S
from tests.plans import plan_of

MODES = {
    "bursts": "window: {length: 2h, sample_every: 15m}\nBURST {for: 30s, every: 1s}",
    "bursts every 60 s": "window: {length: 2h, sample_every: 60s}\nBURST {for: 30s, every: 1s}",
    "every 60 s": "window: {length: 2h, sample_every: 60s}\nBURST {for: 1s, every: 1s}",
    "every 10 s": "window: {length: 2h, sample_every: 10s}\nBURST {for: 1s, every: 1s}",
}
# As separate jobs sample where their minutes are not billed: nine bursts, all but the first over 5 minutes.
JOBS = "separate jobs"
# As the product samples where one process waits for the window's end: nine bursts, and readings in between.
ONE_PROCESS = "one process"
# The same, of a pool whose server is asked itself: it counts every process, and cannot be frozen or capped.
SERVER = "one process, server asked"
ASKS_SERVER = "postgres: 'postgres://reader@db.test/app', used: active, limit: 20"
BESIDE = """\
health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]
never: [{name: server errors, status: 500..599, severity: P1}]
response_times: {limit: 2s, of: {api: api}}
"""
USUAL_MS = 100.0


@cache
def plan_for(mode, beside=False, floor=False, more=""):
    """The pool as plans/zeues.yml has it: bands 70 and 80 %, ±10 points, safe for 6 h.

    `beside` adds a health check at T0 and at each sample, the rule on 5xx, and a limit of 2 s; `floor` the
    cycles at the window's end, which zeues.yml offers; `more` is another part of a plan.
    """
    head, burst = MODES.get(mode, MODES["bursts"]).split("BURST ")
    asks = ASKS_SERVER if mode == SERVER else "get: /s, used: $.used, limit: $.limit"
    pool = f"pools: [{{name: redis, {asks}, burst: {burst}, "
    pool += f"beside: [{'api' if beside else ''}], safe_for: 6h, stays_within: {{points: 10}}"
    pool += f"{FLOOR % CYCLES if floor else ''}}}]\n{CYCLE if floor else ''}"
    plan = plan_of(head + pool + (BESIDE if beside else "") + more)
    return as_sampled(plan, mode)


def as_sampled(plan, mode):
    """The plan with the layout of such sampling."""
    if mode == JOBS:
        return laid_out(plan, spread_out(plan, own_layout(plan), is_free=True))
    return laid_out(plan, densely(plan, own_layout(plan))) if mode in (ONE_PROCESS, SERVER) else plan


def times_of(mode, floor=False):
    """When the gauge is read: each reading of each sample, and of the bursts around the cycles."""
    plan = plan_for(mode)
    bursts = [(at_s, plan.burst_at(plan.pools[0], at_s)) for at_s in plan.window.pool_offsets_s]
    times_s = [at_s + number * burst.every for at_s, burst in bursts for number in range(burst.readings)]
    return np.array(times_s + (floor_times_s() if floor else []))


@cache
def edges_of(mode):
    """Where each sample's readings end, of all of the window's."""
    plan = plan_for(mode)
    counts = [plan.burst_at(plan.pools[0], at_s).readings for at_s in plan.window.pool_offsets_s]
    return tuple(np.cumsum(counts)[:-1])


def by_sample(mode, values):
    """One window's values, a list for each sample."""
    return [part.tolist() for part in np.split(values, edges_of(mode))]


@cache
def _level(used):
    return PoolLevel(float(used), float(SIZE))


@cache
def _reading(used):
    return Reading(offset_s=0.0, status=200, body=json.dumps({"used": used, "limit": SIZE}), elapsed_ms=3.0)


def samples_of(mode, gauge):
    """One window's readings as the samples that its plan asks for."""
    offsets_s = plan_for(mode).window.pool_offsets_s
    return tuple(
        PoolSample(
            offset_s=offset_s, pointer="p", actual_offset_s=offset_s, planned_readings=len(row),
            readings=len(row), levels=tuple(_level(used) for used in row), reasons=(), target_failed=False,
        )
        for offset_s, row in zip(offsets_s, gauge.reshape(len(offsets_s), -1).tolist(), strict=True)
    )  # fmt: skip


def by_pool_judge(mode, gauge, requests=None, *, floor=False):
    """The outcome of one window, by the judge of pools alone; with `floor`, the cycles' bursts come last."""
    plan = plan_for(mode, floor=floor)
    files = counts_of(plan, requests)
    if floor:
        gauge, driven = gauge[: -2 * READINGS], gauge[-2 * READINGS :]
        files = (*files, loaded(plan, "floor", [drive(driven.tolist())], plan.window.length))
    bundle = Bundle(
        plan=plan, window=window_of(plan), subject=SUBJECT, loaded=files, unreadable=(),
        left_out=(), samples={"redis": samples_of(mode, gauge)},
    )  # fmt: skip
    return outcome_of(tuple(judge_pools(bundle))).value


def counts_of(plan, requests):
    """The platform's requests by minute, from T0 on; None where it does not count them."""
    if requests is None:
        return ()
    points = tuple(
        Point(offset_s=at, value=float(count)) for at, count in zip(STEPS_S.tolist(), requests, strict=False)
    )
    observation = MetricsObservation(
        start=T0, end=T0, every_s=60.0, series=(Series(name="http_200", deployment=None, points=points),)
    )
    return (loaded(plan, "metrics", [observation], plan.window.length),)


def after_cycles(world, gauge, rng):
    """The gauge of many windows, with what the cycles leaked in the last burst of each."""
    leaked = leaks_of_cycles(world, len(gauge), rng)
    after = np.minimum(gauge[:, -READINGS:] + leaked[:, None], SIZE)
    return np.concatenate([gauge[:, :-READINGS], after], axis=1)


def by_whole_judge(gauge, rng, spoil=None, median_ms=None, *, mode="bursts", others=None, stale=None):
    """The outcome of one window, from evidence through judge().

    `spoil` changes the bursts' readings; with `median_ms`, the health check's response times are
    log-normal, with a tail of a factor of four at the 99th percentile. `others` are requests in the edge's
    log; `stale` is how old code answers (tests/calibration/beside.py).
    """
    more = (TRAFFIC % others.max_5xx if others else "") + (CLAIM if stale is not None else "")
    plan = plan_for(mode, beside=True, more=more)
    offsets_s = plan.window.pool_offsets_s
    rows = [[_reading(used) for used in row] for row in gauge.reshape(len(offsets_s), -1).tolist()]
    times_ms = (
        [USUAL_MS] * (len(rows) + 1)
        if median_ms is None
        else (median_ms * rng.lognormal(0, 0.6, len(rows) + 1)).tolist()
    )
    code = [] if stale is None else [fingerprint(stale, rng)]
    files = [loaded(plan, "health", [_api(0.0, times_ms.pop()), *code])]
    files += [
        loaded(plan, "pools", [_burst(offset_s, row), _api(offset_s, times_ms.pop())], offset_s)
        for offset_s, row in zip(offsets_s, spoil(rows, rng) if spoil else rows, strict=True)
        if row is not None
    ]
    if others:
        own = own_answered(bundle_of(plan, *files))
        files.append(loaded(plan, "traffic", [log_of(others, own, rng)], plan.window.length))
    left_out = ("deployment",) if others else ()
    return judge(bundle_of(plan, *files, left_out=left_out), judged_at=T0, tool_version="0").outcome.value


def _api(offset_s, elapsed_ms):
    return http("api", {"ok": True}, offset_s=offset_s, elapsed_ms=elapsed_ms)


def _burst(offset_s, readings):
    return BurstObservation(
        check="redis", offset_s=offset_s, actual_offset_s=offset_s, at=T0, url="http://service.test/s",
        readings=tuple(readings), interrupted=False,
    )  # fmt: skip
