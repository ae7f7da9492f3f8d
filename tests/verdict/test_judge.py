"""The verdict: worst wins, missing is never green, and nothing of another run is believed."""

import pytest

from deploy_verdict.model import Finding, Layout, Outcome, Unreadable, VerdictOutcome
from deploy_verdict.plan import laid_out
from deploy_verdict.verdict.judge import judge, outcome_of
from tests.bundles import OUR_DNS, REFUSED, SUBJECT, T0, bundle_of, burst, http, loaded
from tests.plans import plan_of

PLAN = plan_of(
    """
test_data: {may_write: {id: [T]}}
health:
  - {name: api, get: /api, at: [0m],
     expect: {status: 200, $.status: {equals: healthy, else: it is ill, severity: P2}}}
  - {name: act, post: /act, json: {id: T}, accept: [{status: 200, $.message: {type: string}},
     {status: 409, because: taken}]}
never:
  - {name: server errors, status: 500..599}
  - {name: old model, text: "no attribute 'x'", severity: P0, because: the fix is not deployed}
  - {name: alarm, of: api, $.alarm: HIGH, severity: P2}
response_times: {limit: 2s, of: {API: api}}
criteria:
  - {name: Health, target: healthy, findings: [health/api/$.status], actual: health/api/$.status}
"""
)
GOOD = {"status": "healthy", "alarm": None}


def verdict_of(*observations, plan=PLAN, files=(), **more):
    evidence = [loaded(plan, "health", observations)] if observations else []
    return judge(bundle_of(plan, *evidence, *files, **more), judged_at=T0, tool_version="0.1.0")


def found(verdict, check, rule):
    return next(item for item in verdict.findings if (item.check, item.rule) == (check, rule))


def act(status=200, body=None):
    return http("act", body if body is not None else {"message": "done"}, status, method="POST")


def test_all_well_is_stable():
    verdict = verdict_of(http("api", GOOD), act())
    assert verdict.outcome is VerdictOutcome.STABLE
    assert [row.outcome for row in verdict.criteria] == [Outcome.PASS]
    assert verdict.criteria[0].actual == "healthy"


def test_no_evidence_at_all_is_inconclusive():
    verdict = verdict_of()
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert all(item.outcome is Outcome.INCONCLUSIVE for item in verdict.findings)
    assert found(verdict, "api", "status").actual == "not checked at T+0min"
    assert verdict.criteria[0].outcome is Outcome.INCONCLUSIVE
    assert verdict.criteria[0].actual == "not measured"


def test_no_findings_are_inconclusive():
    assert outcome_of([]) is VerdictOutcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [
        ([("pass", None)], "stable"),
        ([("pass", None), ("inconclusive", None)], "inconclusive"),
        ([("inconclusive", None), ("fail", "P2")], "attention"),
        ([("fail", "P2"), ("fail", "P1")], "critical"),
        ([("fail", "P0")], "critical"),
        ([("fail", None)], "critical"),
    ],
)
def test_worst_wins(outcomes, worst):
    words = {"stage": "s", "check": "c", "rule": "r", "expectation": "e", "expected": "", "actual": ""}
    findings = [Finding(outcome=outcome, severity=severity, **words) for outcome, severity in outcomes]
    assert outcome_of(findings) == worst


def test_a_check_that_was_not_asked_is_inconclusive():
    verdict = verdict_of(http("api", GOOD))
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert found(verdict, "act", "accept").outcome is Outcome.INCONCLUSIVE


def test_a_target_that_does_not_answer_fails_and_our_own_network_does_not():
    silent = {"status": None, "body": None}
    assert verdict_of(http("api", fault=REFUSED, **silent), act()).outcome is VerdictOutcome.CRITICAL
    assert verdict_of(http("api", fault=OUR_DNS, **silent), act()).outcome is VerdictOutcome.INCONCLUSIVE


def test_a_fail_has_the_plans_severity_and_reason():
    verdict = verdict_of(http("api", {"status": "ill", "alarm": None}), act())
    assert verdict.outcome is VerdictOutcome.ATTENTION
    item = found(verdict, "api", "$.status")
    assert (item.severity, item.because, item.actual) == ("P2", "it is ill", '"ill"')
    assert item.evidence == "health.T+000.a1.json#/observations/0"
    assert verdict.criteria[0].outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("status", "body", "outcome", "told"),
    [
        (200, {"message": "ok"}, "pass", 'status 200, $.message "ok"'),
        (409, {"detail": "taken"}, "pass", "status 409 (taken)"),
        (404, {}, "fail", "none of them: status is 404, wanted = 200; status is 404, wanted = 409"),
        (200, {}, "inconclusive", "$.message: the answer has no message (it is empty)"),
        (200, {"message": 5}, "fail", "$.message is 5, wanted is of type string"),
        (200, "<html>", "inconclusive", "the answer is HTML, not JSON"),
    ],
)
def test_accept_takes_whole_alternatives(status, body, outcome, told):
    item = found(verdict_of(http("api", GOOD), act(status, body)), "act", "accept")
    assert item.outcome == outcome
    assert told in item.actual


def test_never_rules_look_at_every_answer():
    verdict = verdict_of(http("api", GOOD), act(500, {"detail": "object has no attribute 'x'"}))
    errors = found(verdict, "server errors", "count")
    assert (errors.outcome, errors.severity) == ("fail", "P1")
    assert errors.actual.startswith(
        "1 of 2 answers, first POST http://service.test/act at T+0min: status 500"
    )
    old = found(verdict, "old model", "count")
    assert (old.severity, old.because) == ("P0", "the fix is not deployed")
    assert old.evidence == "health.T+000.a1.json#/observations/1"


def test_a_never_rule_without_any_answer_is_inconclusive():
    silent = http("api", fault=REFUSED, status=None)
    item = found(verdict_of(silent), "server errors", "count")
    assert (item.outcome, item.actual) == ("inconclusive", "no answer to check")


def test_a_never_rule_that_cannot_read_its_field_is_inconclusive():
    item = found(verdict_of(http("api", {"status": "healthy"}), act()), "alarm", "count")
    assert item.outcome is Outcome.INCONCLUSIVE
    assert "1 of 1 answers could not be checked: the answer has no alarm" in item.actual


GAUGE = plan_of(
    """
window: {length: 2h, sample_every: 1h}
health: [{name: api, get: /stats, expect: {status: 200}}]
pools: [{name: p, get: /stats, used: $.used, limit: $.limit}]
never: [{name: high, of: api, $.used: "> 16"}, {name: size, of: api, $.limit: {not_equals: 20}}]
"""
)


@pytest.mark.parametrize(
    ("values", "high", "size"),
    [
        ([3] * 28 + [17] * 2, "inconclusive", "pass"),
        ([3] * 27 + [17] * 3, "fail", "pass"),
        ([3] * 29 + ['{"used": 3, "limit": 100}'], "pass", "fail"),
    ],
    ids=["by chance", "a tenth", "another size"],
)
def test_single_readings_of_a_pool_leave_a_rule_open_unless_it_names_a_value(values, high, size):
    bursts = [burst("p", [3, 4] * 15, offset_s) for offset_s in (0.0, 3600.0)] + [burst("p", values, 7200.0)]
    url = "http://service.test/stats"
    answers = [http("api", {"used": 3, "limit": 20}, 200, item.offset_s, url=url) for item in bursts]
    files = [
        loaded(GAUGE, stage, [item], item.offset_s)
        for stage, items in (("pools", bursts), ("health", answers))
        for item in items
    ]
    verdict = verdict_of(plan=GAUGE, files=files)
    rulings = {item.check: item for item in verdict.findings if item.stage == "never"}
    assert {name: item.outcome for name, item in rulings.items()} == {"high": high, "size": size}
    assert ("single readings" in rulings["high"].actual) == (high == "inconclusive")


def test_a_pools_remedy_is_of_what_rests_on_the_sample_that_could_not_be_read():
    bursts = [burst("p", [3, 4] * 15, offset_s) for offset_s in (0.0, 3600.0, 7200.0)]
    bursts[0] = burst("p", [3] * 29 + [20])
    limited = tuple(item.model_copy(update={"status": 429, "body": ""}) for item in bursts[1].readings)
    bursts[1] = bursts[1].model_copy(update={"readings": limited})
    files = [loaded(GAUGE, "pools", [item], item.offset_s) for item in bursts]
    findings = verdict_of(plan=GAUGE, files=files).findings
    remedies = {
        item.rule: item.remedy or "" for item in findings if item.stage == "pools" and item.check == "p"
    }
    assert (
        remedies["samples"] == "Raise the rate limit of p for this tool, or sample it less often in the plan"
    )
    # A single full reading is open for itself.
    full = next(item for item in findings if (item.check, item.rule) == ("p", "exhaustion"))
    assert (full.outcome, full.remedy) == ("inconclusive", None), full.actual


def test_a_never_rule_does_not_search_what_was_cut():
    cut = http("api", '{"status"', body_truncated=True)
    assert found(verdict_of(cut, act()), "old model", "count").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("elapsed_ms", "outcome"), [(1999.0, "pass"), (2000.0, "fail")])
def test_response_times_on_both_sides(elapsed_ms, outcome):
    item = found(verdict_of(http("api", GOOD, elapsed_ms=elapsed_ms), act()), "API", "limit")
    assert item.outcome == outcome


def test_response_times_without_an_answer_are_inconclusive():
    assert found(verdict_of(act()), "API", "limit").outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plan_sha256": "0" * 64}, "another version of the plan"),
        ({"plan_name": "other"}, "another plan (other)"),
        ({"subject": SUBJECT.model_copy(update={"commit": "abc"})}, "another commit (abc)"),
        ({"subject": SUBJECT.model_copy(update={"target": "http://other.test"})}, "another target"),
    ],
)
def test_evidence_of_something_else_is_not_believed(change, reason):
    foreign = loaded(PLAN, "health", [http("api", GOOD), act()], **change)
    verdict = verdict_of(files=[foreign])
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert reason in found(verdict, "health.T+000.a1.json", "readable").actual
    assert found(verdict, "api", "status").outcome is Outcome.INCONCLUSIVE


def test_evidence_of_another_version_is_taken_when_the_plan_was_corrected():
    older = loaded(PLAN, "health", [http("api", GOOD), act()], plan_sha256="0" * 64)
    assert verdict_of(files=[older], corrected_plan=True).outcome is VerdictOutcome.STABLE


def test_an_unreadable_file_is_inconclusive_with_its_reason():
    broken = Unreadable(name="health.T+000.a2.json", reason="it is not complete JSON")
    verdict = verdict_of(http("api", GOOD), act(), files=[broken])
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE
    assert found(verdict, "health.T+000.a2.json", "readable").actual == "it is not complete JSON"


def test_a_stage_that_was_left_out_is_told_and_not_judged():
    plan = plan_of("health: [{name: api, get: /a, at: [0m], expect: {status: 200}}]\nrailway: {}\n")
    without = verdict_of(http("api", GOOD), plan=plan, left_out=("deployment",))
    assert without.outcome is VerdictOutcome.STABLE
    assert "The operator left out the stage deployment; this verdict says nothing about it." in without.limits
    asked = verdict_of(http("api", GOOD), plan=plan)
    assert asked.outcome is VerdictOutcome.INCONCLUSIVE
    assert found(asked, "deployment", "coverage").actual.startswith("0 of 9 taken: T+0min missing")


def test_a_check_that_fails_at_a_tail_is_no_stable():
    """Hours after the window's end it is asked again, and the answer counts."""
    text = (
        "window: {length: 1h, sample_every: 1h}\n"
        "health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]\n"
    )
    plan = laid_out(plan_of(text), Layout(length_s=3600, every_s=3600, tails_s=(21600.0,)))
    first = loaded(plan, "health", [http("api")])
    outcomes = []
    for status in (200, 503):
        tail = loaded(plan, "health", [http("api", status=status, offset_s=21600.0)], 21600.0)
        outcomes.append(judge(bundle_of(plan, first, tail), judged_at=T0, tool_version="0.1.0").outcome)
    assert outcomes == [VerdictOutcome.STABLE, VerdictOutcome.CRITICAL]
    empty = loaded(plan, "health", [], 21600.0)
    verdict = judge(bundle_of(plan, first, empty), judged_at=T0, tool_version="0.1.0")
    assert verdict.outcome is VerdictOutcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("body", "cut", "outcome"),
    [('{"a": 1, "b', True, "inconclusive"), ('{"a": 1}', False, "pass"), ('{"error": 1}', False, "fail")],
)
def test_a_field_may_stand_in_what_was_cut_off(body, cut, outcome):
    """A rule for all checks passes over answers without its field, and not over those it cannot read."""
    plan = plan_of(
        "health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]\n"
        "never: [{$.error: {present: true}}]\n"
    )
    verdict = verdict_of(http("api", body, body_truncated=cut), plan=plan)
    assert next(item for item in verdict.findings if item.stage == "never").outcome == outcome
