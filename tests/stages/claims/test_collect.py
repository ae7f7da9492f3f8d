"""Which code answers: asked until it is new or the time is up, and every attempt is kept."""

import json

import pytest

from deploy_verdict.base.clock import Pace, Stop
from deploy_verdict.model import Exchange, Fault, Whose
from deploy_verdict.stages.claims.collect import take_fingerprints
from deploy_verdict.stages.context import Context
from tests.clocks import TurnedClock
from tests.plans import plan_of

PLAN = """\
claims: [{commit: f0ec7b5, title: Fix, openapi: {has: Request.operacion}}]
health: [{name: api, get: /a, expect: {status: 200}}]
"""


def document(*fields):
    schema = {"properties": {name: {"type": "string"} for name in fields}}
    return json.dumps({"openapi": "3.1.0", "components": {"schemas": {"Request": schema}}})


OLD, NEW = document("tag"), document("tag", "operacion")


class Answering:
    """A probe whose answers stand in a list; each takes `takes_s`. The last one stays."""

    base_url = "http://service.test"
    max_body_bytes = 65536

    def __init__(self, clock, answers, takes_s):
        self.clock, self.answers, self.takes_s = clock, list(answers), takes_s

    def ask(self, method, path, *, headers):
        self.clock.sleep(self.takes_s)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        fields = {"at": self.clock.now(), "method": method, "url": path, "request_id": "r"}
        if isinstance(answer, Fault):
            return Exchange(**fields, fault=answer)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return Exchange(**fields, status=status, body=body, elapsed_ms=5)


def taken(*answers, plan=PLAN, takes_s=0.0):
    clock = TurnedClock()
    context = Context(
        plan=plan_of(plan), probe=Answering(clock, answers, takes_s), stop=Stop(), tell=lambda text: None,
        pace=Pace.starting(clock, clock.now(), 1.0), redact=lambda text: text,
    )  # fmt: skip
    return take_fingerprints(context, 0.0, context.plan.fresh_within_s)


def test_new_code_is_asked_three_times_at_once():
    (seen,) = taken(NEW)
    assert (len(seen.attempts), seen.waited_s, seen.attempts[0].fields) == (3, 0, ("tag", "operacion"))


def test_instances_that_answer_in_turns_are_asked_until_the_time_is_up():
    (seen,) = taken(*[NEW, OLD] * 30)
    told = [attempt.fields == ("tag", "operacion") for attempt in seen.attempts]
    assert told == [True, False] * 19
    assert seen.waited_s == 180


def test_the_newest_code_counts_from_the_last_older_answer():
    (seen,) = taken(NEW, NEW, OLD, NEW)
    assert [attempt.offset_s for attempt in seen.attempts] == [0, 0, 0, 10, 10, 10]


def test_old_code_is_asked_again_until_it_is_new():
    (seen,) = taken(OLD, OLD, NEW)
    assert [attempt.offset_s for attempt in seen.attempts] == [0, 10, 20, 20, 20]
    assert [len(attempt.fields) for attempt in seen.attempts] == [1, 1, 2, 2, 2]
    assert seen.waited_s == 20


def test_old_code_is_asked_until_the_time_is_up():
    (seen,) = taken(OLD)
    assert (len(seen.attempts), seen.waited_s) == (19, 180)


@pytest.mark.parametrize(
    ("within", "every", "wait_s"), [("0s", "15m", 0), ("1m", "15m", 60), ("3m", "5m", 120)]
)
def test_the_wait_is_the_plans_and_leaves_the_first_sample_in_time(within, every, wait_s):
    head = f'version: 1\nname: x\nservice: {{base_url: "http://service.test", fresh_within: {within}}}\n'
    plan = plan_of(PLAN + f"window: {{length: 1h, sample_every: {every}}}\n", head=head)
    assert plan.fresh_within_s == wait_s


def test_the_last_attempt_is_made_when_the_time_is_up_however_slow_the_first_was():
    (seen,) = taken(OLD, NEW, takes_s=170)
    assert [attempt.offset_s for attempt in seen.attempts] == [0, 170, 340, 510]


@pytest.mark.parametrize(
    ("answer", "lacking"),
    [
        ("<html>", "the answer is HTML, not JSON: '<html>'"),
        ("null", "the answer is null, not an OpenAPI document"),
        ("{}", "the answer is no OpenAPI document with schemas"),
        ("", "the answer has no body"),
        ((404, '{"detail": "Not Found"}'), "the answer's status is 404"),
        (Fault(kind="refused", whose=Whose.TARGET, detail="x"), "no answer"),
    ],
)
def test_what_is_no_document_is_kept_as_the_reason(answer, lacking):
    (seen,) = taken(answer)
    last = seen.attempts[-1]
    assert (last.fields, last.lacking, last.absent) == (None, lacking, False)


def test_a_document_without_the_schema_is_told_apart():
    (seen,) = taken(document().replace("Request", "Other"))
    assert (seen.attempts[-1].absent, seen.attempts[-1].lacking) == (True, "it has no schema Request")


def test_claims_share_one_wait():
    two = PLAN.replace("}}]", "}}, {commit: ac0502b, title: Pool, openapi: {has: Request.size}}]", 1)
    first, second = taken(OLD, plan=two)
    assert (len(first.attempts), len(second.attempts)) == (19, 1)
