"""Exposure: how often an operation really ran, what that excludes, and what is no run at all."""

import pytest

from deploy_verdict.model import (
    Outcome,
    PathTraffic,
    StepRecord,
    TestObservation,
    TrafficObservation,
    VerdictOutcome,
)
from deploy_verdict.stats.bounds import excluded_percent, possible_percent
from deploy_verdict.verdict.judge import judge
from tests.bundles import OUR_DNS, REFUSED, T0, bundle_of, http, loaded
from tests.plans import HEAD, plan_of

BY_PATH = """
window: {length: 1h, sample_every: 1h}
health: [{name: api, get: "/orders/7", at: [0m], expect: {status: 200..499}}]
exposure: [{name: read, operation: "GET /orders/{id}", at_least: 3}]
"""
PLAN = plan_of(BY_PATH)
RAILWAY = "railway: {project: p, service: s}\ntraffic: {max_5xx: 100%, canary: 50%}\n"
WITH_LOG = plan_of(BY_PATH, head=HEAD + RAILWAY)


def answer(**more):
    return http("api", {}, **{"url": "http://service.test/orders/7?x=1", **more})


def found(plan, *files, **more):
    verdict = judge(bundle_of(plan, *files, **more), judged_at=T0, tool_version="0.1.0")
    return next((item for item in verdict.findings if item.stage == "exposure"), None), verdict


def asked(plan, answers):
    return loaded(plan, "health", answers)


@pytest.mark.parametrize(
    ("runs", "outcome", "told"),
    [
        (3, Outcome.PASS, "ran 3 times without an error, so an error rate above 63 % is excluded at 95 %"),
        (
            2,
            Outcome.INCONCLUSIVE,
            "ran 2 times without an error, so an error rate above 78 % is excluded at 95 %; 1 more would",
        ),
        (0, Outcome.INCONCLUSIVE, "did not run in this window; 3 runs are required"),
    ],
)
def test_so_many_clean_runs_are_wanted(runs, outcome, told):
    exposure, verdict = found(PLAN, asked(PLAN, [answer()] * runs))
    assert exposure.outcome is outcome
    assert exposure.actual.startswith(told)
    assert (verdict.outcome is VerdictOutcome.STABLE) == (outcome is Outcome.PASS)


@pytest.mark.parametrize(
    "no_run",
    [{"status": 404}, {"fault": OUR_DNS}, {"method": "POST"}, {"url": "http://service.test/orders/7/lines"},
     {"url": "http://service.test/orders"}],
)  # fmt: skip
def test_what_is_refused_never_left_or_is_another_operation_is_no_run(no_run):
    exposure, _ = found(PLAN, asked(PLAN, [answer(), answer(), answer(**no_run)]))
    assert exposure.outcome is Outcome.INCONCLUSIVE
    assert exposure.actual.startswith("ran 2 times without")
    assert ("1 more were refused (4xx)" in exposure.actual) == (no_run.get("status") == 404)


@pytest.mark.parametrize("bad", [{"status": 500}, {"fault": REFUSED}])
def test_one_bad_run_stays_however_many_are_clean(bad):
    exposure, verdict = found(PLAN, asked(PLAN, [answer()] * 9 + [answer(**bad)] + [answer()] * 10))
    assert (exposure.outcome, exposure.severity) == ("fail", "P1")
    assert exposure.actual == "1 of 20 runs went wrong: 5 %, at most 22 % at 95 %"
    assert exposure.evidence == "health.T+000.a1.json#/observations/9"
    assert verdict.outcome is VerdictOutcome.CRITICAL


def log(*paths, own=1, attempt=1, **more):
    """A reading of the edge's log; (method, path, statuses) for each path."""
    told = [PathTraffic(method=m, path=p, statuses=s, requests=sum(s.values())) for m, p, s in paths]
    requests = sum(path.requests for path in told)
    seen = TrafficObservation(
        source="log",
        start=T0,
        end=T0.replace(hour=13),
        entries_read=requests + own,
        requests=requests,
        own_requests=own,
        paths=told,
        **more,
    )
    return loaded(WITH_LOG, "traffic", [seen], 3600.0, attempt)


READ = ("GET", "/orders/{id}")


def test_real_traffic_counts_in_a_log_that_is_believed():
    others = log((*READ, {"200": 5, "302": 1, "404": 2}), ("POST", "/orders/{id}", {"200": 50}))
    exposure, _ = found(WITH_LOG, asked(WITH_LOG, [answer()]), others)
    assert exposure.outcome is Outcome.PASS
    assert exposure.actual.startswith(
        "ran 7 times (1 ours, 6 of others) without an error, so an error rate above 35 % is excluded"
    )
    assert "2 more were refused" in exposure.actual


@pytest.mark.parametrize("spoilt", [{"own": 0}, {"incomplete": ("it was cut",)}])
def test_clean_runs_of_others_do_not_count_in_a_log_with_holes(spoilt):
    exposure, _ = found(WITH_LOG, asked(WITH_LOG, [answer()]), log((*READ, {"200": 50}), **spoilt))
    assert exposure.outcome is Outcome.INCONCLUSIVE
    assert exposure.actual.startswith("ran once without")


def test_errors_of_others_count_in_any_log_and_in_any_attempt():
    first = log((*READ, {"200": 4, "500": 1}), own=0)
    exposure, _ = found(WITH_LOG, asked(WITH_LOG, [answer()]), first, log((*READ, {"200": 50}), attempt=2))
    assert exposure.outcome is Outcome.FAIL
    assert exposure.evidence == "traffic.T+060.a1.json#/observations/0"


ALLOWED = plan_of(BY_PATH, head=HEAD + RAILWAY.replace("100%", "1%"))


@pytest.mark.parametrize(
    ("requests", "errors", "by_edge", "outcome", "words"),
    [
        (400, 2, 2, Outcome.PASS, "the edge answered 2 more, which traffic.max_5xx allows"),
        (80, 1, 1, Outcome.PASS, "so an error rate above 5.7 % is excluded"),
        (400, 2, 1, Outcome.FAIL, "2 of 401 runs"),
        (400, 20, 20, Outcome.FAIL, "20 of 401 runs"),
        (2, 1, 1, Outcome.FAIL, "1 of 3 runs"),
    ],
    ids=["few", "one of some", "its own error too", "more than allowed", "one of two"],
)
def test_the_edges_answers_to_others_are_bad_where_they_are_surely_too_many(
    requests, errors, by_edge, outcome, words
):
    statuses = {"200": requests - errors, "502": errors}
    path = PathTraffic(
        method="GET", path="/orders/{id}", requests=requests, statuses=statuses, edge_fallbacks=by_edge
    )
    seen = TrafficObservation(
        source="log", start=T0, end=T0.replace(hour=13), entries_read=requests + 1, requests=requests,
        own_requests=1, paths=(path,),
    )  # fmt: skip
    exposure, _ = found(ALLOWED, asked(ALLOWED, [answer()]), loaded(ALLOWED, "traffic", [seen], 3600.0))
    assert exposure.outcome is outcome
    assert words in exposure.actual


SUITE = """
window: {length: 1h, sample_every: 1h}
e2e: {at: [0m, 30m, 60m], tests: [{name: flow, steps: [
  {name: a, get: /a, expect: {status: 200}}, {name: b, get: /b, expect: {status: 200}}]}]}
exposure: [{name: x, operation: %s, at_least: 3}]
"""


def suite(plan, runs):
    """A run at each offset: how many of the two steps were good."""
    files = []
    for offset_s, good in zip(plan.e2e.at, runs, strict=False):
        steps = [
            StepRecord(part="steps", index=i, name=n, exchange=http(n, {}, 200 if i < good else 500))
            for i, n in enumerate("ab") if i <= good
        ]  # fmt: skip
        seen = TestObservation(check="flow", offset_s=offset_s, at=T0, elapsed_ms=1, steps=steps)
        files.append(loaded(plan, "e2e", [seen], offset_s))
    return files


@pytest.mark.parametrize(
    ("operation", "runs", "outcome", "told"),
    [
        ("e2e/flow", (2, 2, 2), "pass", "ran 3 times"),
        ("e2e/flow", (2, 2), "inconclusive", "ran 2 times"),
        ("e2e/flow", (1, 2, 2), "fail", "1 of 3 runs went wrong"),
        ("e2e/flow/a", (1, 2, 2), "pass", "ran 3 times"),
        ("e2e/flow/b", (1, 2, 2), "fail", "1 of 3 runs went wrong"),
        ("e2e/flow/b", (0, 2, 2), "inconclusive", "ran 2 times"),
    ],
)
def test_a_test_or_one_of_its_steps_is_an_operation(operation, runs, outcome, told):
    plan = plan_of(SUITE % operation)
    exposure, _ = found(plan, *suite(plan, runs))
    assert exposure.outcome == outcome
    assert exposure.actual.startswith(told)


def test_of_a_suite_that_was_left_out_nothing_is_said():
    plan = plan_of(SUITE % "e2e/flow" + "health: [{name: h, get: /, expect: {status: 200}}]\n")
    assert found(plan, asked(plan, [http("h", {})]), left_out=("e2e",))[0] is None


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ((2, 2, 2), "passed in 3 of 3 runs (excludes a flake rate above 63 %)"),
        ((2, 2), "passed in 2 of 3 runs (excludes a flake rate above 78 %)"),
        ((1, 2, 2), "passed in 2 of 3 runs (flaky: it failed in 33 % of them, at most 86 % at 95 %)"),
        ((1, 1, 1), "passed in 0 of 3 runs"),
    ],
)
def test_a_tests_runs_say_how_flaky_it_may_be(runs, told):
    """And its first failure stays, though a later run passes."""
    plan = plan_of(SUITE % "e2e/flow")
    _, verdict = found(plan, *suite(plan, runs))
    passes = next(item for item in verdict.findings if item.rule == "passes")
    assert passes.actual.endswith(told)
    if runs == (1, 2, 2):
        assert (passes.outcome, passes.offset_s) == ("fail", 0.0)


@pytest.mark.parametrize(
    ("bad", "runs", "percent"),
    [(0, 0, 100), (0, 1, 95), (0, 9, 28.3), (0, 45, 6.44), (0, 59, 4.95), (0, 300, 0.99), (3, 3, 100),
     (1, 20, 21.6), (2, 10, 50.7), (50, 100_000, 0.0634)],
)  # fmt: skip
def test_the_bound_is_exact(bad, runs, percent):
    """Clopper and Pearson (1934), one-sided at 95 %, from tables."""
    assert possible_percent(bad, runs) == pytest.approx(percent, rel=5e-3)
    if bad == 0:
        assert excluded_percent(runs) == possible_percent(bad, runs)
