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
        # Late, and for good; a time of it, such as a nightly job's, is over at the end.
        ([10] * 57 + [350] * 15, FAIL, "10 ms at most before T+90min, 350 ms at least from then to the end"),
        ([10] * 40 + [350] * 15 + [10] * 17, PASS, ""),
        ([10] * 57 + [60] * 15, PASS, ""),
        # Two answers at each of nine samples.
        (([10] * 15 + [350] * 3)[:18], PASS, ""),
        (([10] * 14 + [350] * 4)[:18], FAIL, "10 ms at most before T+"),
        ([100] * 9, PASS, "too few for a drift"),
        ([], OPEN, "no answer was timed"),
    ],
)
def test_a_drift_is_a_trend_that_reaches_the_limit(times_ms, outcome, told):
    every_s = 400.0 if len(times_ms) == 18 else 100.0
    answers = [
        http("api", {}, elapsed_ms=float(ms), offset_s=every_s * n, at=T0 + timedelta(seconds=every_s * n))
        for n, ms in enumerate(times_ms)
    ]
    (found,) = judge_latency(bundle_of(PLAN, loaded(PLAN, "heartbeat", answers)))
    assert (found.outcome, told in found.actual) == (outcome, True), found.actual


@pytest.mark.parametrize(("others", "outcome"), [(0, FAIL), (2, PASS)])
def test_many_checks_keep_the_level_of_one(others, outcome):
    """p = 0.008 of one check is below 2 %; one of three checks has that by chance in 2.4 % (Holm)."""
    parts_ms = [100, 100, 150, 140, 200, 190, 260, 300]
    names = ["api", *(f"other-{number}" for number in range(others))]
    checks = ", ".join(f'{{name: {name}, get: /{name}, expect: {{elapsed: "< 400ms"}}}}' for name in names)
    plan = plan_of(f"health: [{checks}]\n", base_url="http://service.test")
    answers = [
        http(name, {}, url=f"http://service.test/{name}", elapsed_ms=float(ms), offset_s=900.0 * part,
             at=T0 + timedelta(seconds=900 * part + 60))
        for name in names for part, ms in enumerate(parts_ms if name == "api" else [100] * 8)
    ]  # fmt: skip
    found = {item.check: item for item in judge_latency(bundle_of(plan, loaded(plan, "health", answers)))}
    assert found["api"].outcome is outcome, found["api"].actual
