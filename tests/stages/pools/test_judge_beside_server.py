"""A service's own gauge beside its server's count, and several processes behind one address."""

import json
from dataclasses import replace

import pytest

from deploy_verdict.evidence.pools.pool_samples import ReadingValues
from deploy_verdict.evidence.processes.several_processes import several_processes
from deploy_verdict.model import Outcome, Reading, VerdictOutcome
from deploy_verdict.verdict.judge import judge
from tests.bundles import T0, bundle_of, burst, loaded
from tests.plans import plan_of
from tests.stages.pools.test_judge_blocks import QUICK, sample
from tests.stages.pools.test_judge_gauge import load

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
    by_header = [
        [one.model_copy(update={"instance": "ab"[step % 2]}) for step, one in enumerate(burst)]
        for burst in turns(lambda step: {"used": step % 3}, every_third)
    ]
    told = found(judged_of(by_header, asked=False), "own", "gauge").actual
    assert "2 processes answer behind this address (instance a, instance b), each of its own pool" in told
    beside = judged(in_turn([7, 8, 7, 9, 8, 7, 9, 7, 8]), [[6] * 10] * 9)
    assert beside.outcome is VerdictOutcome.STABLE
    restarted = judged(in_turn([7] * 5 + [8] * 4), [[6] * 10] * 9, not_asked=range(9))
    assert "another process answers from T+75min on" in found(restarted, "own", "gauge").actual


def turns(values, new):
    """Bursts of such bodies, each with whether its reading began a new connection."""
    bursts = []
    for place in range(9):
        own = [json.dumps({"used": 1, "limit": 20, **values(place * 10 + step)}) for step in range(10)]
        readings = [
            reading.model_copy(update={"new_connection": new(place * 10 + step)})
            for step, reading in enumerate(burst("own", own, 900.0 * place).readings)
        ]
        bursts.append(readings)
    return bursts


def judged_of(bursts, *, asked):
    files = []
    for number, offset_s in enumerate(PLAN.window.offsets_s):
        one = burst("own", [], offset_s).model_copy(update={"readings": tuple(bursts[number])})
        two = of_server([6] * 10, offset_s)
        two = two if asked else two.model_copy(update={"readings": (), "not_asked": True})
        files.append(loaded(PLAN, "pools", [one, two], offset_s))
    return judge(bundle_of(PLAN, *files), judged_at=T0, tool_version="0.1.0")


def test_readings_that_all_begin_a_connection_are_not_compared_with_those_that_keep_it():
    """Those in between lie five seconds apart, so that a slow value changes there oftener than in bursts."""
    kept = [[ReadingValues(step % 4 == 0, (("memory", step // 15),)) for step in range(30)]] * 9
    places = [[(place * 10 + step) // 4 % 9 for step in range(10)] for place in range(60)]
    apart = [[ReadingValues(True, (("memory", value),)) for value in values] for values in places]
    samples = [
        replace(sample(place, QUICK), reading_values=tuple(values))
        for place, values in enumerate([*kept, *apart])
    ]
    assert several_processes(samples) is None


def every_third(step):
    return step % 3 == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        # A connection stays with one process, whose numbers stay its own.
        (lambda step: {"used": (step // 3) % 2 * 4}, "used changes where a new connection begins"),
        (lambda step: {"box": "abc"[step // 3 % 3]}, "$.box changes where a new connection begins"),
        (lambda step: {"limit": (10, 20)[step % 2]}, "limit goes back and forth between 10 and 20"),
        (lambda step: {"app": {"started_at": ("9:00", "9:01")[step % 2]}}, "$.app.started_at goes back and"),
        (lambda step: {"uptime_s": step + 5000 * (step % 2)}, "$.uptime_s goes back and forth"),
    ],
)
def test_several_processes_are_recognised_by_what_goes_back_and_forth(values, words):
    alone = judged_of(turns(values, every_third), asked=False)
    assert words in found(alone, "own", "gauge").actual
    assert "add a pool that asks the server itself" in found(alone, "own", "gauge").actual
    assert found(alone, "own", "gauge").outcome is Outcome.INCONCLUSIVE
    beside = found(judged_of(turns(values, every_third), asked=True), "own", "gauge")
    assert (beside.outcome, "server's own count covers all of them" in beside.actual) == (Outcome.PASS, True)


@pytest.mark.parametrize(
    "values",
    [
        lambda step: {"used": step * 7 % 5},  # a gauge that moves whoever asks
        lambda step: {"used": step % 2 * 4},
        lambda step: {"request": step, "at": f"12:{step:02}"},
        lambda step: {"used": 3 + step % 2, "requests": 3 * step, "uptime_s": step},
        lambda step: {"used": 1 + step % 2, "limit": 20 if step < 45 else 25},  # raised once
        lambda step: {
            "used": 1 + step % 2,
            "limit": 20 if step < 33 or step > 66 else 25,
        },  # and lowered again
        lambda step: {"used": step % 3, "started_at": "9:00" if step < 50 else "10:00"},
        lambda step: {"used": step % 3, "new_connections": step // 3},
    ],
)
def test_what_one_process_tells_is_not_taken_for_several(values):
    verdict = judged_of(turns(values, every_third), asked=False)
    assert "several processes" not in found(verdict, "own", "gauge").actual


def test_all_workers_replaced_at_once_are_a_restart():
    """Where one of them comes back, or was only met late, they answer in turn."""

    def bursts(*pids):
        return [[json.dumps({"used": 1, "limit": 20, "pid": pid}) for pid in two * 5] for two in pids]

    old, new = [(7, 8), (8, 9), (7, 9)] * 2, [(17, 18), (18, 19), (17, 19)]
    restarted = found(judged(bursts(*old, *new), [[6] * 10] * 9), "own", "gauge")
    assert restarted.outcome is Outcome.INCONCLUSIVE
    assert "another process answers from T+90min on (pid 9 → pid 17): it restarted" in restarted.actual
    for last in ((17, 9), (7, 8)):
        in_turn = found(judged(bursts(*old, *new[:2], last), [[6] * 10] * 9), "own", "gauge")
        assert "processes answer behind this address" in in_turn.actual


WITH_LOAD = plan_of(
    """
window: {length: 2h, sample_every: 15m}
health: [{name: api, get: /api, at: [0m], expect: {status: 200}}]
pools:
  - {name: redis, get: /stats, used: $.used, limit: $.limit, burst: {for: 10s, every: 1s}, server: db,
     exercise: {ask: [api], at_once: 4, times: 1, rounds: 8}}
  - {name: db, redis: "redis://h:1", used: connected_clients, limit: 20, burst: {for: 10s, every: 1s}}
"""
)
TOO_SHORT = [([1], [1, 1, 1], [1, 1, 1])] * 60
NOW_AND_THEN = [([0], [0, int(step % 5 == 0), 0], [0, 0, 0]) for step in range(10)]
BOTH_WAYS = [*NOW_AND_THEN[:9], ([0], [0, 0, 0], [0, 1, 0])]
TOWARDS = [([0], [1, 1, 1], [3, 3, 3])] + [([0], [3, 3, 3], [1, 1, 1])] * 9
OF_OTHERS = [([1], [1, 1 + step % 2, 1], [1, 2 - step % 2, 1]) for step in range(60)]


@pytest.mark.parametrize(
    ("rounds", "own", "asked", "outcome", "words"),
    [
        (TOO_SHORT, STEADY, 9, "pass", "between 2 and 5, below its server's own count (at most 8)"),
        (TOO_SHORT, STEADY, 8, "inconclusive", "too short to be seen from outside"),
        (TOO_SHORT, STEADY, 0, "inconclusive", "too short to be seen from outside"),
        (TOO_SHORT[:3], STEADY, 9, "inconclusive", "only 12 of the"),
        (TOWARDS, STEADY, 9, "pass", "below its server's own count"),
        (
            TOWARDS,
            STEADY,
            0,
            "inconclusive",
            "not beyond chance, as others moved it too, in all 10 rounds; try at_once: 8",
        ),
        (OF_OTHERS, STEADY, 9, "inconclusive", "a copy, or they use no connection"),
        # It stands still: the server's count too, but for the connections that our load made the pool open.
        (TOO_SHORT, IDLE, 9, "inconclusive", "it is dead, or tells of one"),
        (NOW_AND_THEN, IDLE, "opened", "pass", "our load showed in 2 of 10 rounds; after it, it stayed at 0"),
        (TOO_SHORT, IDLE, "opened", "inconclusive", "it is dead, or tells of one"),
        (NOW_AND_THEN, IDLE, 9, "inconclusive", "it is dead, or tells of one"),
        (BOTH_WAYS, IDLE, "opened", "inconclusive", "it is dead, or tells of one"),
    ],
)
def test_a_gauge_too_quick_for_our_load_is_believed_where_it_moved_below_its_server(
    rounds, own, asked, outcome, words
):
    answers = len(rounds) * 4
    files = [load(rounds, plan=WITH_LOAD, answers_of=answers)]
    for number, offset_s in enumerate(WITH_LOAD.window.offsets_s):
        counts = [6, 8] * 5 if asked != "opened" else [1 if number == 0 else 6] * 10
        two = of_server(counts, offset_s)
        two = two if asked == "opened" or number < asked else two.model_copy(update={"readings": ()})
        files.append(loaded(WITH_LOAD, "pools", [burst("redis", own, offset_s), two], offset_s))
    gauge = found(judge(bundle_of(WITH_LOAD, *files), judged_at=T0, tool_version="0.1.0"), "redis", "gauge")
    assert gauge.outcome == outcome
    assert words in gauge.actual
