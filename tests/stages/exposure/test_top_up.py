"""A top-up's runs are runs: counted apart, judged like any other, and never better than they were."""

import pytest

from deploy_verdict.model import FailedRun, Outcome, StepRecord, Tally, TopUpObservation, Unrestored
from deploy_verdict.verdict.judge import judge
from tests.bundles import OUR_DNS, REFUSED, T0, bundle_of, http, loaded
from tests.plans import plan_of

PLAN = """
window: {length: 1h, sample_every: 1h}
test_data: {may_write: {spool: [T1]}}
health: [{name: api, post: /take, json: {spool: T1}, expect: {status: 200..499}}]
e2e: {at: [0m], tests: [{name: cycle, steps: [
  {name: take, post: /take, json: {spool: T1}, expect: {status: 200}},
  {name: see, get: /seen, expect: {status: 200, $.by: 7}}]}]}
never: [{status: 500..599}]
claims:
  - commit: abc1234
    title: t
    exposure: {operation: %s, at_least: 9, top_up: {of: e2e/cycle, to_exclude: %s}}
"""


def tally(name, method, **answers):
    return Tally(name=name, method=method, url=f"http://service.test/{name}", answers=answers)


def topped(plan, *, done=13, failures=(), attempt=1, **more):
    tallies = (tally("take", "POST", **{"200": done}), tally("see", "GET", **{"200": done}))
    fields = {"check": "abc1234", "of": "e2e/cycle", "offset_s": 3600.0, "at": T0, "wanted": 14}
    fields |= {"clean_before": 1, "done": done, "failed": len(failures), "tallies": tallies}
    seen = TopUpObservation(
        **{**fields, "failures": failures, "ended": "nothing is lacking any more", **more}
    )
    return loaded(plan, "top_up", [seen], 3600.0, attempt, interrupted=seen.interrupted)


def found(*top_ups, operation="POST /take", to_exclude="20%", **more):
    plan = plan_of(PLAN % (operation, to_exclude))
    asked = loaded(plan, "health", [http("take", {}, method="POST")])
    files = [make(plan) for make in top_ups]
    verdict = judge(bundle_of(plan, asked, *files, **more), judged_at=T0, tool_version="0.1.0")
    return next(item for item in verdict.findings if item.stage == "exposure"), verdict


def test_the_runs_of_a_top_up_are_told_apart():
    exposure, _ = found(topped)
    assert exposure.outcome is Outcome.PASS
    assert exposure.check == "abc1234"
    assert exposure.actual == (
        "ran 14 times (1 ours, 13 by our top-up) without an error, "
        "so an error rate above 19 % is excluded at 95 %"
    )


def test_what_it_is_to_exclude_is_wanted():
    """59 clean runs exclude 5 %, and at_least asked for nine only."""
    exposure, _ = found(topped, to_exclude="5%")
    assert exposure.outcome is Outcome.INCONCLUSIVE
    assert exposure.expectation == "59 clean runs of POST /take"
    assert "45 more would exclude rates above 5 % (top-up: nothing is lacking any more)" in exposure.actual


def test_a_top_up_that_was_not_run_is_a_hole():
    exposure, verdict = found()
    assert exposure.actual.endswith("(top-up: it did not run)")
    outcomes = {(item.stage, item.rule): item.outcome for item in verdict.findings}
    assert outcomes["top_up", "coverage"] is Outcome.INCONCLUSIVE
    never = next(item for item in verdict.findings if item.stage == "never")
    assert "scheduled samples were missed" in never.actual


def test_left_out_its_runs_do_not_count():
    exposure, verdict = found(topped, left_out=("top_up",))
    assert exposure.actual.startswith("ran once")
    assert not [item for item in verdict.findings if item.stage == "top_up"]


def test_attempts_add_up():
    exposure, _ = found(
        lambda plan: topped(plan, done=4, interrupted=True),
        lambda plan: topped(plan, done=9, attempt=2),
    )
    assert exposure.actual.startswith("ran 14 times (1 ours, 13 by our top-up)")


def failure(name, **more):
    step = StepRecord(part="steps", index=["take", "see"].index(name), name=name, exchange=http(name, **more))
    return FailedRun(step=step, captured={})


BROKEN = failure("take", status=500, method="POST")


@pytest.mark.parametrize("bad", [BROKEN, failure("take", fault=REFUSED, method="POST")])
def test_one_bad_run_of_a_top_up_stays(bad):
    exposure, verdict = found(lambda plan: topped(plan, failures=(bad,)))
    assert exposure.outcome is Outcome.FAIL
    assert exposure.actual.startswith("1 of 15 runs (1 ours, 14 by our top-up) went wrong")
    assert exposure.evidence == "top_up.T+060.a1.json#/observations/0/failures/0/step/exchange"
    never = next(item for item in verdict.findings if item.stage == "never")
    assert (never.outcome is Outcome.FAIL) == (bad is BROKEN)


@pytest.mark.parametrize(
    ("operation", "bad", "outcome", "told"),
    [
        ("e2e/cycle", None, "pass", "ran 14 times (1 ours, 13 by our top-up)"),
        ("e2e/cycle", failure("see", body={"by": 8}), "fail", "1 of 15 runs (1 ours, 14 by our top-up)"),
        ("e2e/cycle/take", failure("see", body={"by": 8}), "pass", "ran 14 times"),
        ("e2e/cycle/see", failure("see", body={"by": 8}), "fail", "1 of 15 runs"),
        ("e2e/cycle/see", failure("see", body={"by": 7}), "pass", "ran 14 times"),
    ],
)
def test_a_failed_run_is_judged_by_the_plan_and_not_by_who_ran_it(operation, bad, outcome, told):
    plan = plan_of(PLAN % (operation, "20%"))
    steps = [
        StepRecord(part="steps", index=i, name=name, exchange=http(name, {"by": 7}))
        for i, name in enumerate(("take", "see"))
    ]
    from deploy_verdict.model import TestObservation  # pytest would collect it

    suite = TestObservation(check="cycle", offset_s=0.0, at=T0, elapsed_ms=1, steps=steps)
    files = [loaded(plan, "e2e", [suite]), topped(plan, failures=(bad,) if bad else ())]
    verdict = judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")
    exposure = next(item for item in verdict.findings if item.stage == "exposure")
    assert exposure.outcome == outcome
    assert exposure.actual.startswith(told)


def test_what_it_left_behind_is_told():
    left = Unrestored(request="curl", reason="it was refused")
    exposure, _ = found(lambda plan: topped(plan, unrestored=(left,)))
    assert exposure.outcome is Outcome.INCONCLUSIVE
    assert "left its test entity unrestored: it was refused" in exposure.actual


def test_a_run_that_went_wrong_beside_the_operation_is_not_lost():
    """POST /take was done each time; what GET /seen then answered, no other finding looks at."""
    bad = failure("see", body={"by": 8})
    exposure, verdict = found(lambda plan: topped(plan, failures=(bad,)))
    assert exposure.outcome is Outcome.PASS
    beside = next(item for item in verdict.findings if item.rule == "top_up")
    assert (beside.outcome, beside.severity) == (Outcome.FAIL, "P1")
    assert beside.actual.startswith("1 failed, the first: step 2 'see': $.by = 7 — 8")
    assert beside.evidence == "top_up.T+060.a1.json#/observations/0/failures/0"


CHECKED = """
window: {length: 1h, sample_every: 1h}
health: [{name: api, get: /api, expect: {status: 200, $.ok: true}}]
exposure: [{name: read, operation: GET /api, at_least: 5, top_up: {of: health/api}}]
"""


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [({"body": {"ok": False}}, "critical"), ({"fault": OUR_DNS}, "inconclusive")],
)
def test_a_checks_answer_that_is_not_as_it_should_be_is_no_clean_run(bad, outcome):
    """Its status is 200, but so a run of the top-up ended, and the check was good at T+0."""
    plan = plan_of(CHECKED)
    step = StepRecord(part="steps", index=0, name="api", exchange=http("api", **bad))
    failed = tuple(FailedRun(step=step) for _ in range(10))
    more = topped(plan, check="read", of="health/api", tallies=(), done=0, failures=failed)
    files = [loaded(plan, "health", [http("api", {"ok": True})]), more]
    verdict = judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")
    assert verdict.outcome == outcome
    exposure = next(item for item in verdict.findings if item.rule == "runs")
    assert exposure.actual.startswith("ran once without")


def test_an_error_that_a_step_accepts_is_an_error_of_the_operation():
    """It is counted among the good answers of a drive, and not kept."""
    exposure, _ = found(lambda plan: topped(plan, tallies=(tally("take", "POST", **{"200": 6, "503": 3}),)))
    assert exposure.outcome is Outcome.FAIL
    assert exposure.actual.startswith("3 of 10 runs (1 ours, 9 by our top-up) went wrong")


@pytest.mark.parametrize(
    ("done", "name", "outcome"),
    [(0, "T1 of ZZ(7)", "inconclusive"), (1, "T1 of ZZ(7)", "fail"), (0, "T1 of AB(1)", "fail")],
)
def test_another_window_of_ours_may_hold_the_entity_before_the_first_run_only(done, name, outcome):
    plan = plan_of("""
window: {length: 1h, sample_every: 1h}
test_data: {may_write: {spool: [T1]}}
e2e: {at: [0m], held_by: [worker], tests: [{name: cycle, steps: [
  {name: take, post: /take, json: {spool: T1, worker: ZZ(7)}, expect: {status: 200}}]}]}
exposure: [{name: took, operation: e2e/cycle, at_least: 1, top_up: {of: e2e/cycle}}]
""")
    held = failure("take", method="POST", status=409, body={"detail": name})
    more = topped(plan, check="took", done=done, failures=(held,))
    verdict = judge(bundle_of(plan, more), judged_at=T0, tool_version="0.1.0")
    assert next(item for item in verdict.findings if item.rule == "runs").outcome == outcome
