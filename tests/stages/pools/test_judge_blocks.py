"""Bursts whose readings are all alike count as one reading each; quick pools are judged as before."""

import pytest

from deploy_verdict.evidence.pools.pool_samples import PoolLevel, PoolSample
from deploy_verdict.model import Outcome
from deploy_verdict.stages.pools.judge_blocks import are_single
from tests.plans import plan_of
from tests.stages.pools.test_judge import STEADY, finding, judged

QUICK = [0, 1] * 5
SLOW = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
JUMP = [0, 0, 0, 0, 0, 9, 9, 9, 9, 9]


def sample(number, values):
    levels = tuple(PoolLevel(float(used), 20.0) for used in values)
    return PoolSample(
        offset_s=900.0 * number, pointer="p", actual_offset_s=900.0 * number, planned_readings=len(values),
        readings=len(values), levels=levels, reasons=(), target_failed=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bursts", "single"),
    [
        ([SLOW] * 9, True),
        ([[used + 7 for used in SLOW]] * 9, True),  # leaked connections move nothing
        ([QUICK] * 9, False),
        ([STEADY] * 9, False),
        ([SLOW] * 5 + [QUICK] * 4, True),
        ([SLOW] * 4 + [QUICK] * 5, False),  # the median burst
        ([JUMP] + [STEADY] * 8, False),  # one jump
        ([[3] * 10] * 9, False),  # a gauge that never moves says nothing of this
        ([SLOW] * 2, False),
        ([SLOW[:9]] * 9, False),  # no bursts
        ([[]] * 9, False),
    ],
)
def test_by_the_median_burst_of_three_or_more(bursts, single):
    assert are_single([sample(number, values) for number, values in enumerate(bursts)]) is single


def at_levels(levels, burst):
    return judged([[level + used for used in burst] for level in levels])


SWING = (4, 4, 4, 4, 10, 10, 4, 4, 4)


def test_one_reading_that_is_far_away_is_no_proof_of_a_swing():
    """Six of 20 are 30 points: within three roots of five connections, beyond ± 10 points."""
    assert finding(at_levels(SWING, QUICK), "stability").outcome is Outcome.FAIL
    assert finding(at_levels(SWING, SLOW), "stability").outcome is Outcome.INCONCLUSIVE
    farther = tuple(14 if level == 10 else level - 3 for level in SWING)
    assert finding(at_levels(farther, SLOW), "stability").outcome is Outcome.FAIL


RISE = (4, 4, 3, 5, 4, 6, 5, 7, 6)


def test_single_readings_must_rise_more_clearly():
    """The same rise is enough of bursts of many readings, and not of as many times one."""
    assert finding(at_levels(RISE, QUICK), "growth").outcome is Outcome.FAIL
    assert finding(at_levels(RISE, SLOW), "growth").outcome is Outcome.INCONCLUSIVE
    assert finding(at_levels(range(1, 10), SLOW), "growth").outcome is Outcome.FAIL


def test_one_high_burst_of_many_is_one_reading():
    """As with single readings, its quarter of an hour decides."""
    text = "window: {length: 2h, sample_every: 60s}\npools: [{name: redis, get: /stats, used: $.used, "
    plan = plan_of(text + "limit: $.limit, safe_for: 1m, burst: {for: 10s, every: 1s}}]\n")
    high = [16, 16, 16, 16, 17, 17, 17, 17, 17, 17]
    for burst, outcome in ((QUICK, Outcome.FAIL), (SLOW, Outcome.PASS)):
        samples = [high if number == 50 else burst for number in range(121)]
        assert finding(judged(samples, plan), "band", 3000.0).outcome is outcome
        samples = [high if number in (50, 51) else burst for number in range(121)]
        assert finding(judged(samples, plan), "band", 3000.0).outcome is Outcome.FAIL
