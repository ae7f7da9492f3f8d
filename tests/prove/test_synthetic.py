"""What nobody can record is made up: each section is red when one thing is wrong, and never green blind."""

import pytest

from deploy_verdict.prove import Proof, unrecordable_stages
from tests.plans import plan_of
from tests.prove.plans import PLAN, proofs

RAILWAY = "railway: {project: p, service: s}\n"
E2E = """\
e2e: {tests: [{name: flow, steps: [
  {name: one, get: /api, expect: {status: 200}}, {name: two, get: /two, expect: {status: 200}}]},
  {name: race, steps: [
    {name: both, together: {requests: [{get: /a}, {get: /a}], answers: {200: 1, 409: rest}}}]}]}
"""
CLAIM = "claims: [{commit: abc1234, title: t%s}]\n"
COUNTED = "exposure: [{name: x, operation: %s, at_least: 9}]\n"
SECTIONS = ("railway", "claims", "traffic", "metrics", "exposure")


def synthetic(text):
    """Each row that rests on what is made up, by its words."""
    rows = proofs(text + PLAN)
    return {words: row for words, row in rows.items() if row.path[0] in SECTIONS}


@pytest.mark.parametrize(
    ("text", "words", "by"),
    [
        (RAILWAY, "the deployment is live", "status FAILED"),
        (RAILWAY, "the requested commit is deployed", "another commit"),
        (RAILWAY + "traffic: {}\n", "at most 1 % of others' requests answered 5xx", "10,001 of 1,000,000"),
        (RAILWAY + "traffic: {p95: 2s}\n", "p95 of each path at most 2000 ms", "a p95 of 2001 ms"),
        (RAILWAY + "metrics: {}\n", "memory: attention from 80 %", "memory at 80 %"),
        (RAILWAY + "metrics: {}\n", "memory: critical from 95 %", "memory at 95 %"),
        (RAILWAY + "metrics: {}\n", "no growth of memory over the window", "memory rising"),
        (
            CLAIM % ", openapi: {has: Order.id}",
            "claim abc1234 (t): Order.id is in /openapi.json",
            "an older Order without id",
        ),
        (
            CLAIM % ", shown_by: health/api, exposure: {operation: POST /x, at_least: 9}",
            "abc1234: 9 clean runs of POST /x",
            "one run answered 500",
        ),
        (
            COUNTED % '"GET /api/{id}"',
            "x: 9 clean runs of GET /api/{id}",
            "one run answered 500",
        ),
        (E2E + COUNTED % "e2e/flow", "x: 9 clean runs of e2e/flow", "one run answered 500"),
        (E2E + COUNTED % "e2e/flow/two", "x: 9 clean runs of e2e/flow/two", "one run answered 500"),
        (E2E + COUNTED % "e2e/race", "x: 9 clean runs of e2e/race", "one run answered 500"),
    ],
)
def test_each_section_is_turned_red(text, words, by):
    row = synthetic(text)[words]
    assert row.proof is Proof.MUTANT
    assert row.why.startswith(f"made up: fails with {by}")


@pytest.mark.parametrize(
    ("text", "words", "proof", "why"),
    [
        (RAILWAY + "traffic: {max_5xx: 100%}\n", "at most 100 %", Proof.CANNOT_FAIL, "nothing turned it red"),
        (
            RAILWAY + "traffic: {p95: 2s, few: 2000000}\n",
            "p95 of each path",
            Proof.STAYS_GREEN,
            "it is green with no percentile",
        ),
        (CLAIM % "", "claim abc1234 (t)", Proof.CANNOT_FAIL, "nothing turned it red"),
    ],
)
def test_what_nothing_turns_red_is_named(text, words, proof, why):
    row = next(row for line, row in synthetic(text).items() if line.startswith(words))
    assert (row.proof, row.why) == (proof, why)
    assert row.advice


def test_a_criterion_on_the_platform_alone_is_proven():
    criterion = "  - {name: Users, target: t, findings: [traffic/all/5xx], actual: pools/db/used_peak}\n"
    text = RAILWAY + "traffic: {}\n" + PLAN[: PLAN.index("criteria:")] + "criteria:\n" + criterion
    assert proofs(text)["criterion Users"].is_proven


def test_only_driven_stages_are_unrecordable():
    plan = "railway: {}\nmetrics: {}\n" + COUNTED % "GET /api" + PLAN
    assert unrecordable_stages(plan_of(plan)) == ()
    topped = plan.replace("at_least: 9}", "at_least: 9, top_up: {of: health/api}}")
    assert unrecordable_stages(plan_of(topped)) == ("top_up",)
