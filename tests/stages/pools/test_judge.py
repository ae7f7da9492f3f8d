"""Pools: bands on both sides, exhaustion, a gauge that does not move or cannot be read, growth."""

import pytest

from deploy_verdict.model import Outcome, VerdictOutcome
from deploy_verdict.verdict.judge import judge
from tests.bundles import OUR_DNS, REFUSED, T0, bundle_of, burst, loaded
from tests.plans import plan_of

PLAN = plan_of(
    """
window: {length: 2h, sample_every: 15m}
pools:
  - {name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s, every: 1s},
     stays_within: {points: 10}}
"""
)
STEADY = [3, 4, 3, 5, 2, 3, 4, 3, 4, 3]


def judged(samples, plan=PLAN):
    """Judge one burst for each planned offset; None leaves the sample out."""
    files = [
        loaded(plan, "pools", [burst("redis", values, offset_s)], offset_s)
        for offset_s, values in zip(plan.window.offsets_s, samples, strict=True)
        if values is not None
    ]
    return judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")


def finding(verdict, rule, offset_s=None):
    found = [
        item
        for item in verdict.findings
        if item.rule == rule and (offset_s is None or item.offset_s == offset_s)
    ]
    bad = [item for item in found if item.outcome is not Outcome.PASS]
    return (bad or found)[0]


def with_sample(number, values):
    return [values if index == number else STEADY for index in range(9)]


def test_a_steady_pool_is_stable():
    verdict = judged([STEADY] * 9)
    assert verdict.outcome is VerdictOutcome.STABLE
    assert verdict.coverage.taken == 9


@pytest.mark.parametrize(
    ("used", "outcome", "severity"),
    [
        (13.9, "pass", None),
        (14, "fail", "P2"),
        (15.9, "fail", "P2"),
        (16, "fail", "P1"),
        (19.9, "fail", "P1"),
    ],
)
def test_bands_on_both_sides(used, outcome, severity):
    """70 % of 20 is 14, 80 % is 16; the limit itself is over."""
    found = finding(judged(with_sample(4, [used] * 10)), "band", 3600.0)
    assert (found.outcome, found.severity) == (outcome, severity)


@pytest.mark.parametrize(("spikes", "outcome"), [(1, "pass"), (2, "fail")])
def test_one_high_reading_of_a_burst_is_noise_and_two_are_not(spikes, outcome):
    values = [17] * spikes + [3] * (10 - spikes)
    assert finding(judged(with_sample(2, values)), "band", 1800.0).outcome == outcome


@pytest.mark.parametrize(
    ("high", "outcome"), [(4, "pass"), (5, "fail"), (30, "fail")], ids=["four", "five", "all of them"]
)
def test_of_bursts_that_follow_each_other_one_must_be_higher_to_count(high, outcome):
    """121 bursts have as many chances to be unlucky: 3 of 30 readings are a spike in one of nine."""
    text = "window: {length: 30m, sample_every: 60s}\n"
    text += "pools: [{name: redis, get: /stats, used: $.used, limit: $.limit, safe_for: 1m}]\n"
    samples = [STEADY * 3] * 31
    samples[20] = [17] * high + (STEADY * 3)[high:]
    found = finding(judged(samples, plan_of(text)), "band", 1200.0)
    assert found.outcome == outcome
    nine = finding(judged(with_sample(2, [17, 17, 17, *STEADY[3:]])), "band", 1800.0)
    assert nine.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("high", "samples", "outcome"), [(4, 1, "pass"), (5, 1, "fail"), (1, 15, "pass"), (2, 15, "fail")]
)
def test_of_ten_readings_in_between_two_are_chance_until_a_quarter_of_an_hour_is_so(high, samples, outcome):
    text = "window: {length: 30m, sample_every: 60s}\n"
    text += "pools: [{name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s}}]\n"
    bursts = [STEADY] * 31
    bursts[20 : 20 + samples] = [[17] * high + STEADY[high:]] * samples
    bursts[10:20] = bursts[20:30] if samples > 1 else bursts[10:20]
    assert finding(judged(bursts[:31], plan_of(text)), "band", 1200.0).outcome == outcome


@pytest.mark.parametrize(
    ("readings", "outcome"),
    [
        ([19, 19], "pass"),
        ([20, 3], "inconclusive"),
        ([20, 3, 21], "inconclusive"),
        ([20, 20], "fail"),
        ([21, 20], "fail"),
    ],
)
def test_exhaustion_is_two_readings_in_a_row_and_one_is_told(readings, outcome):
    found = finding(judged(with_sample(2, [*readings, *STEADY[len(readings) :]])), "exhaustion")
    assert found.outcome == outcome
    if outcome == "inconclusive":
        assert "a single reading may be chance" in found.actual


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        ("{}", "the answer has no used (it is empty)"),
        ('{"used": null, "limit": 20}', "$.used is null, not a number"),
        ('{"used": "3", "limit": 20}', "$.used is text, not a number"),
        ('{"used": true, "limit": 20}', "$.used is a boolean, not a number"),
        ('{"used": NaN, "limit": 20}', "$.used is NaN, which is not a number"),
        ('{"used": 3, "limit": 0}', "$.limit is 0, so there is no pool to use"),
        ('{"used": -1, "limit": 20}', "$.used is -1, which is below zero"),
        ("<html>502</html>", "the answer is HTML, not JSON"),
        (OUR_DNS, "the runner's own network failed"),
    ],
)
def test_a_reading_that_says_nothing_is_inconclusive(reading, told):
    verdict = judged(with_sample(8, [reading] * 10))
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    for rule in ("samples", "band", "exhaustion", "growth", "stability"):
        found = finding(verdict, rule)
        assert found.outcome is Outcome.INCONCLUSIVE, rule
        assert told in found.actual


def test_a_pool_that_does_not_answer_fails():
    found = finding(judged(with_sample(3, [REFUSED] * 10)), "samples")
    assert (found.outcome, found.severity) == ("fail", "P1")
    assert "refused" in found.actual


def test_one_refused_reading_is_a_smaller_fail():
    assert finding(judged(with_sample(3, [REFUSED, *STEADY[1:]])), "samples").severity == "P2"


@pytest.mark.parametrize(
    "reading", ['{"used": null, "limit": null}', "<html>", '{"used": ' + "9" * 400 + ', "limit": 20}']
)
def test_one_unreadable_answer_of_a_burst_is_not_passed_over(reading):
    verdict = judged(with_sample(3, [reading, *STEADY[1:]]))
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert finding(verdict, "samples").outcome is Outcome.INCONCLUSIVE


def test_half_of_the_readings_is_enough_and_less_is_not():
    assert finding(judged(with_sample(3, STEADY[:5])), "samples").outcome is Outcome.PASS
    assert finding(judged(with_sample(3, STEADY[:4])), "samples").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("value", [0, 3])
def test_a_gauge_that_never_moves_proves_nothing(value):
    verdict = judged([[value] * 10] * 9)
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert f"it stayed at {value} in all 90 readings" in finding(verdict, "gauge").actual


def test_a_missing_sample_is_a_hole_that_is_told():
    verdict = judged([STEADY] * 8 + [None])
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert finding(verdict, "coverage").actual.startswith("8 of 9 taken: T+120min missing")
    assert finding(verdict, "band", 7200.0).outcome is Outcome.INCONCLUSIVE


def test_a_slow_leak_below_all_bands_is_not_stable():
    samples = [[used + jitter for jitter in (0, 1, 0, 2, 0, 1, 0, 1, 0, 1)] for used in range(2, 11)]
    verdict = judged(samples)
    assert verdict.outcome is VerdictOutcome.ATTENTION
    assert "rose from" in finding(verdict, "growth").actual


def test_swings_of_more_than_ten_points_need_attention_when_they_last():
    """One burst is a moment, such as a cron job's; two that follow each other are a level."""
    twice = [[6] * 10 if index in (4, 5) else STEADY for index in range(9)]
    assert finding(judged(twice), "stability").outcome is Outcome.FAIL
    once = finding(judged(with_sample(4, [6] * 10)), "stability")
    assert once.outcome is Outcome.INCONCLUSIVE
    assert once.actual.endswith("outside once: it came and went, as a scheduled job does")
    assert finding(judged(with_sample(4, [5] * 10)), "stability").outcome is Outcome.PASS


def test_the_readings_of_all_attempts_count():
    """A second attempt does not undo what the first one saw; the pointer is that of the newest whole one."""
    files = [
        loaded(PLAN, "pools", [burst("redis", STEADY, offset_s)], offset_s)
        for offset_s in PLAN.window.offsets_s
    ]
    again = loaded(PLAN, "pools", [burst("redis", [16] * 10)], 0.0, attempt=2)
    verdict = judge(bundle_of(PLAN, *files, again), judged_at=T0, tool_version="0.1.0")
    found = finding(verdict, "band", 0.0)
    assert found.evidence == "pools.T+000.a2.json#/observations/0"
    assert found.severity == "P1"


def test_an_interrupted_sample_is_partial():
    files = [
        loaded(PLAN, "pools", [burst("redis", STEADY, offset_s)], offset_s)
        for offset_s in PLAN.window.offsets_s[:-1]
    ]
    stopped = [burst("redis", [3], 7200.0, interrupted=True)]
    files.append(loaded(PLAN, "pools", stopped, 7200.0, interrupted=True))
    verdict = judge(bundle_of(PLAN, *files), judged_at=T0, tool_version="0.1.0")
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert verdict.coverage.slots[-1].state == "partial"


def test_a_sample_that_was_taken_too_late_does_not_count_as_taken():
    files = [
        loaded(PLAN, "pools", [burst("redis", STEADY, offset_s)], offset_s)
        for offset_s in PLAN.window.offsets_s
    ]
    late = loaded(
        PLAN, "pools", [burst("redis", STEADY, 900.0)], 900.0, started_at=files[2].evidence.started_at
    )
    verdict = judge(bundle_of(PLAN, files[0], late, *files[2:]), judged_at=T0, tool_version="0.1.0")
    assert verdict.coverage.slots[1].state == "late"
    assert "15 min late" in verdict.coverage.slots[1].note
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE


def test_a_gauge_that_stands_still_at_the_end_may_be_frozen():
    """Three times as long as ever before, and for twenty readings or more."""
    verdict = judged([STEADY] * 7 + [[4] * 10] * 2)
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    told = "from T+105min on it stayed at 4 in all 20 readings, after it had moved: it may be frozen"
    add = "; add exercise: to the pool, or a pool that asks the server itself (redis: or postgres:)"
    assert finding(verdict, "gauge").actual == told + add
    assert finding(judged([STEADY] * 8 + [[4] * 10]), "gauge").outcome is Outcome.PASS
    calm = [[3] * 8 + [4] * 2] * 7
    assert finding(judged([*calm, [4] * 10, [4] * 10]), "gauge").outcome is Outcome.PASS


def test_a_gauge_that_moved_and_rests_at_its_lowest_is_as_good_as_a_moving_one():
    """An idle pool's connections come back; a gauge that stands higher than before may be dead."""
    for rest, outcome in ((2, VerdictOutcome.STABLE), (5, VerdictOutcome.INCONCLUSIVE)):
        assert judged([STEADY] * 3 + [[rest] * 10] * 6).outcome is outcome


def test_a_pool_that_fills_up_in_the_first_minutes_stays_within_its_band():
    assert finding(judged([[0, 1] * 5] + [[6, 7] * 5] * 8), "stability").outcome is Outcome.PASS


def test_a_block_outside_by_less_than_its_own_error_is_not_known():
    """A mean of 5.7 beside 3.4 is outside of ± 2, but of ten readings that scatter from 0 to 12."""
    found = finding(judged(with_sample(4, [0, 12, 1, 11, 2, 10, 4, 9, 0, 8])), "stability")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.actual.startswith("28.5 % at T+60min, median 17.0 %: outside, but within the random scatter")


def test_levels_that_jump_from_block_to_block_are_a_load_that_wanders():
    """Each burst is one draw of it, and its level is that of the window's thirds."""
    found = finding(judged([[level, level + 1] * 5 for level in (6, 4, 9, 5, 8, 6, 9, 4, 6)]), "stability")
    assert found.outcome is Outcome.PASS
    assert "its load wanders by ± 14.3 points from moment to moment, and each third" in found.actual
    farther = finding(
        judged([[level, level + 1] * 5 for level in (1, 2, 1, 2, 1, 13, 14, 13, 14)]), "stability"
    )
    assert farther.outcome is Outcome.FAIL


DENSE = plan_of(
    """
window: {length: 2h, sample_every: 60s}
pools:
  - {name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 1s, every: 1s},
     stays_within: {points: 10}}
"""
)


def dense(high):
    """One reading a minute; `high` are the minutes in which 16 of 20 are in use."""
    return judged([[16 if minute in high else STEADY[minute % 10]] for minute in range(121)], plan=DENSE)


def test_one_high_reading_of_a_dense_window_is_noise():
    verdict = dense({50})
    assert verdict.outcome is VerdictOutcome.STABLE
    found = finding(verdict, "band", 3000.0)
    assert found.actual == "80.0 % at T+50min, but 21.3 % in the 15 readings around it"


def test_two_high_readings_of_a_quarter_of_an_hour_are_not():
    verdict = dense({50, 51})
    failed = [item for item in verdict.findings if (item.rule, item.outcome) == ("band", "fail")]
    assert [(item.severity, item.offset_s) for item in failed] == [("P1", 3000.0), ("P1", 3060.0)]


def test_a_dense_window_that_lost_its_end_is_inconclusive():
    verdict = judged([[STEADY[m % 10]] if m < 110 else None for m in range(121)], plan=DENSE)
    told = finding(verdict, "growth").actual
    assert told.startswith("not known: the window's end could not be read: T+110min")


def test_a_dense_window_with_a_leak_grows():
    verdict = judged([[STEADY[minute % 10] + minute // 15] for minute in range(121)], plan=DENSE)
    assert finding(verdict, "growth").outcome is Outcome.FAIL
