"""A gauge that must prove itself: it agrees with itself and with the answers, and shows our own load."""

import json
import random

import pytest

from deploy_verdict.evidence.pools.exercise_rounds import is_proven
from deploy_verdict.evidence.pools.pool_samples import PoolLevel
from deploy_verdict.model import ExerciseObservation, ExerciseRound, Outcome, Reading, VerdictOutcome
from deploy_verdict.stats.permutation import chance_of_higher
from deploy_verdict.verdict.judge import judge
from tests.bundles import REFUSED, T0, bundle_of, burst, http, loaded
from tests.plans import plan_of

POOL = """
window: {length: 2h, sample_every: 15m}
health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]
pools:
  - {name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s, every: 1s}, %s}
criteria: [{name: Pool, target: below 80 %%, findings: [pools/redis/band], actual: pools/redis/used_peak}]
"""
WITH_LOAD = plan_of(POOL % "exercise: {ask: [api], at_once: 4, times: 1, rounds: 8}")
WITH_MORE = plan_of(POOL % "free: $.free, utilization: $.utilization")
PLAIN = plan_of(POOL % "attention: 70%")
STEADY = [3, 4, 3, 5, 2, 3, 4, 3, 4, 3]
IDLE = [1] * 10


def window(plan, samples, *more):
    """Health at T+0, one burst for each sample, and what else there is."""
    values = samples if isinstance(samples[0], list) else [samples] * 9
    bursts = [
        loaded(plan, "pools", [burst("redis", each, offset_s)], offset_s)
        for offset_s, each in zip(plan.window.offsets_s, values, strict=True)
    ]
    files = [loaded(plan, "health", [http("api", {})]), *bursts, *more]
    return judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")


def gauge_of(verdict):
    return next(item for item in verdict.findings if item.rule == "gauge")


def rules(verdict, outcome):
    return {item.rule for item in verdict.findings if item.outcome == outcome and item.check == "redis"}


def load(rounds, *, plan=WITH_LOAD, bad=0, attempt=1, answers_of=32, **more):
    """An exercise of rounds of (before, busy, rest)."""
    seen = ExerciseObservation(
        check="redis", offset_s=0.0, at=T0, url="http://service.test/stats", at_once=4,
        rounds=tuple(ExerciseRound(**dict(zip(("before", "busy", "rest"), map(readings, one), strict=True)))
                     for one in rounds),
        answers=(*[http("api", "no", 503)] * bad, *[http("api", {})] * (answers_of - bad)),
        **more,
    )  # fmt: skip
    return loaded(plan, "exercise", [seen], attempt=attempt, interrupted=seen.interrupted)


def readings(values):
    return tuple(
        Reading(offset_s=0.0, fault=REFUSED)
        if value is None
        else Reading(offset_s=0.0, status=200, body=json.dumps({"used": value, "limit": 20}))
        for value in values
    )


RISES = [([1], [4, 5, 3], [1, 1, 1])] * 8
FLAT = [([1], [1, 1, 1], [1, 1, 1])] * 8


def test_an_idle_pool_whose_gauge_showed_our_load_is_stable():
    verdict = window(WITH_LOAD, IDLE, load(RISES))
    assert verdict.outcome is VerdictOutcome.STABLE
    assert gauge_of(verdict).actual == (
        "4 requests at once raised it from 1.0 to 4.0; it stayed at 1 in all 90 readings"
    )
    assert gauge_of(verdict).evidence == "exercise.T+000.a1.json#/observations/0"


@pytest.mark.parametrize("samples", [IDLE, STEADY])
def test_a_gauge_that_our_load_did_not_show_in_is_not_believed(samples):
    """One finding says so, nothing good is said that rests on it, and the criteria are not met."""
    verdict = window(WITH_LOAD, samples, load(FLAT))
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert "4 requests at once did not show in it (1.0 with them, 1.0 without)" in gauge_of(verdict).actual
    assert rules(verdict, "inconclusive") & {"gauge", "band", "exhaustion", "growth"} == {"gauge"}
    assert not rules(verdict, "pass") & {"band", "exhaustion", "growth"}
    assert verdict.criteria[0].outcome is Outcome.INCONCLUSIVE


def test_what_such_a_gauge_shows_to_be_bad_stays_bad():
    verdict = window(WITH_LOAD, [17] * 10, load(FLAT))
    assert {"band"} <= rules(verdict, "fail")


@pytest.mark.parametrize(
    ("exercise", "told"),
    [
        ([], "the evidence holds none"),
        ([load(RISES, held_back="15 of 20 in use: 4 more could fill it")], "held back: 15 of 20 in use"),
        ([load(RISES[:3], interrupted=True)], "interrupted after 3 rounds"),
        (
            [load(RISES, bad=7)],
            "only 25 of the 32 requests of our load were answered (status 503)",
        ),
        (
            [load(RISES[:6] + [([1], [4, None], [1, 1])] * 2)],
            "6 of 8 rounds of load can be read; the test needs 7",
        ),
    ],
)
def test_a_load_that_proves_nothing_leaves_the_gauge_unproven(exercise, told):
    verdict = window(WITH_LOAD, STEADY, *exercise)
    assert verdict.outcome in (VerdictOutcome.INCONCLUSIVE, VerdictOutcome.CRITICAL)
    assert gauge_of(verdict).outcome is Outcome.INCONCLUSIVE
    assert told in gauge_of(verdict).actual


def test_a_missing_exercise_is_a_hole():
    verdict = window(WITH_LOAD, STEADY)
    hole = next(item for item in verdict.findings if (item.stage, item.rule) == ("exercise", "coverage"))
    assert hole.outcome is Outcome.INCONCLUSIVE


def test_a_gauge_that_froze_after_our_load_is_not_believed_for_it():
    """What our load showed at T+0 says nothing of a gauge that stands still later."""
    frozen = gauge_of(window(WITH_LOAD, [STEADY] * 7 + [[4] * 10] * 2, load(RISES)))
    assert frozen.outcome is Outcome.INCONCLUSIVE
    assert "it may be frozen" in frozen.actual


def test_some_requests_without_an_answer_are_enough_load():
    assert gauge_of(window(WITH_LOAD, STEADY, load(RISES, bad=6))).outcome is Outcome.PASS


def test_the_newest_whole_exercise_counts():
    verdict = window(
        WITH_LOAD, STEADY, load(RISES), load(FLAT, attempt=2), load(RISES, attempt=3, interrupted=True)
    )
    assert gauge_of(verdict).evidence == "exercise.T+000.a2.json#/observations/0"


def test_a_gauge_of_opened_connections_rises_once_and_stays():
    once = [([1], [3, 4, 5], [5, 5, 5])] + [([5], [5, 5, 5], [5, 5, 5])] * 7
    assert (
        "raised it from 1 to 5, and it stayed there" in gauge_of(window(WITH_LOAD, STEADY, load(once))).actual
    )
    too_little = [([4], [5, 5, 5], [5, 5, 5])] + [([5], [5, 5, 5], [5, 5, 5])] * 7
    assert gauge_of(window(WITH_LOAD, STEADY, load(too_little))).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("differences", "share"), [([1.0] * 8, 1 / 256), ([0.0] * 8, 1.0), ([1, 1, 1, -1], 5 / 16), ([-1.0], 1.0)]
)
def test_the_chance_of_a_rise_counts_all_signs(differences, share):
    assert chance_of_higher(differences) == share


@pytest.mark.parametrize(
    ("level", "contradicts"),
    [
        (PoolLevel(3, 20, 17, 15.0), False),
        (PoolLevel(3, 20, 16, 15.0), True),
        (PoolLevel(3, 20, 18, None), True),
        (PoolLevel(3, 20, None, 16.0), False),
        (PoolLevel(3, 20, None, 16.1), True),
        (PoolLevel(3, 20, None, 13.9), True),
        (PoolLevel(3, 20, None, 0.15), False),
        (PoolLevel(1, 3, None, 33), False),
        (PoolLevel(3, 20, None, None), False),
    ],
)
def test_numbers_of_one_reading_agree_within_their_rounding(level, contradicts):
    assert (level.contradiction is not None) == contradicts


def body(used, free=None, utilization=None):
    said = {"used": used, "limit": 20, "free": 20 - used if free is None else free}
    return json.dumps({**said, "utilization": used * 5 if utilization is None else utilization})


@pytest.mark.parametrize(("torn", "outcome"), [(4, Outcome.PASS), (5, Outcome.INCONCLUSIVE)])
def test_single_readings_that_disagree_were_read_a_moment_apart(torn, outcome):
    """Of 90 readings, five are more than a twentieth."""
    samples = [[body(3, free=16)] * torn + [body(used) for used in STEADY[torn:]]]
    samples += [[body(used) for used in STEADY]] * 8
    found = gauge_of(window(WITH_MORE, samples))
    assert found.outcome is outcome
    if torn == 5:
        assert (
            "contradict each other in 5 of 90 readings: 3 used and 16 free do not add up to 20"
            in found.actual
        )


def test_a_utilization_that_contradicts_the_count_is_told():
    found = gauge_of(window(WITH_MORE, [body(used, utilization=5) for used in STEADY]))
    assert "utilization 5, but 3 of 20 are 15.0 %" in found.actual


def test_a_reading_without_a_number_that_the_plan_names_cannot_be_read():
    verdict = window(
        WITH_MORE, [json.dumps({"used": used, "limit": 20, "free": 20 - used}) for used in STEADY]
    )
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    found = next(item for item in verdict.findings if item.rule == "samples")
    assert "no utilization" in found.actual


FULL = http("api", {"detail": "Internal server error: No connection available."}, 500, offset_s=900.0)


def test_a_gauge_that_is_fine_while_answers_say_that_the_pool_is_full_is_not_believed():
    extra = loaded(PLAIN, "pools", [burst("redis", STEADY, 900.0), FULL], 900.0, attempt=2)
    found = gauge_of(window(PLAIN, STEADY, extra))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.actual == (
        '1 answers said "No connection available" (first at T+15min) while it showed at most 5 of 20'
    )


def test_a_pool_that_filled_up_between_two_samples_is_no_lie_of_its_gauge():
    extra = loaded(PLAIN, "pools", [burst("redis", STEADY, 900.0), FULL], 900.0, attempt=2)
    verdict = window(PLAIN, [STEADY] * 2 + [[20] * 10] * 3 + [STEADY] * 4, extra)
    assert "No connection available" not in gauge_of(verdict).actual
    assert "exhaustion" in rules(verdict, "fail")


@pytest.mark.parametrize("spoilt", [{"status": 200}, {"body": '{"detail": "no such order"}'}])
def test_other_answers_say_nothing_against_the_gauge(spoilt):
    extra = loaded(
        PLAIN, "pools", [burst("redis", STEADY, 900.0), FULL.model_copy(update=spoilt)], 900.0, attempt=2
    )
    assert gauge_of(window(PLAIN, STEADY, extra)).outcome is Outcome.PASS


def test_a_gauge_that_showed_the_full_pool_is_believed():
    extra = loaded(PLAIN, "pools", [burst("redis", [20] * 10, 900.0), FULL], 900.0, attempt=2)
    assert gauge_of(window(PLAIN, STEADY, extra)).outcome is Outcome.PASS


def test_the_same_series_in_every_sample_is_a_recording():
    """Nine times the very same twenty readings; where one of them differs, the gauge lives."""
    series = STEADY + STEADY[::-1]
    assert gauge_of(window(PLAIN, [series] * 8 + [STEADY * 2])).outcome is Outcome.PASS
    assert gauge_of(window(PLAIN, STEADY)).outcome is Outcome.PASS
    found = gauge_of(window(PLAIN, series))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "all 9 samples hold the same 20 readings: it replays a recording" in found.actual


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 2), (1 / 3, 60, 60)])
def test_sixty_rounds_prove_a_gauge_that_shows_one_in_three_and_no_other(share, least, most):
    """Sixty exercises of a gauge that others move alone, or that shows our load in some rounds."""
    rng = random.Random(17)

    def difference():
        return rng.choice((-1, 0, 0, 1)) / 3 if not share else (rng.random() < share) / 3

    exercise = WITH_LOAD.pools[0].exercise
    proven = sum(is_proven(exercise, [difference() for _ in range(60)]) for _ in range(60))
    assert least <= proven <= most
