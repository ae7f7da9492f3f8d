"""Is this the code? Old answers are STALE, whatever the platform says; what cannot be read is no answer."""

from datetime import timedelta

import pytest

from deploy_verdict.evidence.processes.older_code import older_code_until
from deploy_verdict.model import (
    AwaitedAnswer,
    AwaitedObservation,
    Deployment,
    DeploymentObservation,
    Exchange,
    FingerprintAttempt,
    FingerprintObservation,
    Instance,
    Outcome,
    Severity,
)
from deploy_verdict.stages.claims.judge import judge_claims
from tests.bundles import REFUSED, T0, bundle_of, http, loaded
from tests.plans import plan_of

PLAN = """\
claims: [{commit: f0ec7b5, title: Fix, openapi: {has: Request.operacion}, shown_by: health/api}]
health: [{name: api, get: /a, expect: {status: 200}}]
"""
NEW, OLD = {"fields": ("tag", "operacion")}, {"fields": ("tag",)}
HTML = {"lacking": "the answer is HTML, not JSON"}


def fingerprint(*attempts, sought="Request.operacion"):
    taken = tuple(
        FingerprintAttempt(offset_s=10 * n, status=200, **fields) for n, fields in enumerate(attempts)
    )
    return FingerprintObservation(
        check="f0ec7b5",
        offset_s=0,
        at=T0,
        url="u",
        sought=sought,
        waited_s=10 * (len(taken) - 1),
        attempts=taken,
    )


def judged(*observations, text=PLAN, others=(), more=()):
    plan = plan_of(text)
    (finding,) = judge_claims(bundle_of(plan, loaded(plan, "health", observations), *more), others)
    return finding


def test_new_code_is_shown():
    finding = judged(fingerprint(NEW))
    assert (finding.outcome, finding.actual) == (Outcome.PASS, "Request.operacion is in /openapi.json")


def test_new_code_after_old_is_shown_with_how_long_it_took():
    told = judged(fingerprint(OLD, HTML, NEW, NEW, NEW)).actual
    assert told.endswith("after 40 s; the answers before: 1 of older code, 1 without the document")


@pytest.mark.parametrize(
    ("answers", "until_s"),
    [((NEW, NEW), None), ((OLD, HTML, NEW), 10), ((OLD, NEW, OLD, NEW), 30), ((NEW, OLD), None)],
)
def test_older_code_answered_until_the_last_answer_that_was_its_own(answers, until_s):
    """What it answered is in no log of this deployment."""
    plan = plan_of(PLAN)
    until = older_code_until(bundle_of(plan, loaded(plan, "health", [fingerprint(*answers)])))
    assert until == (None if until_s is None else T0 + timedelta(seconds=until_s))


@pytest.mark.parametrize("answers", [(OLD, NEW), (NEW, OLD, NEW), (OLD, NEW, NEW), (OLD, HTML, NEW)])
def test_older_code_among_the_last_answers_is_not_gone(answers):
    finding = judged(fingerprint(*answers))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.actual.endswith("instances of older and newer code answer in turns")


@pytest.mark.parametrize("answers", [(NEW,), (NEW, NEW, NEW), (HTML, NEW, NEW), (OLD, NEW, NEW, NEW)])
def test_new_code_three_times_in_a_row_is_shown(answers):
    assert judged(fingerprint(*answers)).outcome is Outcome.PASS


def test_old_code_at_the_end_of_the_wait_is_critical():
    finding = judged(fingerprint(OLD, OLD))
    assert (finding.outcome, finding.severity) == (Outcome.FAIL, Severity.P1)
    assert finding.actual == (
        "the answers are those of code older than f0ec7b5: /openapi.json has no Request.operacion "
        "(it has: tag), in 2 tries in 10 s"
    )


def test_a_document_without_the_schema_is_older_code():
    finding = judged(fingerprint({"lacking": "it has no schema Request", "absent": True}))
    assert (finding.outcome, "/openapi.json has no schema Request" in finding.actual) == (Outcome.FAIL, True)


@pytest.mark.parametrize("attempt", [HTML, {"fault": REFUSED}, {"lacking": "the answer is null"}, {}])
def test_what_cannot_be_read_is_inconclusive(attempt):
    assert judged(fingerprint(attempt)).outcome is Outcome.INCONCLUSIVE


def test_what_was_not_asked_is_inconclusive():
    assert judged().actual == "no request was sent to /openapi.json"
    assert judged(fingerprint()).outcome is Outcome.INCONCLUSIVE
    assert judged(fingerprint(NEW, sought="Request.other")).outcome is Outcome.INCONCLUSIVE


def test_its_check_shows_it_where_the_document_cannot_be_read():
    passing = judged(fingerprint(NEW)).model_copy(update={"stage": "health", "check": "api"})
    assert judged(fingerprint(HTML), others=[passing]).outcome is Outcome.PASS
    assert judged(fingerprint(OLD), others=[passing]).outcome is Outcome.FAIL


@pytest.mark.parametrize("answers", [(OLD, NEW, NEW), (NEW, OLD, NEW), (OLD, OLD, HTML)])
def test_its_check_does_not_show_that_older_code_is_gone(answers):
    """One answer of a check comes from one instance; the one before it may still answer others."""
    passing = judged(fingerprint(NEW)).model_copy(update={"stage": "health", "check": "api"})
    assert judged(fingerprint(*answers), others=[passing]).outcome is Outcome.INCONCLUSIVE
    assert judged(fingerprint(OLD, *[HTML] * 3), others=[passing]).outcome is Outcome.PASS


def test_stale_names_the_contradiction_where_the_platform_calls_it_live():
    text = PLAN + "railway: {}\n"
    running = (Instance(id="i", status="RUNNING"),)
    live = Deployment(id="d1", status="SUCCESS", commit="f0ec7b5aaaa", stopped=False, instances=running)
    seen = DeploymentObservation(offset_s=0, at=T0, deployment=live, active=(live,))
    look = loaded(plan_of(text), "deployment", [seen])
    told = "the platform says that f0ec7b5a is deployed, but the answers are those of older code: STALE"
    assert judged(fingerprint(OLD), text=text, more=[look]).actual.startswith(told)


BY_CHECK = """\
claims: [{commit: ac0502b, title: Pool, shown_by: health/pool}]
health: [{name: pool, get: /pool, expect: {status: 200, $.size: 20}}]
"""


def awaited(*bodies):
    given = [http("pool", body).model_dump(exclude={"kind", "check", "offset_s"}) for body in bodies]
    answers = tuple(AwaitedAnswer(offset_s=10 * n, exchange=Exchange(**one)) for n, one in enumerate(given))
    waited_s = 10 * max(0, len(bodies) - 1)
    return AwaitedObservation(check="pool", offset_s=0, at=T0, waited_s=waited_s, answers=answers)


def test_a_check_that_held_late_says_how_long_it_took():
    finding = judged(awaited('{"size": 10}', '{"size": 20}'), text=BY_CHECK)
    assert (finding.outcome, finding.check, finding.rule) == (Outcome.PASS, "ac0502b", "fresh")
    assert finding.actual.startswith("health/pool held after 10 s, at try 2; the one before: ")
    assert "10" in finding.actual.partition("before: ")[2]


@pytest.mark.parametrize("body", ['{"size": 10}', '{"size": null}', "{}", "<html>", "", '{"size": "20"}'])
def test_a_check_that_never_held_is_inconclusive(body):
    finding = judged(awaited(body, body), text=BY_CHECK)
    assert (finding.outcome, "never held in 2 tries in 10 s" in finding.actual) == (
        Outcome.INCONCLUSIVE, True,
    )  # fmt: skip


def test_a_check_that_was_not_asked_at_all_is_inconclusive():
    assert judged(awaited(), text=BY_CHECK).outcome is Outcome.INCONCLUSIVE


def test_a_check_that_held_at_once_needs_no_words():
    plan = plan_of(BY_CHECK)
    seen = loaded(plan, "health", [awaited('{"size": 20}')])
    assert list(judge_claims(bundle_of(plan, seen), [])) == []
