"""Others' traffic over time: what the platform counted, less what we sent ourselves."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.platform.traffic_change import traffic_change
from deploy_verdict.model import Fault, MetricsObservation, Point, Series, Whose
from deploy_verdict.stats.growth import TrafficChange
from tests.bundles import T0, bundle_of, http, loaded
from tests.plans import plan_of

PLAN = plan_of("health: [{name: api, get: /api, expect: {status: 200}}]\nrailway: {}\nmetrics: {}\n")


def observed(values, every_s=60.0, name="http_200", **more):
    points = tuple(Point(offset_s=at * every_s, value=float(value)) for at, value in enumerate(values))
    series = (Series(name=name, deployment=None, points=points),)
    return MetricsObservation(**{"start": T0, "end": T0, "every_s": every_s, "series": series, **more})


def change(observation, *files, plan=PLAN):
    metrics = loaded(plan, "metrics", [observation], 7200.0)
    return traffic_change(bundle_of(plan, metrics, *files), 900.0, 7200.0)


@pytest.mark.parametrize(
    ("first", "last", "moved"),
    [
        (1000, 1250, False),
        (1000, 1251, True),
        (1000, 750, False),
        (1000, 749, True),
        (10, 16, False),
        (0, 9, True),
    ],
)
def test_it_moved_by_more_than_a_quarter_and_than_chance(first, last, moved):
    assert TrafficChange(first=first, last=last).moved is moved


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (100, 140, "traffic rose by 40 %"),
        (100, 60, "traffic fell by 40 %"),
        (100, 100.1, "traffic stayed level"),
        (0, 90, "traffic rose from 0 to 90 requests"),
    ],
)
def test_in_words(first, last, told):
    assert TrafficChange(first=first, last=last).text == told


def test_thirds_after_the_warm_up_are_compared():
    """Whatever the first quarter of an hour had is not compared."""
    found = change(observed([5000] * 15 + [10] * 105))
    assert (found.first, found.last) == (350, 350)


def test_our_own_requests_are_no_traffic():
    """300 of ours in the last third, on 10 a minute of others."""
    ours = [http("api", at=T0 + timedelta(seconds=7000)) for _ in range(300)]
    found = change(observed([10] * 116 + [310] + [10] * 3), loaded(PLAN, "health", ours))
    assert found.text == "traffic stayed level"


@pytest.mark.parametrize(
    "observation",
    [
        observed([10] * 120, name="memory_gb"),
        observed([10] * 12, every_s=600.0),
        observed([10] * 120, every_s=0.0),
        observed([10] * 120, fault=Fault(kind="x", whose=Whose.PROVIDER, detail="no")),
    ],
    ids=["no counts", "too coarse", "no step", "not read"],
)
def test_what_cannot_be_compared_is_not_known(observation):
    assert change(observation) is None


def test_without_metrics_it_is_not_known():
    assert traffic_change(bundle_of(PLAN), 900.0, 7200.0) is None


def test_beside_a_plugged_in_suite_it_is_not_known():
    """What a suite of the user's sends is not counted, so it cannot be taken off."""
    plan = plan_of("e2e: {command: [python3, suite.py], junit: r.xml}\nrailway: {}\nmetrics: {}\n")
    assert change(observed([10] * 120), plan=plan) is None
