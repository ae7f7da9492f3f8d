"""Readings during the window: what they failed on stays, and that one is missing costs nothing."""

from datetime import timedelta

import pytest

from deploy_verdict.model import (
    Fault,
    LogObservation,
    MetricsObservation,
    Outcome,
    PathTraffic,
    PatternCount,
    Point,
    Series,
    Severity,
    Silence,
    TrafficObservation,
    Whose,
)
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, http, loaded
from tests.plans import plan_of

PLAN = plan_of(
    """
window: {length: 1h, sample_every: 15m}
railway: {}
health: [{name: api, get: /api, expect: {status: 200}}]
logs:
  must_not_appear: [{text: Too many connections, severity: P0}, {text: slow, severity: P2}]
  must_appear: [{text: pool of 20, severity: P1}]
traffic: {max_5xx: 1%, excludes: null, few: 20}
metrics: {}
"""
)
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
REFUSED = Fault(kind="rate-limited", whose=Whose.PROVIDER, detail="HTTP 429")
END_S = 3600.0


def at(offset_s):
    return T0 + timedelta(seconds=offset_s)


def span(offset_s, length_s):
    """The check and times of a reading of the complete window, or of what was new at an offset."""
    if offset_s == END_S:
        return {"start": T0, "end": at(END_S)}
    return {"check": INTERIM, "start": at(max(0.0, offset_s - length_s - 60)), "end": at(offset_s)}


def log(offset_s, never=0, slow=0, pool=0, **more):
    length_s = more.pop("length_s", 900.0)
    counts = {"Too many connections": never, "slow": slow, "pool of 20": pool}
    fields = {
        "source": "backend.log",
        "lines_in_window": 100,
        "first_at": T0,
        "last_at": at(offset_s),
        "longest_silence": Silence(start=T0, end=T0, length_s=60.0),
        "levels": {"INFO": 100},
        "templates": (),
        "patterns": tuple(PatternCount(pattern=name, count=count) for name, count in counts.items()),
        **span(offset_s, length_s),
        **more,
    }
    return loaded(PLAN, "logs", [LogObservation(**fields)], offset_s)


def traffic(offset_s, errors=0, requests=400, own=1, **more):
    statuses = {"200": requests - errors, "503": errors}
    path = PathTraffic(method="GET", path="/x", requests=requests, statuses=statuses, p95_ms=5.0)
    fields = {
        "source": "edge",
        "entries_read": requests + own,
        "own_requests": own,
        "requests": requests,
        "paths": (path,),
        **span(offset_s, 900.0),
        **more,
    }
    return loaded(PLAN, "traffic", [TrafficObservation(**fields)], offset_s)


def metrics(offset_s, gb=0.3, **more):
    every = range(0 if offset_s == END_S else int(offset_s) - 900, int(offset_s) + 1, 60)
    memory = tuple(Point(offset_s=float(s), value=gb + (s // 60 % 3) * 0.001) for s in every)
    limit = tuple(Point(offset_s=float(s), value=1.0) for s in every)
    series = (Series(name="memory_gb", points=memory), Series(name="memory_limit_gb", points=limit))
    fields = {"every_s": 60.0, "series": series, **span(offset_s, 900.0), **more}
    return loaded(PLAN, "metrics", [MetricsObservation(**fields)], offset_s)


def verdict(*files):
    health = loaded(PLAN, "health", [http("api", {})])
    return judge(bundle_of(PLAN, health, *files), judged_at=at(END_S), tool_version="t")


def findings(*files):
    return {f"{item.stage}/{item.check}/{item.rule}": item for item in verdict(*files).findings}


NEVER = "logs/Too many connections/must_not_appear"
ENDED = (log(END_S, pool=1), traffic(END_S, requests=4000), metrics(END_S))


def test_while_the_window_is_open_a_reading_fails_with_its_severity_and_says_when_it_was_read():
    found = findings(log(900.0), log(1800.0, never=2))[NEVER]
    assert (found.outcome, found.severity, found.offset_s) == (FAIL, Severity.P0, 1800.0)
    assert found.actual == "2 lines (read at T+30min)"
    assert found.evidence == "logs.T+030.a1.json#/observations/0"


def test_while_the_window_is_open_a_reading_passes_nothing():
    stages = ("logs", "traffic", "metrics")
    found = findings(log(900.0, pool=0), traffic(900.0), metrics(900.0))
    open_ = [item for item in found.values() if item.stage in stages and item.outcome is not OPEN]
    assert [item.actual for item in open_] == []
    assert "12:00:00Z to 2026-02-02T12:15:00Z, hold none" in found[NEVER].actual


def test_what_the_complete_reading_lacks_still_fails():
    found = findings(log(900.0, never=1), *ENDED)[NEVER]
    assert (found.outcome, found.severity) == (FAIL, Severity.P0)
    assert found.actual == "1 line (read at T+15min, and not in the reading at the window's end)"


def test_a_p2_that_the_complete_reading_does_not_bear_out_is_dropped():
    assert findings(log(900.0, slow=3), *ENDED)["logs/slow/must_not_appear"].outcome is PASS
    assert findings(log(900.0, slow=3))["logs/slow/must_not_appear"].outcome is FAIL


def test_a_window_whose_complete_readings_are_good_needs_no_other():
    with_all = [item(at_s) for item in (log, traffic, metrics) for at_s in (900.0, 1800.0, 2700.0)]
    outcomes = []
    for more in ([], with_all, [log(900.0, fault=REFUSED, patterns=(), lines_in_window=0, first_at=None)]):
        found = verdict(*more, *ENDED)
        bad = [
            item for item in found.findings if item.stage in ("logs", "traffic") and item.outcome is not PASS
        ]
        assert bad == []
        outcomes.append((found.outcome, found.coverage.planned, found.coverage.taken))
    assert len(set(outcomes)) == 1


def test_the_complete_reading_is_counted_alone():
    found = findings(log(900.0, never=2), log(1800.0, never=3), log(END_S, never=4, pool=1))[NEVER]
    assert (found.outcome, found.actual) == (FAIL, "4 lines")


def test_where_the_complete_reading_is_missing_the_others_say_how_far_they_are():
    parts = (log(900.0), log(1800.0, length_s=900.0))
    missing = log(END_S, fault=REFUSED, patterns=(), lines_in_window=0, first_at=None)
    assert "T12:00:00Z to 2026-02-02T12:30:00Z, hold none" in findings(*parts, missing)[NEVER].actual
    # A gap: what follows it covers nothing from T0 on.
    gap = (log(900.0), log(2700.0, length_s=900.0))
    assert "T12:00:00Z to 2026-02-02T12:15:00Z, hold none" in findings(*gap, missing)[NEVER].actual
    assert findings(*parts, missing)[NEVER].outcome is OPEN


def test_a_line_that_must_appear_may_have_been_read_once_alone():
    name = "logs/pool of 20/must_appear"
    assert findings(log(END_S))[name].outcome is FAIL
    found = findings(log(900.0, pool=1), log(END_S))[name]
    assert (found.outcome, found.actual) == (PASS, "1 line (read at T+15min)")
    # That a part does not have it says nothing.
    assert findings(log(900.0), *ENDED)[name].outcome is PASS


@pytest.mark.parametrize(("errors", "requests", "outcome"), [(40, 400, FAIL), (1, 20, OPEN), (2, 400, OPEN)])
def test_a_part_fails_on_errors_that_are_too_many_to_be_chance(errors, requests, outcome):
    found = findings(traffic(900.0, errors, requests))
    assert found["traffic/all/5xx"].outcome is outcome
    assert ("traffic/GET /x/5xx" in found) is (outcome is FAIL)


def test_users_errors_of_a_part_stay_when_others_requests_hide_them():
    found = findings(traffic(900.0, errors=30, requests=400), *ENDED)["traffic/all/5xx"]
    assert (found.outcome, found.severity) == (FAIL, Severity.P1)
    assert found.actual.startswith("30 of 400 requests of others (7.5 %) from 12:00:00 to 12:15:00 UTC")


def test_memory_over_its_limit_in_a_part_fails_and_a_part_shows_no_growth():
    found = findings(metrics(900.0, gb=0.97))
    limit = found["metrics/memory/limit"]
    assert (limit.outcome, limit.severity, limit.offset_s) == (FAIL, Severity.P1, 900.0)
    assert found["metrics/memory/growth"].outcome is OPEN
    ended = findings(metrics(900.0, gb=0.97), *ENDED)
    assert ended["metrics/memory/limit"].outcome is FAIL
    # Attention is no P1: at the end, the complete series decides.
    assert findings(metrics(900.0, gb=0.85), *ENDED)["metrics/memory/limit"].outcome is PASS


def test_an_extended_window_keeps_its_first_complete_reading():
    """The end of a window that was extended is no reading during the longer one."""
    first = log(END_S, never=1)
    assert findings(first, log(900.0))[NEVER].actual == "1 line"


def test_that_a_late_reading_lacks_a_line_says_nothing_either():
    """At high speed, one at a sample may see the end of the window."""
    late = log(900.0, start=T0, end=at(END_S))
    assert findings(late)["logs/pool of 20/must_appear"].outcome is OPEN
