"""Return to floor: a rise is a leak with its rate, no rise excludes one, and too little proves nothing."""

import json
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.model import FloorObservation, Outcome, Reading, Tally, Unrestored, VerdictOutcome
from deploy_verdict.stats.permutation import noise_of_floor, p_of_rise
from deploy_verdict.verdict.judge import judge
from tests.bundles import OUR_DNS, REFUSED, T0, bundle_of, burst, http, loaded
from tests.plans import plan_of

PLAN = plan_of(
    """
window: {length: 2h, sample_every: 15m}
test_data: {may_write: {spool: [T1]}}
e2e: {tests: [{name: cycle, steps: [{post: /take, json: {spool: T1}, expect: {status: 200}}]}]}
pools:
  - {name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 12s, every: 1s},
     return_to_floor: {test: cycle, cycles: 1000, rate: 20/s}}
never: [{status: 500..599}]
exposure: [{name: take, operation: POST /take, at_least: 500}]
"""
)


def readings(values):
    """Three times over: twelve readings, of which any four are as those before."""
    return tuple(
        Reading(offset_s=7200.0, status=200, body=json.dumps({"used": value, "limit": 20}))
        for value in values * 3
    )


def drive(before=(3, 2, 4, 3), after=(3, 2, 5, 4), attempt=1, good=1000, **more):
    fields = {
        "check": "redis", "offset_s": 7200.0, "at": T0, "url": "http://service.test/stats", "cycles": good,
        "before": readings(before), "after": readings(after), "took_s": 50,
        "tallies": [Tally(name="take", method="POST", url="http://s.test/take", answers={"200": good})],
    }  # fmt: skip
    seen = FloorObservation(**{**fields, **more})
    return loaded(PLAN, "floor", [seen], 7200.0, attempt, interrupted=seen.interrupted)


def judged(*drives):
    bursts = [
        loaded(PLAN, "pools", [burst("redis", [3, 4, 3, 5], offset_s)], offset_s)
        for offset_s in PLAN.window.offsets_s
    ]
    return judge(bundle_of(PLAN, *bursts, *drives), judged_at=T0, tool_version="0.1.0")


def floor_of(verdict):
    return next(item for item in verdict.findings if item.rule == "floor")


def test_back_at_its_floor_excludes_leaks_of_three_in_all_cycles():
    found = floor_of(judged(drive()))
    assert found.outcome is Outcome.PASS
    assert found.actual == (
        "the floor stayed at 2 over 1,000 cycles (1,000 requests): "
        "leaks more frequent than one in 334 cycles are excluded at 95 %"
    )
    assert found.evidence == "floor.T+120.a1.json#/observations/0"


@pytest.mark.parametrize(
    ("after", "outcome", "severity"),
    [(2.9, "pass", None), (3, "fail", "P2"), (4, "fail", "P2"), (5, "fail", "P1")],
)
def test_one_above_the_floor_is_a_leak_and_three_are_a_bad_one(after, outcome, severity):
    found = floor_of(judged(drive(after=(after, 9, 9, 9))))
    assert (found.outcome, found.severity) == (outcome, severity)


def test_a_leak_is_told_as_a_rate_with_its_bounds():
    verdict = judged(drive(after=(4, 9, 9, 9)))
    assert floor_of(verdict).actual == (
        "the floor rose from 2 to 4 over 1,000 cycles (1,000 requests): "
        "about one connection lost in 500 requests; statistics: one in 159 to 2,897 at 95 %"
    )
    assert verdict.outcome is VerdictOutcome.ATTENTION


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([], "the evidence holds none"),
        ([drive(before=(3,))], "floor before the cycles could not be read"),
        ([drive(after=())], "floor after the cycles could not be read"),
        (
            [drive(good=899, ended="the time was over")],
            "only 899 of 1,000 cycles ran: the time was over",
        ),
        (
            [drive(good=989, failed=11, failures=(http("x", "no", 503),))],
            "11 of 1,000 cycles failed (last: ",
        ),
        ([drive(unrestored=(Unrestored(request="curl", reason="it was refused"),))], "left unrestored"),
        ([drive(interrupted=True, good=5)], "only 5 of 1,000 cycles ran: they were interrupted"),
    ],
)
def test_what_proves_too_little_is_inconclusive(seen, told):
    found = floor_of(judged(*seen))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert told in found.actual


def test_few_failed_cycles_and_nine_tenths_of_them_are_enough():
    assert floor_of(judged(drive(good=900))).outcome is Outcome.PASS
    assert floor_of(judged(drive(good=990, failed=10))).outcome is Outcome.PASS


def test_a_leak_that_few_cycles_showed_is_a_leak():
    assert floor_of(judged(drive(good=100, after=(4, 4, 4, 4)))).outcome is Outcome.FAIL


def test_a_rise_stays_and_the_newest_whole_drive_counts_otherwise():
    rise = drive(after=(4, 4, 4, 4), attempt=2)
    stays = floor_of(judged(drive(), rise, drive(attempt=3)))
    assert (stays.outcome, stays.evidence) == ("fail", "floor.T+120.a2.json#/observations/0")
    cut = drive(attempt=3, interrupted=True, good=5)
    assert floor_of(judged(drive(), drive(attempt=2), cut)).evidence == "floor.T+120.a2.json#/observations/0"


def test_its_cycles_are_exposures():
    found = next(item for item in judged(drive()).findings if item.stage == "exposure")
    assert found.outcome is Outcome.PASS
    assert found.actual.startswith(
        "ran 1000 times without an error, so an error rate above 0.3 % is excluded"
    )


def test_a_missing_drive_is_a_hole():
    """What must never occur may have occurred in it."""
    outcomes = {(item.stage, item.rule): item.outcome for item in judged().findings}
    assert outcomes["floor", "coverage"] is Outcome.INCONCLUSIVE
    never = next(item for item in judged().findings if item.stage == "never")
    assert "scheduled samples were missed" in never.actual
    suite = loaded(PLAN, "e2e", [])
    assert "1 of 11 scheduled samples" in next(i for i in judged(suite).findings if i.stage == "never").actual


def test_a_busy_pools_floor_that_rose_by_chance_is_no_leak():
    """The floor is one higher, and the readings as a whole are not."""
    found = floor_of(judged(drive(before=(2, 6, 7, 5), after=(3, 6, 7, 5))))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.actual == (
        "the floor rose from 2 to 3 over 1,000 cycles (1,000 requests), but others used the pool, and chance "
        "alone could do this (p = 0.305): repeat it in a quiet hour or with more cycles"
    )


def test_what_hides_in_the_noise_of_the_floor_is_not_said_to_be_excluded():
    """A third of the burst never came below 4: its floor of 2 is three leaks' worth of luck, so 3 + 2 are."""
    seen = drive(before=(2, 2, 2, 2)).evidence.observations[0]
    after = readings((4, 4, 4, 4))[:8] + readings((2, 2, 2, 2))[:4]
    noisy = loaded(PLAN, "floor", [seen.model_copy(update={"after": after})], 7200.0)
    assert floor_of(judged(noisy)).actual.endswith(
        "leaks more frequent than one in 200 cycles are excluded at 95 %"
    )


@given(
    st.lists(st.integers(0, 20), min_size=2, max_size=6), st.lists(st.integers(0, 20), min_size=2, max_size=6)
)
def test_the_permutation_test_as_scipy(before, after):
    from scipy import stats

    reference = stats.permutation_test(
        (after, before), lambda a, b: statistics.fmean(a) - statistics.fmean(b),
        permutation_type="independent", alternative="greater", n_resamples=np.inf,
    )  # fmt: skip
    assert p_of_rise(before, after) == pytest.approx(reference.pvalue)


def test_of_no_readings_nothing_rose():
    assert p_of_rise((), (1, 2)) == p_of_rise((1, 2), ()) == 1.0
    assert noise_of_floor((), ()) == 0.0


def test_thirty_readings_are_dealt_as_blocks_of_five():
    assert p_of_rise([1.0] * 30, [2.0] * 30) == pytest.approx(1 / 924)


def test_cycles_that_broke_at_the_service_are_told_whatever_the_floor_proves():
    """A cycle that timed out has no status, so that no never rule sees it."""
    silent = http("x").model_copy(update={"status": None, "fault": REFUSED})
    ours = http("x").model_copy(update={"status": None, "fault": OUR_DNS})
    verdict = judged(drive(good=996, failed=3, failures=(ours, silent, silent)))
    assert floor_of(verdict).outcome is Outcome.PASS
    broken = next(item for item in verdict.findings if item.rule == "cycles")
    assert (broken.outcome, broken.severity) == (Outcome.FAIL, "P2")
    assert broken.actual == "2 requests failed at the service (first: the connection was refused)"
    assert broken.evidence == "floor.T+120.a1.json#/observations/0/failures/1"
    only_ours = judged(drive(good=999, failed=1, failures=(ours,)))
    assert not [item for item in only_ours.findings if item.rule == "cycles"]
