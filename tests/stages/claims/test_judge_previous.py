"""The deployment before: one answer of it is STALE for good; that it gave none must have been read."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.finding import passed, unknown
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Instance,
    Outcome,
    PreviousTrafficObservation,
    Severity,
)
from deploy_verdict.stages.claims.judge import judge_claims
from tests.bundles import REFUSED, SUBJECT, T0, loaded, window_of
from tests.plans import plan_of

PLAN = "window: {length: 30m, sample_every: 15m}\nrailway: {}\ntraffic: {}\n"
START, END = T0 + timedelta(minutes=3), T0 + timedelta(minutes=30)
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
CANARY = passed("ours").as_finding("traffic", "log", "canary", "x")
NO_CANARY = unknown("gaps").as_finding("traffic", "log", "canary", "x")


def seen(**more):
    fields = {"deployment": "d-before", "commit": "0badbad", "start": START, "end": END, "last_at": T0}
    return PreviousTrafficObservation(**{**fields, **more})


def judged(*observations, others=(), plan=PLAN, offsets_s=None, left_out=()):
    plan = plan_of(plan)
    at = offsets_s or [1800.0] * len(observations)
    files = [
        loaded(plan, "traffic", [item], offset_s, attempt=number)
        for number, (item, offset_s) in enumerate(zip(observations, at, strict=True), 1)
    ]
    bundle = bundled(plan, window_of(plan), SUBJECT, files, left_out=left_out)
    return list(judge_claims(bundle, others))


@pytest.mark.parametrize(
    ("changes", "others", "outcome", "words"),
    [
        (
            {},
            (),
            PASS,
            "answered nobody since 12:03:00 UTC; the last request in its log: 2026-02-02 12:00:00",
        ),
        ({"answered": 1}, (CANARY,), FAIL, "replaced, answered 1 requests since 12:03:00 UTC, the last at"),
        ({"answered": 5000, "is_cut": True, "own_answered": 7}, (), FAIL, "at least 5,000 requests since"),
        # An answer is one, whatever could not be read beside it.
        ({"answered": 1, "fault": REFUSED, "end": START}, (), FAIL, "which this one replaced, answered 1 "),
        ({"fault": REFUSED}, (CANARY,), OPEN, "traffic.previous: false"),
        ({"end": END - timedelta(seconds=2)}, (CANARY,), OPEN, "read until 12:29:58 UTC only"),
        ({"end": END - timedelta(seconds=1)}, (), PASS, "answered nobody"),
        ({"start": END, "end": END}, (), OPEN, "may answer for 30 min by the service's settings"),
        (
            {"last_at": None},
            (CANARY,),
            PASS,
            "an empty HTTP log, and our own requests are in that of the new",
        ),
        ({"last_at": None}, (NO_CANARY,), OPEN, "nothing shows that all requests reach the new one"),
        ({"last_at": None}, (), OPEN, "leave it out with traffic.previous: false"),
        ({"deployment": None, "last_at": None}, (), PASS, "the platform lists no earlier deployment"),
    ],
)
def test_what_a_reading_shows(changes, others, outcome, words):
    (finding,) = judged(seen(**changes), others=others)
    assert (finding.check, finding.rule, finding.outcome) == ("previous", "silent", outcome)
    assert words in finding.actual
    assert finding.severity == (Severity.P1 if outcome is FAIL else None)
    assert finding.evidence == "traffic.T+030.a1.json#/observations/0"


def test_an_answer_in_an_earlier_reading_stays():
    early = seen(answered=3, end=T0 + timedelta(minutes=15))
    (finding,) = judged(early, seen(), offsets_s=[900.0, 1800.0])
    assert (finding.outcome, finding.evidence) == (FAIL, "traffic.T+015.a1.json#/observations/0")


def test_a_reading_during_the_window_says_nothing_of_its_end():
    (finding,) = judged(seen(end=T0 + timedelta(minutes=15)), offsets_s=[900.0])
    assert finding.outcome is OPEN


def test_what_was_not_read_is_open_and_what_is_not_asked_is_not_judged():
    (finding,) = judged()
    assert (finding.outcome, "was not read" in finding.actual) == (OPEN, True)
    assert judged(plan=PLAN.replace("traffic: {}", "traffic: {previous: false}")) == []
    assert judged(left_out=["traffic"]) == []
    assert judged(left_out=["deployment"]) == []


@pytest.mark.parametrize(
    ("status", "findings"), [("SUCCESS", 1), ("SLEEPING", 1), ("FAILED", 0), ("SKIPPED", 0)]
)
def test_a_deployment_that_replaced_nothing_leaves_the_one_before_to_serve(status, findings):
    plan = plan_of(PLAN)
    running = (Instance(id="i", status="RUNNING"),)
    deployed = Deployment(id="d1", status=status, commit="f0ec7b5", stopped=False, instances=running)
    sample = DeploymentObservation(offset_s=0.0, at=T0, deployment=deployed, active=(deployed,))
    files = [loaded(plan, "deployment", [sample]), loaded(plan, "traffic", [seen(answered=9)], 1800.0)]
    bundle = bundled(plan, window_of(plan), SUBJECT, files, left_out=[])
    assert len(list(judge_claims(bundle, ()))) == findings
