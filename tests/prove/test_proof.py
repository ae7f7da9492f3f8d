"""The proof: what passes in the incident, what nothing turns red, what stays green without its field."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.plan import Answer
from deploy_verdict.prove import Proof, RecordedIncident
from tests.prove.plans import PLAN, answers, healthy, incident, proofs

LIMIT = "api: $.busy < 15"


def weakened(old, new):
    assert old in PLAN
    return PLAN.replace(old, new)


def test_a_plan_that_can_fail_is_proven_row_by_row():
    rows = proofs()
    assert all(row.is_proven for row in rows.values()), [row for row in rows.values() if not row.is_proven]
    assert rows[LIMIT].proof is Proof.INCIDENT
    assert rows["the verdict on crisis"].why == "CRITICAL ISSUES in crisis"


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(min_value=21, max_value=10**6), busy=st.integers(min_value=4, max_value=20))
def test_a_limit_above_what_the_incident_reached_cannot_fail(limit, busy):
    rows = proofs(weakened('"< 15"', f'"< {limit}"'), bad=incident(busy=busy))
    row = rows[f"api: $.busy < {limit}"]
    assert row.proof is Proof.CANNOT_FAIL
    assert f"$.busy was {busy} (healthy: 3)" in row.why


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(min_value=4, max_value=20))
def test_a_limit_between_healthy_and_incident_is_proven(limit):
    assert proofs(weakened('"< 15"', f'"< {limit}"'))[f"api: $.busy < {limit}"].proof is Proof.INCIDENT


def test_a_text_that_the_bad_answer_holds_too_cannot_fail():
    """ "unhealthy" contains "healthy"."""
    row = proofs(weakened("$.state: healthy", "$.state: {contains: healthy}"))[
        'api: $.state contains "healthy"'
    ]
    assert row.proof is Proof.CANNOT_FAIL


def test_what_the_incident_left_alone_needs_only_be_spoilt():
    row = proofs()["api: status = 200"]
    assert (row.proof, row.why) == (Proof.MUTANT, "passes in the incident, fails with api: status 201")


def test_a_value_within_the_healthy_range_is_not_the_incident():
    """Readings differ from one to the next: that alone accuses no limit."""
    good = healthy() | {"api": answers(*({"state": "healthy", "busy": n, "items": [1]} for n in (2, 6)))}
    assert proofs(good=good, bad=incident(busy=5))[LIMIT].proof is Proof.MUTANT


def test_without_an_incident_answer_a_row_is_told_apart():
    row = proofs(bad=RecordedIncident(name="crisis", answers={"db": answers({"busy": 20, "size": 20})}))[
        LIMIT
    ]
    assert (row.proof, row.is_proven) == (Proof.NOT_RECORDED, True)


def test_without_a_healthy_answer_nothing_is_proven():
    row = proofs(good={"db": healthy()["db"]})[LIMIT]
    assert (row.proof, row.is_proven) == (Proof.UNKNOWN, False)


def test_what_stays_green_without_its_value_is_named():
    row = proofs(weakened("$.items: {type: array, length: 1}", "$.items: {present: true}"))[
        "api: $.items is there"
    ]
    assert (row.proof, row.why) == (Proof.STAYS_GREEN, "it is green with api: $.items null")


def test_an_answer_without_spaces_is_no_other_answer():
    """What is written anew as it was must not pass for an answer without its value."""
    text = json.dumps({"state": "healthy", "busy": 3, "items": [1]}, separators=(",", ":"))
    good = healthy() | {"api": (Answer(status=200, body=text),)}
    assert proofs(good=good)[LIMIT].is_proven


def test_null_is_no_weakness_where_null_is_what_is_wanted():
    text = weakened("$.items: {type: array, length: 1}", "$.alert: null")
    rows = proofs(text, good=healthy(alert=None) | {"db": healthy()["db"]}, bad=incident(alert="FULL"))
    assert rows["api: $.alert = null"].proof is Proof.INCIDENT


def test_a_line_that_fails_on_the_healthy_answer_is_named():
    row = proofs(weakened('"< 15"', '"< 3"'))["api: $.busy < 3"]
    assert (row.proof, row.why) == (Proof.NOT_GREEN, "it fails on the healthy answers")


def test_a_pattern_that_the_incidents_log_does_not_hold_cannot_fail():
    rows = proofs(weakened("[Too many connections]", "[Too many conections]"))
    assert rows["must not appear: Too many conections"].proof is Proof.CANNOT_FAIL


def test_a_wanted_line_that_any_log_holds_cannot_fail():
    rows = proofs(weakened("{text: started, within: log}", "{regex: INFO}"))
    assert rows["must appear: INFO"].proof is Proof.CANNOT_FAIL
    assert proofs()["must appear: started"].proof is Proof.MUTANT


def test_without_logs_their_rows_are_not_proven():
    rows = proofs(healthy_log=None, incident_log=None)
    assert rows["must not appear: Too many connections"].proof is Proof.UNKNOWN


def test_a_quoted_text_that_no_incident_answer_holds_cannot_fail():
    text = weakened("never: [{status: 500..599}]", "never: [{name: fix, text: no atribute}]")
    assert proofs(text)["never: fix"].proof is Proof.CANNOT_FAIL


def test_a_never_limit_beyond_the_incident_cannot_fail():
    text = weakened("never: [{status: 500..599}]", 'never: [{name: full, of: api, $.busy: "> 25"}]')
    assert proofs(text)["never: full"].proof is Proof.CANNOT_FAIL
    assert proofs(text.replace("> 25", "> 18"))["never: full"].proof is Proof.INCIDENT


def test_a_never_rule_on_a_status_that_did_not_occur_is_spoilt():
    assert proofs()["never: status in 500..599"].proof is Proof.MUTANT


def test_an_alternative_that_takes_the_incidents_answer_cannot_fail():
    text = weakened("expect: {status: 200, ", "accept: [{status: 200}, {status: 400..599}]\n    expect: {")
    row = proofs(text, bad=RecordedIncident(name="crisis", answers={"api": answers({}, status=500)}))
    assert row["api: accepts status in 400..599"].proof is Proof.CANNOT_FAIL


@pytest.mark.parametrize("key", ["attention from 70 %", "critical from 80 %", "no growth over the window"])
def test_the_pools_limits_are_turned_red(key):
    row = proofs(incidents=())[f"db: {key}"]
    assert row.proof is Proof.NOT_RECORDED


def test_a_criterion_rests_on_what_can_fail():
    assert proofs()["criterion Pool"].proof is Proof.INCIDENT
    text = PLAN.replace("pools/db/band", "pools/db/stability").replace(
        "size}", "size, stays_within: {points: 90}}"
    )
    assert proofs(text)["criterion Pool"].proof is Proof.MUTANT


def test_an_incident_that_would_be_stable_is_named():
    same = RecordedIncident(name="crisis", answers=healthy())
    row = proofs(bad=same, incident_log=None)["the verdict on crisis"]
    assert (row.proof, row.is_proven) == (Proof.CANNOT_FAIL, False)


def test_a_step_is_proven_with_what_was_captured_before_it():
    text = """\
e2e:
  tests:
    - name: Trail
      steps:
        - {name: before, get: /trail, expect: {status: 200}, capture: {last: "$[-1:].at"}}
        - {name: after, get: /trail, expect: {"$[-1:].at": {not_equals: "{last}"}}}
"""
    before, after = answers([{"at": "1"}]), answers([{"at": "1"}, {"at": "2"}])
    good = {"e2e/Trail/before": before, "e2e/Trail/after": after}
    rows = proofs(text, good=good, incidents=(), healthy_log=None, incident_log=None)
    row = next(row for words, row in rows.items() if "not" in words)
    assert row.is_proven
    assert row.why == 'fails with e2e/Trail/after: $[-1:].at "1"'
    frozen = proofs(
        text, good={**good, "e2e/Trail/after": before}, incidents=(), healthy_log=None, incident_log=None
    )
    assert next(row for words, row in frozen.items() if "not" in words).proof is Proof.NOT_GREEN


RACE = """\
test_data: {may_write: {id: [1]}}
e2e:
  tests:
    - name: Race
      steps:
        - name: both
          together: {requests: [{post: /take, json: {id: 1}}], times: 2, answers: {200: 1, 409: rest}}
"""
RACE_ROW = "e2e/Race/both: answers 200: 1, 409: rest"


def test_a_race_is_proven_by_its_answers():
    one, other = answers({}), answers({}, status=409)
    both_got_it = RecordedIncident(name="broken lock", answers={"e2e/Race/both": one + one})
    right = {"e2e/Race/both": one + other}
    assert proofs(RACE, good=right, bad=both_got_it)[RACE_ROW].proof is Proof.INCIDENT
    assert proofs(RACE, good=right, incidents=())[RACE_ROW].proof is Proof.NOT_RECORDED
    assert proofs(RACE, good={}, incidents=())[RACE_ROW].proof is Proof.UNKNOWN


def test_a_race_before_each_test_is_proven_by_its_answers_too():
    text = RACE.replace("  tests:\n    - name: Race\n      steps:", "  before_each:") + (
        "  tests: [{name: Flow, steps: [{name: one, get: /api, expect: {status: 200}}]}]\n"
    )
    good = {"e2e/before_each/both": answers({}) + answers({}, status=409)}
    row = proofs(text, good=good, incidents=())["e2e/before_each/both: answers 200: 1, 409: rest"]
    assert (row.proof, row.why) == (Proof.NOT_RECORDED, "fails with e2e/before_each/both: all answered 200")


def test_a_pool_without_recorded_answers_is_not_proven():
    assert proofs(good={"api": healthy()["api"]})["db: attention from 70 %"].proof is Proof.UNKNOWN


def test_no_answer_at_all_is_an_answer_of_the_incident():
    row = proofs(bad=RecordedIncident(name="crisis", answers={"api": (Answer(fault="timeout"),)}))[LIMIT]
    assert row.proof is Proof.INCIDENT
