"""The service's memory judged: measured through the window, below its limit, not growing."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.model import (
    DeploymentObservation,
    Fault,
    MetricsObservation,
    Outcome,
    Point,
    Series,
    Severity,
    Waking,
    Whose,
)
from deploy_verdict.stages.metrics.judge import judge_metrics
from deploy_verdict.verdict.judge import judge
from tests.bundles import SUBJECT, T0, loaded, window_of
from tests.plans import plan_of

PLAN = "health: [{name: api, get: /api, expect: {status: 200}}]\nrailway: {}\nmetrics: {}\n"
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
LIVE = SUBJECT.model_copy(update={"deployment": "d1"})


def steady(offset_s):
    return 0.3 + 0.004 * math.sin(offset_s)


def series(value=steady, name="memory_gb", every_s=60, length_s=7200, deployment="d1"):
    points = tuple(Point(offset_s=float(at), value=value(at)) for at in range(0, length_s + 1, every_s))
    return Series(name=name, deployment=deployment, points=points)


def seen(memory=None, limit=1.0, **more):
    found = [memory or series()]
    if limit:
        found.append(series(lambda at: limit, "memory_limit_gb"))
    return MetricsObservation(start=T0, end=T0, every_s=60.0, **{"series": tuple(found), **more})


def judged(*observations, plan=PLAN, woken_s=()):
    plan = plan_of(plan)
    files = [
        loaded(plan, "metrics", [item], 7200.0, attempt=n, subject=LIVE)
        for n, item in enumerate(observations, 1)
    ]
    waking = Waking(was="SLEEPING", path="/", took_s=1.0, is_awake=True)
    files += [
        loaded(
            plan, "deployment", [DeploymentObservation(offset_s=at, at=T0, waking=waking)], at, subject=LIVE
        )
        for at in woken_s
    ]
    return {item.rule: item for item in judge_metrics(bundled(plan, window_of(plan), LIVE, files))}


def outcomes(*observations):
    return {rule: finding.outcome for rule, finding in judged(*observations).items()}


def test_steady_memory_passes():
    assert outcomes(seen()) == {"readable": PASS, "limit": PASS, "growth": PASS}


def test_no_metrics_are_inconclusive():
    fault = Fault(kind="unauthorized", whose=Whose.PROVIDER, detail="Not Authorized")
    for observations in ((), (seen(series=()),), (seen(fault=fault, series=()),)):
        assert set(outcomes(*observations).values()) == {OPEN}


@pytest.mark.parametrize(
    "memory",
    [
        series(lambda at: 0.3),
        series(lambda at: -1.0 + at / 7200),
        series(length_s=3600),
        series(every_s=600),
        series(deployment="another"),
        Series(name="memory_gb", deployment="d1"),
        Series(name="memory_gb", deployment="d1",
               points=tuple(p for p in series().points if not 2000 < p.offset_s < 5000)),
    ],
    ids=["never moves", "negative", "ends early", "few points", "another deployment", "empty", "a hole"],
)  # fmt: skip
def test_a_series_that_cannot_be_trusted_passes_nothing(memory):
    assert PASS not in outcomes(seen(memory)).values()


@pytest.mark.parametrize(
    ("peak", "outcome", "severity"),
    [(0.79, PASS, None), (0.8, FAIL, Severity.P2), (0.94, FAIL, Severity.P2), (0.95, FAIL, Severity.P1)],
)
def test_the_limits_on_both_sides(peak, outcome, severity):
    found = judged(seen(series(lambda at: peak if at == 3600 else steady(at))))["limit"]
    assert (found.outcome, found.severity) == (outcome, severity)


def test_without_a_limit_nothing_says_how_much_growth_would_do_harm():
    found = judged(seen(limit=None))
    assert (found["limit"].outcome, found["growth"].outcome) == (OPEN, OPEN)
    assert "without a limit" in found["growth"].actual


def test_without_a_limit_a_leak_still_fails():
    assert outcomes(seen(series(lambda at: steady(at) + 0.1 * at / 7200), limit=None))["growth"] is FAIL


def test_a_leak_fails_and_says_when_it_ends():
    found = judged(seen(series(lambda at: steady(at) + 0.1 * at / 7200)))["growth"]
    assert (found.outcome, found.severity) == (FAIL, Severity.P2)
    assert found.actual == (
        "memory in use (least at a time) rose from 30.8 to 38.2 % in 1 h 33 min; if this continues, the "
        "limit will be reached in about 11.9 to 13.4 h; statistics: Mann-Kendall p = 0.001, +4.9 points of "
        "the limit/h (+4.6 … +5.2)"
    )


def test_steady_memory_says_effect_interval_power_and_what_would_do_harm():
    assert judged(seen())["growth"].actual == (
        "+0.0 points of the limit/h (+0.0 … +0.0); this window would have shown 1.6/h with 80 % probability; "
        "11.7/h would reach the limit within 6 h; traffic over time is not known; "
        "the first 10 min are left out as warm-up"
    )


def test_memory_that_swings_too_widely_to_tell_is_not_known():
    """No trend, but one that reaches the limit within 6 h cannot be excluded either."""
    found = judged(seen(series(lambda at: 0.5 + 0.25 * math.sin(at / 700))))["growth"]
    assert found.outcome is OPEN
    assert "/h cannot be excluded, and " in found.actual


def test_a_nearer_horizon_asks_for_less_and_a_farther_for_more():
    memory = seen(series(lambda at: steady(at) + 0.012 * at / 7200))
    plan = PLAN.replace("metrics: {}", "metrics: {safe_for: 200h}")
    assert judged(memory)["growth"].outcome is PASS
    assert judged(memory, plan=plan)["growth"].outcome is OPEN


def requests(per_minute):
    return series(per_minute, "http_200", deployment=None)


@pytest.mark.parametrize("value", [steady, lambda at: steady(at) + 0.1 * at / 7200], ids=["level", "rising"])
def test_beside_rising_traffic_no_trend_of_memory_is_known(value):
    traffic = requests(lambda at: 100 * (1 + at / 7200))
    found = judged(seen(series=(series(value), series(lambda at: 1.0, "memory_limit_gb"), traffic)))["growth"]
    assert found.outcome is OPEN
    assert "traffic rose by" in found.actual


def test_memory_that_grows_while_traffic_falls_leaks():
    traffic = requests(lambda at: 200 - 100 * at / 7200)
    rising = series(lambda at: steady(at) + 0.1 * at / 7200)
    found = judged(seen(series=(rising, series(lambda at: 1.0, "memory_limit_gb"), traffic)))["growth"]
    assert found.outcome is FAIL


def test_warming_up_in_the_first_minutes_is_no_leak():
    assert outcomes(seen(series(lambda at: steady(at) + 0.2 * min(1.0, at / 500))))["growth"] is PASS


def test_a_leak_that_was_seen_fails_also_in_a_short_series():
    assert outcomes(seen(series(lambda at: steady(at) + at / 7200, length_s=4000)))["growth"] is FAIL


@pytest.mark.parametrize(
    ("levels", "outcome"),
    [((2, 2, 3, 2, 5, 4, 6), OPEN), ((2, 3, 2, 5, 4, 6, 8), FAIL)],
    ids=["one look", "two in a row"],
)
def test_memory_that_grew_by_its_last_block_alone_is_not_said_to(levels, outcome):
    """The series ends after 90 of 120 minutes; its seven blocks stand at these points of the limit."""
    length_s = 5400
    block_s = (length_s - 600) / len(levels)

    def stepped(at):
        return steady(at) + levels[min(len(levels) - 1, max(0, int((at - 600) / block_s)))] / 100

    plan = plan_of(PLAN)
    files = [loaded(plan, "metrics", [seen(series(stepped, length_s=length_s))], 7200.0, subject=LIVE)]
    verdict = judge(bundled(plan, window_of(plan), LIVE, files), judged_at=T0, tool_version="0")
    found = next(item for item in verdict.findings if (item.stage, item.rule) == ("metrics", "growth"))
    assert found.outcome is outcome


def test_a_plan_cannot_tell_how_long_memory_is_safe():
    """Not counted, its bound has no least: memory that falls is safe for ever, and level memory nearly so."""
    plan = PLAN.replace("metrics: {}", "metrics: {safe_for: 5000h}")
    falling = seen(series(lambda at: steady(at) - 0.02 * at / 7200))
    assert judged(falling, plan=plan)["growth"].outcome is PASS
    assert judged(seen(), plan=plan)["growth"].outcome is OPEN


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e9, 1e9)), max_size=40),
    limit=st.none() | st.floats(-10, 10),
    every_s=st.floats(0, 1e4),
)
def test_nothing_that_the_platform_gives_crashes(values, limit, every_s):
    memory = Series(name="memory_gb", points=tuple(Point(offset_s=at, value=value) for at, value in values))
    limits = Series(name="memory_limit_gb", points=(Point(offset_s=0.0, value=limit),) if limit else ())
    observation = MetricsObservation(start=T0, end=T0, every_s=every_s, series=(memory, limits))
    assert len(judged(observation)) == 3


def test_the_first_minutes_are_left_out_of_a_short_window_too():
    """Ten minutes of filling caches in a window of thirty would look like a leak."""
    plan = PLAN + "window: {length: 30m, sample_every: 15m}\n"
    warming = seen(series(lambda at: steady(at) + 0.1 * min(1.0, at / 590), length_s=1800))
    assert judged(warming, plan=plan)["growth"].outcome is PASS
    leaking = seen(series(lambda at: steady(at) + 0.1 * at / 1800, length_s=1800))
    assert judged(leaking, plan=plan)["growth"].outcome is FAIL


EVERY_QUARTER_S = tuple(900.0 * number for number in range(9))
AWAKE = tuple(point for point in series().points if point.offset_s % 900 <= 360)


@pytest.mark.parametrize(
    ("points", "readable", "words"),
    [
        (AWAKE, PASS, "points; the service sleeps, and is measured while it is awake"),
        (tuple(p for p in AWAKE if p.offset_s < 6900), PASS, "while it is awake"),
        (
            tuple(p for p in AWAKE if not 1700 < p.offset_s < 2300),
            OPEN,
            "woken at T+30min, and no point is of that",
        ),
    ],
)
def test_a_service_that_sleeps_is_measured_while_it_is_awake(points, readable, words):
    memory = Series(name="memory_gb", deployment="d1", points=points)
    found = judged(seen(memory), woken_s=EVERY_QUARTER_S)
    assert found["readable"].outcome is readable
    assert words in found["readable"].actual
    assert outcomes(seen(memory))["readable"] is OPEN
    few = Series(name="memory_gb", deployment="d1", points=points[:8])
    assert "leave `metrics` out" in judged(seen(few), woken_s=EVERY_QUARTER_S)["growth"].actual
