"""What rises and is no leak, what restarts and is one: steps, lives, highest values, flat tops."""

import json

import pytest

from deploy_verdict.model import Outcome
from deploy_verdict.stages.pools.judge import judge_pools
from deploy_verdict.stages.pools.judge_blocks import lives_of, only_rises, series_of
from tests.bundles import bundle_of, burst, http, loaded
from tests.calibration.judging import counts_of
from tests.plans import plan_of
from tests.stages.pools.test_judge import PLAN, finding, judged
from tests.stages.pools.test_judge_blocks import QUICK, sample

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
DENSE = plan_of(
    "window: {length: 2h, sample_every: 60s}\n"
    "pools: [{name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s, every: 1s}}]\n"
)


def of_levels(levels, limits=(20,) * 9, pids=(None,) * 9):
    """Bursts that wobble above these levels; each reading tells its process where it is known."""
    bursts = []
    for level, limit, pid in zip(levels, limits, pids, strict=True):
        told = {} if pid is None else {"pid": pid}
        bursts.append([json.dumps({"used": level + used, "limit": limit, **told}) for used in QUICK])
    return judged(bursts)


@pytest.mark.parametrize(
    ("levels", "outcome", "words"),
    [
        (
            (3, 3, 3, 3, 3, 8, 8, 8, 8),
            FAIL,
            "+5.0 connections in use between T+60min and T+75min, in one step",
        ),
        ((3, 3, 3, 3, 3, 3, 3, 6, 6), OPEN, "in one step that stayed: no leak, and nothing in the evidence"),
        ((8, 8, 8, 8, 8, 3, 3, 3, 3), OPEN, "−5.0 connections in use"),
        ((3, 3, 3, 4, 5, 6, 7, 8, 9), FAIL, "(fewest at a time) rose from 3.0 to 9.0"),
        ((2, 3, 5, 7, 9, 9, 9, 9, 9), OPEN, "it levels off from T+60min on, as a pool does that opens"),
    ],
    ids=["step", "small step", "step down", "leak", "bend"],
)
def test_steps_and_bends_are_told_from_leaks(levels, outcome, words):
    found = finding(of_levels(levels), "growth")
    assert found.outcome is outcome
    assert words in found.actual


def test_the_plans_own_limit_decides_on_the_level_of_a_step():
    """Three of 20 are 15 points, and 10 are allowed; of 40, they are within it."""
    outside = of_levels((3, 3, 3, 3, 3, 3, 6, 6, 6))
    assert (finding(outside, "growth").outcome, finding(outside, "stability").outcome) == (OPEN, FAIL)
    within = of_levels((3, 3, 3, 3, 3, 3, 6, 6, 6), limits=(40,) * 9)
    growth = finding(within, "growth")
    assert (growth.outcome, finding(within, "stability").outcome) == (PASS, PASS)
    assert (
        "no leak, and nothing in the evidence says what it was; the level stays within what" in growth.actual
    )
    rising = finding(of_levels((3, 3, 3, 4, 3, 4, 6, 7, 7), limits=(40,) * 9), "growth")
    assert rising.outcome is not PASS


def test_a_step_is_told_with_what_else_happened_then():
    plan = DENSE.model_copy(update={"window": PLAN.window, "e2e": plan_of(SUITE).e2e})
    found = growth_of_steps(plan, loaded(plan, "health", [http("api", {}, status=503, offset_s=3900.0)]))
    assert "at that time our own E2E suite ran at T+65min; 1 of our requests answered 5xx (T+65min)" in found


def test_a_ramp_of_traffic_is_told():
    """Requests that rise all the way explain nothing, as they cannot be told from time."""
    flat = [300 + minute % 7 * 40 for minute in range(121)]
    ramp = [300 + minute // 3 for minute in range(121)]
    for requests, words in (
        (flat, "what requests explain is left out"),
        (ramp, "such a ramp cannot be told"),
    ):
        assert words in growth_of_steps(PLAN, *counts_of(PLAN, requests), levels=(3,) * 9)


SUITE = "e2e: {at: [65m], tests: [{name: t, steps: [{get: /api, expect: {status: 200}}]}]}\n"


def growth_of_steps(plan, *files, levels=(3, 3, 3, 3, 3, 6, 6, 6, 6)):
    """What is said of the growth of bursts that wobble above these levels, beside other evidence."""
    bursts = [[level + used for used in QUICK] for level in levels]
    of_pool = [
        loaded(plan, "pools", [burst("redis", values, 900.0 * number)], 900.0 * number)
        for number, values in enumerate(bursts)
    ]
    findings = judge_pools(bundle_of(plan, *of_pool, *files))
    return next(item.actual for item in findings if item.rule == "growth")


def test_growth_is_judged_within_one_life_of_the_process():
    """A leak that a restart resets is one; a level that a restart changed is none."""
    one, two = (1,) * 5 + (2,) * 4, (3, 3, 4, 5, 6, 2, 3, 4, 5)
    leak = finding(of_levels(two, pids=one), "growth")
    assert leak.outcome is FAIL
    assert "counted within each life, as the process restarted (by T+75min)" in leak.actual
    assert finding(of_levels(two), "growth").outcome is not FAIL
    level = of_levels((2, 2, 2, 2, 2, 9, 9, 9, 9), pids=one)
    assert finding(level, "growth").outcome is not FAIL
    assert "but the process restarted by T+75min" in finding(level, "stability").actual


def test_another_limit_is_another_life():
    seen = of_levels((3, 3, 3, 3, 3, 6, 6, 6, 6), limits=(20,) * 5 + (40,) * 4)
    assert finding(seen, "growth").outcome is PASS


def test_lives_begin_with_processes_that_follow_each_other():
    def told(*names):
        return [
            type(one)(**{**vars(one), "processes": (who,) * 10})
            for one, who in ((sample(number, QUICK), who) for number, who in enumerate(names))
        ]

    assert [at_s for at_s, _ in lives_of(told("a", "a", "b", "b"))] == [1800.0]
    assert lives_of(told("a", "b", "a", "b")) == []
    assert lives_of(told("a", "a")) == []


@pytest.mark.parametrize(
    ("used", "only"),
    [
        ([2, 4, 5, 5, 5, 6], True),
        ([2, 3, 4, 5, 6, 9], False),
        ([2, 4, 3, 5, 5, 5], False),
        ([3, 3, 3], False),
    ],
)
def test_a_gauge_that_only_rises_and_ever_less(used, only):
    assert only_rises(used) is only


def test_the_highest_value_since_the_start_is_no_leak():
    tops = [[top] * 10 for top in (2, 5, 6, 8, 9, 10, 10, 11, 11)]
    found = finding(judged(tops), "growth")
    assert found.outcome is OPEN
    assert "it tells its highest value, or what was ever opened; name what is in use now" in found.actual


def test_the_highest_value_that_rose_once_is_no_step_either():
    """Dense readings of a maximum make a clear step where it jumped."""
    tops = [[2] * 10] * 10 + [[4] * 10] * 5 + [[5] * 10] * 37 + [[9] * 10] * 69
    assert "it tells its highest value" in finding(judged(tops, DENSE), "growth").actual


def test_a_flat_top_below_the_limit_is_a_cut():
    cut = [[12, 12, 9, 12, 12, 12, 10, 12, 8, 12]] * 4 + [[12, 11, 12, 12, 7, 12, 12, 12, 10, 12]] * 5
    found = finding(judged(cut), "gauge")
    assert found.outcome is OPEN
    assert "and never more, though its limit is 20: it is cut off there" in found.actual
    usual = [[12, 9, 7, 10, 8, 9, 11, 8, 10, 9]] * 4 + [[9, 8, 11, 7, 10, 12, 9, 10, 8, 9]] * 5
    assert finding(judged(usual), "gauge").outcome is PASS
    # Fifteen of forty at the top and seven just below, as a load of one to four has it by chance.
    few = [[4, 3, 2, 1, 4, 2, 4, 1, 4, 3], [4, 2, 1, 4, 3, 4, 2, 1, 4, 2]] * 2
    assert "cut off" not in finding(judged([*few, *[None] * 5]), "gauge").actual


def test_dense_floors_follow_the_leak_and_not_the_load():
    """A load that doubles lifts the means and leaves idle moments; a leak lifts the floors."""
    load = [[(number * 7 + at * 3) % (4 + number // 24) for at in range(10)] for number in range(121)]
    leak = [[used % 4 + number // 30 for used in burst] for number, burst in enumerate(load)]
    assert finding(judged(load, DENSE), "growth").outcome is PASS
    assert finding(judged(leak, DENSE), "growth").outcome is FAIL


def test_a_window_that_has_just_begun_has_no_level():
    begun = judged([[3, 4] * 5, [9, 10] * 5, [3, 4] * 5, *[None] * 6])
    found = finding(begun, "stability")
    assert found.outcome is OPEN


def test_dense_samples_of_five_minutes_are_one_floor():
    samples = [sample(0, QUICK)]
    assert not series_of(samples, None).is_dense
