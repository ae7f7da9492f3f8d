"""Answers that become slower and slower are told before the limit is reached."""

from datetime import timedelta

import pytest

from deploy_verdict.model import Outcome
from deploy_verdict.verdict.latency_drift import judge_latency
from tests.bundles import T0, bundle_of, http, loaded
from tests.plans import plan_of

PLAN = plan_of(
    'health: [{name: api, get: /api, expect: {status: 200, elapsed: "< 2s"}}]\n',
    base_url="http://service.test",
)
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("times_ms", "outcome", "told"),
    [
        (
            [100 + 25 * n for n in range(72)],
            FAIL,
            "(p = 0.001); at that rate 2000 ms in 22 min",
        ),
        ([100 + (n * 37) % 90 for n in range(72)], PASS, ""),
        # From 20 ms to 60 ms in two hours is nobody's trouble until the next look.
        ([20 + n * 40 / 72 for n in range(72)], PASS, ""),
        # Slow at first, as caches are cold.
        ([900] * 9 + [100] * 63, PASS, ""),
        ([100] * 9, PASS, "too few for a drift"),
        ([], OPEN, "no answer was timed"),
    ],
)
def test_a_drift_is_a_trend_that_reaches_the_limit(times_ms, outcome, told):
    answers = [
        http("api", {}, elapsed_ms=float(ms), offset_s=100.0 * n, at=T0 + timedelta(seconds=100 * n))
        for n, ms in enumerate(times_ms)
    ]
    (found,) = judge_latency(bundle_of(PLAN, loaded(PLAN, "heartbeat", answers)))
    assert (found.outcome, told in found.actual) == (outcome, True), found.actual
