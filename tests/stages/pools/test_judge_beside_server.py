"""A service's own gauge beside its server's count, and several processes behind one address."""

import json

import pytest

from deploy_verdict.model import Outcome, Reading, VerdictOutcome
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, burst, loaded
from tests.plans import plan_of

PLAN = plan_of(
    """
window: {length: 2h, sample_every: 15m}
pools:
  - {name: own, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s, every: 1s}, server: db}
  - {name: db, redis: "redis://h:1", used: connected_clients, limit: 20, burst: {for: 10s, every: 1s}}
"""
)
STEADY, IDLE = [3, 4, 3, 5, 2, 3, 4, 3, 4, 3], [0] * 10


def of_server(counts, offset_s, **more):
    """A burst of a Redis; `more` are facts that all of its readings share."""
    facts = {"born": "a", "up_s": 9000, "own": 1, "rejected_connections": 0, **more}
    readings = tuple(
        Reading(offset_s=offset_s, body=json.dumps({"connected_clients": count, **facts})) for count in counts
    )
    return burst("db", [], offset_s).model_copy(update={"readings": readings})


def judged(own, server, *, facts=None, not_asked=()):
    files = []
    for number, offset_s in enumerate(PLAN.window.offsets_s):
        two = of_server(server[number], offset_s, **((facts or {}).get(number, {})))
        if number in not_asked:
            two = two.model_copy(update={"readings": (), "not_asked": True})
        files.append(loaded(PLAN, "pools", [burst("own", own[number], offset_s), two], offset_s))
    return judge(bundle_of(PLAN, *files), judged_at=T0, tool_version="0.1.0")


def found(verdict, check, rule):
    return next(item for item in verdict.findings if (item.check, item.rule) == (check, rule))


def bad(verdict):
    return {(item.check, item.rule) for item in verdict.findings if item.outcome is not Outcome.PASS}


LEAK = [[3 + number] * 10 for number in range(9)]


@pytest.mark.parametrize(
    ("own", "server", "outcome", "check", "rule", "words"),
    [
        ([STEADY] * 9, [[6] * 10] * 9, VerdictOutcome.STABLE, "own", "gauge", "between 2 and 5"),
        ([IDLE] * 9, [[6] * 10] * 9, VerdictOutcome.STABLE, "own", "gauge", "count stood at 6 too"),
        (
            [IDLE] * 9,
            [STEADY] * 9,
            VerdictOutcome.INCONCLUSIVE,
            "own",
            "gauge",
            "it is dead, or tells of one",
        ),
        ([STEADY] * 9, [[1] * 10] * 9, VerdictOutcome.INCONCLUSIVE, "own", "gauge", "or of another pool"),
        ([STEADY] * 9, LEAK, VerdictOutcome.ATTENTION, "db", "growth", "rose from"),
        ([IDLE] * 9, LEAK, VerdictOutcome.ATTENTION, "db", "growth", "rose from"),
        ([STEADY] * 9, [*[[6] * 10] * 8, [20] * 10], VerdictOutcome.CRITICAL, "db", "exhaustion", "20 of 20"),
    ],
)
def test_the_service_and_its_server_are_held_against_each_other(own, server, outcome, check, rule, words):
    verdict = judged(own, server)
    assert verdict.outcome is outcome
    assert words in found(verdict, check, rule).actual


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({5: {"born": "b", "up_s": 60}}, "it restarted: up for 1 min at T+75min"),
        ({8: {"rejected_connections": 3}}, "it refused 3 connections"),
        ({2: {"used_memory": 99, "maxmemory": 100}}, "evicts nothing"),
    ],
)
def test_a_server_in_trouble_is_critical_however_steady_its_count(facts, words):
    if 5 in facts:
        facts |= {number: {"born": "b", "up_s": 900 * (number - 5)} for number in range(6, 9)}
    verdict = judged([STEADY] * 9, [[6] * 10] * 9, facts=facts)
    assert verdict.outcome is VerdictOutcome.CRITICAL
    assert words in found(verdict, "db", "server").actual


def test_without_its_address_a_server_is_left_out_and_that_is_said():
    verdict = judged([STEADY] * 9, [[6] * 10] * 9, not_asked=range(9))
    assert verdict.outcome is VerdictOutcome.STABLE
    assert not [item for item in verdict.findings if item.check == "db"]
    assert any("the pool db was not asked" in line for line in verdict.limits)
    # Known to one job and not to another, it is not left out.
    verdict = judged([STEADY] * 9, [[6] * 10] * 9, not_asked=range(3))
    assert ("db", "samples") in bad(verdict)


def in_turn(pids):
    """Own bursts whose answers name the processes that gave them."""
    return [
        [json.dumps({"used": value, "limit": 20, "worker": {"pid": pid}}) for value in STEADY] for pid in pids
    ]


def test_several_processes_behind_one_address_are_named_and_need_their_server():
    alone = judged(in_turn([7, 8, 7, 9, 8, 7, 9, 7, 8]), [[6] * 10] * 9, not_asked=range(9))
    assert alone.outcome is VerdictOutcome.INCONCLUSIVE
    assert bad(alone) == {("own", "gauge")}
    assert (
        "3 processes answer behind this address (pid 7, pid 8, pid 9)" in found(alone, "own", "gauge").actual
    )
    beside = judged(in_turn([7, 8, 7, 9, 8, 7, 9, 7, 8]), [[6] * 10] * 9)
    assert beside.outcome is VerdictOutcome.STABLE
    restarted = judged(in_turn([7] * 5 + [8] * 4), [[6] * 10] * 9, not_asked=range(9))
    assert "another process answers from T+75min on" in found(restarted, "own", "gauge").actual
