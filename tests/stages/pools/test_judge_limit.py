"""A limit that moves: raised, it hides use; with instances that come and go, it is told."""

import pytest

from deploy_verdict.evidence.pools.pool_samples import pool_samples
from deploy_verdict.model import Outcome
from deploy_verdict.stages.pools.judge import judge_copies, judge_limit
from tests.bundles import bundle_of, burst, loaded
from tests.plans import plan_of

PLAN = plan_of("pools: [{name: p, get: /s, used: $.used, limit: $.limit, burst: {for: 5s, every: 1s}}]\n")
(POOL,) = PLAN.pools


def bursts(levels):
    return [
        loaded(PLAN, "pools", [burst("p", [used] * 5, at, limit)], at)
        for at, (used, limit) in zip(PLAN.window.offsets_s, levels, strict=True)
    ]


@pytest.mark.parametrize(
    ("levels", "outcome"),
    [
        ([(3, 20)] * 9, None),
        ([(3, 20)] * 4 + [(9, 400)] * 5, Outcome.PASS),
        ([(3, 20)] * 4 + [(30, 400)] * 5, Outcome.FAIL),
        ([(8, 20)] * 4 + [(15, 40)] * 5, Outcome.FAIL),
        # Four instances become one: their use was never large for what they had.
        ([(16, 80)] * 4 + [(4, 20)] * 5, Outcome.PASS),
    ],
)
def test_use_is_judged_on_the_smallest_limit_until_then(levels, outcome):
    ruling = judge_limit(POOL, pool_samples(PLAN, POOL, bursts(levels)))
    assert (ruling and ruling.outcome) == outcome
    assert ruling is None or "changed by T+60min" in ruling.actual


def test_a_reading_out_of_a_cache_shows_no_pool():
    (file, *_) = bursts([(3, 20)] * 9)
    (seen,) = file.evidence.observations
    copied = tuple(reading.model_copy(update={"copy_by": "Age: 9"}) for reading in seen.readings)
    cached = loaded(PLAN, "pools", [seen.model_copy(update={"readings": copied})])
    assert [ruling.outcome for ruling in judge_copies(bundle_of(PLAN, cached), POOL)] == [
        Outcome.INCONCLUSIVE
    ]
    assert list(judge_copies(bundle_of(PLAN, file), POOL)) == []
