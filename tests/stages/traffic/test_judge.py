"""Real traffic judged: errors of others fail, and only a log that holds our own requests is believed."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.platform.platform_views import own_answered
from deploy_verdict.model import Fault, Outcome, PathTraffic, Severity, TrafficObservation, Whose
from deploy_verdict.stages.traffic.judge import judge_traffic
from tests.bundles import REFUSED, SUBJECT, T0, http, loaded, window_of
from tests.plans import plan_of

PLAN = """
window: {length: 30m, sample_every: 15m}
health: [{name: api, get: /api, expect: {status: 200}}]
railway: {}
traffic: {max_5xx: 1%, excludes: null, p95: 2s, few: 20}
"""
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def path(requests=100, errors=0, p95_ms=50.0, **more):
    statuses = {"200": requests - errors, "503": errors}
    fields = {"method": "GET", "path": "/x", "requests": requests, "statuses": statuses, "p95_ms": p95_ms}
    return PathTraffic(**{**fields, **more})


def seen(*paths, own=10, **more):
    paths = paths or (path(),)
    requests = sum(item.requests for item in paths)
    fields = {"entries_read": requests + own, "own_requests": own, "requests": requests, "paths": paths}
    whole = {"source": "x", "start": T0, "end": T0 + timedelta(minutes=30)}
    return TrafficObservation(**{**whole, **fields, **more})


def judged(*observations, sent=10, plan=PLAN):
    plan = plan_of(plan)
    files = [loaded(plan, "health", [http("api", {}) for _ in range(sent)])]
    files += [loaded(plan, "traffic", [item], 1800.0, attempt=n) for n, item in enumerate(observations, 1)]
    findings = judge_traffic(bundled(plan, window_of(plan), SUBJECT, files))
    return {(finding.check, finding.rule): finding for finding in findings}


def outcomes(*observations, **more):
    return {
        key[1]: finding.outcome
        for key, finding in judged(*observations, **more).items()
        if key[0] in ("log", "all")
    }


def test_a_whole_log_without_errors_passes():
    assert outcomes(seen()) == dict.fromkeys(
        ("readable", "canary", "5xx", "upstream", "refused", "p95"), PASS
    )


@pytest.mark.parametrize(
    ("start_s", "end_s", "outcome"), [(0, 1799, PASS), (0, 1798, OPEN), (0, 600, OPEN), (1, 1800, OPEN)]
)
def test_a_log_that_was_read_for_a_part_of_the_window_proves_nothing(start_s, end_s, outcome):
    """Read by hand after ten minutes, it stands there as the window's, and all of ours are in it."""
    start, end = (T0 + timedelta(seconds=at) for at in (start_s, end_s))
    found = outcomes(seen(start=start, end=end))
    assert {found[rule] for rule in ("readable", "5xx", "upstream", "p95")} == {outcome}
    assert outcomes(seen(path(errors=9), start=start, end=end))["5xx"] is FAIL


def test_no_reading_is_inconclusive_throughout():
    assert set(outcomes().values()) == {OPEN}


@pytest.mark.parametrize(("own", "outcome"), [(9, PASS), (8, OPEN), (0, OPEN), (12, PASS)])
def test_the_canary_on_both_sides_of_its_limit(own, outcome):
    found = outcomes(seen(own=own))
    assert found["canary"] is outcome
    assert found["5xx"] is outcome


def test_without_a_request_of_ours_nothing_shows_that_the_log_is_whole():
    assert outcomes(seen(own=0), sent=0)["canary"] is OPEN


def test_only_requests_that_the_service_answered_are_expected_in_the_log():
    plan = plan_of(PLAN)
    edge = Fault(kind="edge", whose=Whose.EDGE, detail="the edge answered 502")
    asked = [http("api", {}), http("api", fault=REFUSED), http("api", fault=edge, status=502)]
    assert own_answered(bundled(plan, window_of(plan), SUBJECT, [loaded(plan, "health", asked)])) == 1


@pytest.mark.parametrize(("errors", "outcome"), [(0, PASS), (1, PASS), (2, FAIL)])
def test_errors_on_both_sides_of_the_limit(errors, outcome):
    found = judged(seen(path(errors=errors)))
    assert found["all", "5xx"].outcome is outcome
    assert (("GET /x", "5xx") in found) is (outcome is FAIL)
    if outcome is FAIL:
        assert found["all", "5xx"].severity is Severity.P1
        assert found["all", "5xx"].actual == "2 of 100 requests of others answered 5xx (2 %)"


def test_an_error_of_one_path_is_not_lost_among_all_requests():
    found = judged(seen(path(10_000), path(20, errors=5, path="/y")))
    assert found["all", "5xx"].outcome is PASS
    assert found["GET /y", "5xx"].outcome is FAIL


def test_a_path_with_few_requests_is_judged_among_all_only():
    assert ("GET /x", "5xx") not in judged(seen(path(19, errors=1), path(10_000, path="/y")))


@pytest.mark.parametrize("more", [{"own": 0}, {"incomplete": ("a hole",)}, {"fault": REFUSED}])
def test_errors_that_were_seen_fail_however_little_was_read(more):
    assert outcomes(seen(path(errors=50), **more))["5xx"] is FAIL
    assert outcomes(seen(**more))["5xx"] is OPEN


def test_an_empty_log_is_inconclusive():
    empty = TrafficObservation(source="x", start=T0, end=T0)
    assert set(outcomes(empty).values()) == {OPEN}


def test_nobody_else_was_there():
    alone = seen(own=10).model_copy(update={"paths": (), "requests": 0})
    assert judged(alone)["all", "5xx"].actual == "no request of others in the window"


def test_paths_that_do_not_add_up_are_inconclusive():
    assert outcomes(seen().model_copy(update={"requests": 500}))["5xx"] is OPEN


@pytest.mark.parametrize(("p95_ms", "outcome"), [(2000.0, PASS), (2001.0, FAIL), (None, OPEN)])
def test_latency_on_both_sides_of_the_limit(p95_ms, outcome):
    assert outcomes(seen(path(p95_ms=p95_ms)))["p95"] is outcome


@pytest.mark.parametrize("more", [{"upstream_errors": 5}, {"edge_fallbacks": 5}])
def test_upstream_errors_and_the_edges_own_answers_fail(more):
    """An edge's 404 is no 5xx, and nobody was there all the same."""
    assert outcomes(seen(path(**more)))["upstream"] is FAIL


def test_the_fail_of_an_older_reading_stays():
    assert outcomes(seen(path(errors=50)), seen())["5xx"] is FAIL


EXCLUDING = PLAN.replace("excludes: null, ", "")


def test_one_percent_must_be_excluded_unless_the_plan_says_otherwise():
    assert plan_of(EXCLUDING).traffic.excludes == 1.0
    assert plan_of(PLAN).traffic.excludes is None


@pytest.mark.parametrize(
    ("requests", "errors", "limit", "outcome"),
    [
        (0, 0, "1%", OPEN),
        (916, 0, "1%", OPEN),
        (917, 0, "1%", PASS),
        (917, 0, "0%", PASS),
        (916, 0, "0%", OPEN),
        (917, 1, "0%", FAIL),
        (917, 1, "1%", OPEN),
        (7200, 42, "1%", PASS),
        (7200, 43, "1%", OPEN),
        (7200, 72, "1%", OPEN),
        (7200, 73, "1%", FAIL),
        (98, 0, "9%", PASS),
        (97, 0, "9%", OPEN),
    ],
)
def test_a_share_is_only_believed_of_enough_requests(requests, errors, limit, outcome):
    """ln(0.0001) / ln(0.99) = 916.4; 42 of 7,200 leave 0.995 %, 43 leave 1.012 %."""
    found = judged(seen(path(requests, errors)), plan=EXCLUDING.replace("max_5xx: 1%", f"max_5xx: {limit}"))
    assert found["all", "5xx"].outcome is outcome
    assert found["all", "upstream"].outcome is PASS


@pytest.mark.parametrize(("errors", "outcome"), [(1, OPEN), (3, FAIL)])
def test_one_error_of_few_on_a_path_may_be_chance(errors, outcome):
    found = judged(seen(path(2000, path="/y"), path(50, errors=errors)))
    assert found["GET /x", "5xx"].outcome is outcome
    assert found["all", "5xx"].outcome is PASS


def test_too_few_requests_say_how_many_are_wanted():
    told = judged(seen(path(200)), plan=EXCLUDING)["all", "5xx"].actual
    assert told == (
        "0 of 200 requests of others answered 5xx, which leaves 4.5 % possible; 1 % or more must be "
        "excluded: 917 requests without one would exclude it (see traffic.excludes)"
    )
    told = judged(seen(path(200, 1)), plan=EXCLUDING)["all", "5xx"].actual
    assert told.endswith("only more requests can exclude it (see traffic.excludes)")
