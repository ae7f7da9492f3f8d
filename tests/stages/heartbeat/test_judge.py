"""Between the samples: outages, single bad beats, connects that failed, restarts, and instances."""

from datetime import timedelta

import pytest

from deploy_verdict.model import Attempt, Fault, LogObservation, Outcome, Severity, Whose
from deploy_verdict.stages.heartbeat.judge import judge_heartbeat
from deploy_verdict.stages.heartbeat.judge_connections import judge_connections
from deploy_verdict.stages.heartbeat.judge_restarts import judge_restarts
from deploy_verdict.verdict.judge import judge
from tests.bundles import REFUSED, T0, bundle_of, burst, http, loaded
from tests.plans import plan_of

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
WINDOW = "window: {length: 2h, sample_every: 15m}\n"
HEALTH = "health: [{name: api, get: /api, at: [0m], expect: {status: 200, $.state: up}}]\n"
PLAN = plan_of(WINDOW + HEALTH)
UP = {"state": "up"}


def beats(*bodies, every_s=30.0, plan=PLAN, **more):
    """A beat every half minute, from T+0 on; a body, a status or a fault each."""
    found = []
    for number, item in enumerate(bodies):
        at_s = number * every_s
        fields = {"offset_s": at_s, "at": T0 + timedelta(seconds=at_s), **more}
        if isinstance(item, Fault):
            fields["fault"] = item
        elif isinstance(item, int):
            fields["status"] = item
        found.append(http("api", item if isinstance(item, dict) else {}, **fields))
    return loaded(plan, "heartbeat", found)


def judged(*files, plan=PLAN):
    return list(judge_heartbeat(bundle_of(plan, *files)))


@pytest.mark.parametrize(
    ("bad", "outcome", "severity"),
    [
        ({}, PASS, None),
        ({7: 502}, PASS, None),
        ({7: 502, 90: REFUSED}, PASS, None),
        ({7: 502, 8: 502}, FAIL, Severity.P2),
        ({7: 502, 8: 502, 9: 502}, FAIL, Severity.P1),
        ({7: 502, 8: 502, 100: 502, 101: 502}, FAIL, Severity.P1),
        ({n: {"state": "down"} for n in range(60, 64)}, FAIL, Severity.P1),
        ({n: 502 for n in range(0, 240, 12)}, FAIL, Severity.P2),
    ],
)
def test_two_bad_beats_in_a_row_are_an_outage_and_single_ones_are_counted(bad, outcome, severity):
    (found,) = judged(beats(*(bad.get(number, UP) for number in range(240))))
    assert (found.check, found.outcome, found.severity) == ("api", outcome, severity)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([{"headers": {"X-Process-Id": str(7 + (n > 9))}} for n in range(20)], "header.X-Process-Id changed"),
        ([{"headers": {"X-Uptime": str((n % 10) * 30)}} for n in range(20)], "header.X-Uptime fell from 270"),
        ([{"headers": {"X-Pid": "78"[n % 2]}} for n in range(20)], None),
    ],
)
def test_a_restart_shows_in_a_header_too(fields, told):
    found = [
        http("api", UP, offset_s=30.0 * n, at=T0 + timedelta(seconds=30 * n), **more)
        for n, more in enumerate(fields)
    ]
    told = told or "no answer shows a restart"
    (ruled, *_) = judge_restarts(bundle_of(PLAN, loaded(PLAN, "heartbeat", found)))
    assert ruled.actual.startswith(told)


def test_an_outage_says_how_long_and_since_when():
    (found,) = judged(beats(*(500 if 10 <= number < 28 else UP for number in range(240))))
    assert found.actual.startswith("9 min in 1 stretch, the first from T+5min to T+13.5min: ")
    assert found.offset_s == 300


def test_a_time_in_which_nobody_looked_is_no_pass():
    (found,) = judged(beats(*[UP] * 100))
    assert found.outcome is OPEN
    assert "nobody looked for 1 h 10 min 30 s from T+49.5min on" in found.actual


def test_where_nobody_beat_only_a_plan_that_asks_for_it_misses_it():
    health = loaded(PLAN, "health", [http("api", UP)])
    assert judged(health) == []
    asking = plan_of(WINDOW + HEALTH + "heartbeat: {get: /up, every: 1m}\n")
    (found,) = judged(plan=asking)
    assert (found.check, found.outcome) == ("heartbeat", OPEN)
    off = plan_of(WINDOW + HEALTH + "heartbeat: null\n")
    assert (off.beat, "heartbeat" in off.stages) == (None, False)
    verdict = judge(bundle_of(PLAN, health), judged_at=T0, tool_version="0.1.0")
    assert any("none was sent for up to 2 h (from T+0min on)" in words for words in verdict.limits)


@pytest.mark.parametrize(("given_up", "outcome"), [(0, PASS), (2, PASS), (60, FAIL)])
def test_readings_on_connections_that_were_given_up_are_counted(given_up, outcome):
    plan = plan_of(WINDOW + "pools: [{name: db, get: /db, used: $.used, limit: $.limit}]\n")
    taken = burst("db", [3] * 270)
    fault = Fault(kind="closed", whose=Whose.TARGET, detail="the connection was closed without an answer")
    readings = [
        item.model_copy(update={"first_try": fault if number < given_up else None})
        for number, item in enumerate(taken.readings)
    ]
    files = [loaded(plan, "pools", [taken.model_copy(update={"readings": tuple(readings)})])]
    found = next(iter(judge_connections(bundle_of(plan, *files))))
    assert (found.rule, found.outcome) == ("connects", outcome), found.actual


@pytest.mark.parametrize(
    ("edge", "of", "outcome"),
    [(0, 9, PASS), (1, 9, PASS), (2, 9, FAIL), (2, 270, PASS), (9, 270, FAIL)],
)
def test_what_the_edge_answered_at_first_is_counted_by_check(edge, of, outcome):
    """Once is chance; the 600 good requests of another check make it no rarer."""
    first = Attempt(at=T0, elapsed_ms=1.0, fault=Fault(kind="edge", whose=Whose.EDGE, detail="502"))
    mended = [http("api", UP, attempts=(first,) if number < edge else ()) for number in range(of)]
    files = [loaded(PLAN, "health", [*mended, *(http("other", UP) for _ in range(600))])]
    found = next(iter(judge_connections(bundle_of(PLAN, *files))))
    assert (found.rule, found.outcome) == ("connects", outcome), found.actual


@pytest.mark.parametrize(
    ("failed", "outcome", "severity"),
    [(0, PASS, None), (2, PASS, None), (20, FAIL, Severity.P2), (120, FAIL, Severity.P1)],
)
def test_connects_that_a_second_try_mended_are_counted(failed, outcome, severity):
    tried = (Attempt(at=T0, elapsed_ms=1, fault=REFUSED), Attempt(at=T0, elapsed_ms=1))
    files = [
        beats(*[UP] * (240 - failed)),
        loaded(PLAN, "health", [http("api", UP, attempts=tried)] * failed),
    ]
    (found,) = judge_connections(bundle_of(PLAN, *files))
    assert (found.rule, found.outcome, found.severity) == ("connects", outcome, severity)


def test_our_own_fault_is_no_connect_that_failed():
    ours = Fault(kind="dns", whose=Whose.RUNNER, detail="x")
    (found,) = judge_connections(bundle_of(PLAN, beats(*[UP] * 9, *[ours] * 3)))
    assert found.outcome is PASS


INSTANCES = plan_of(WINDOW.replace("\n", "") + "\n" + HEALTH, head="version: 1\nname: small\n"
    'service: {base_url: "http://service.test", instance: $.host}\n')  # fmt: skip


def test_instances_are_told_apart_where_they_can_be_and_else_by_chance():
    bodies = [{**UP, "host": f"web-{number % 3}"} for number in range(240)]
    found = {
        item.rule: item for item in judge_connections(bundle_of(INSTANCES, beats(*bodies, plan=INSTANCES)))
    }
    assert found["instances"].actual == "3 instances answered: web-0 (80), web-1 (80), web-2 (80)"
    verdict = judge(bundle_of(PLAN, beats(*[UP] * 18)), judged_at=T0, tool_version="0.1.0")
    words = next(words for words in verdict.limits if words.startswith("One broken instance"))
    assert words.startswith(
        "One broken instance among more than 6 may have been missed (95 %): api was answered 18"
    )


def series(field, values):
    return [{field: value} for value in values]


TURNS = [5000 + 30 * n if n % 2 else 100 + 30 * n for n in range(20)]
REQUESTS = "$.requests_total fell from 110 to 0"


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        (series("uptime_s", range(100, 700, 30)), None),
        (series("uptime_s", [*range(0, 300, 30)] * 2), "$.uptime_s fell from 270 to 0"),
        (series("uptime", TURNS), None),
        ([{"app": {"started_at": "ab"[n > 9]}} for n in range(20)], "$.app.started_at changed from a to b"),
        (series("pid", [7, 8] * 10), None),
        (series("uptimeMinutes", [*range(90, 100), *range(10)]), "$.uptimeMinutes fell from 99 to 0"),
        (series("uptime_minutes", [n // 2 for n in TURNS]), None),
        (
            series("uptime", [f"PT1H{n}M" for n in range(10)] + [f"PT{n}S" for n in range(2, 60, 30)]),
            "$.uptime fell from PT1H9M to PT2S",
        ),
        (
            series("uptime", [f"3 days, 4:{n:02}:06" for n in range(9)] + ["0:00:07", "0:00:37"]),
            "$.uptime fell from 3 days, 4:08:06 to 0:00:07",
        ),
        (series("uptime", [f"{n}m 5s" for n in range(3, 12)] + ["4s", "34s"]), "$.uptime fell from 11m 5s"),
        (series("jvm.uptime", [9_000_000 + n for n in range(9)] + [5]), "$.jvm.uptime fell from"),
        (series("started", [1_700_000_000_000] * 10 + [1_700_000_900_000] * 9), "$.started changed from"),
        (series("start_date", ["2026-01-01"] * 10 + ["2026-02-01"] * 9), None),
        (series("requests_total", [*range(0, 120, 10), *range(0, 80, 10)]), REQUESTS),
        (series("requests_total", TURNS), None),
        (series("load", [5] * 10 + [1] * 10), None),
    ],
)
def test_a_restart_shows_in_a_value_that_never_comes_back(bodies, told):
    found = next(iter(judge_restarts(bundle_of(PLAN, beats(*({**UP, **body} for body in bodies))))))
    assert found.outcome is (FAIL if told else PASS)
    assert found.actual.startswith(told or "no answer shows a restart")


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        (series("version", ["1.4.2"] * 8 + ["1.5.0"] * 8), "$.version is 1.4.2 in"),
        ([{"build": {"commit": f"{n // 10:07x}"}} for n in range(20)], "$.build.commit is 0000000 in"),
        # One old instance among the new ones.
        (series("version", ["1.5.0", "1.5.0", "1.5.0", "1.4.2"] * 5), "$.version is "),
        (series("version", ["1.5.0"] * 20), None),
        # Older code may answer at first; an order's version counts its edits; Redis is another's.
        (series("version", ["1.4.2"] * 2 + ["1.5.0"] * 18), None),
        (series("version", range(20)), None),
        ([{"redis": {"version": ("7.2.1", "7.2.4")[n > 9]}} for n in range(20)], None),
    ],
)
def test_another_version_that_answers_within_the_window_is_open(bodies, told):
    bundle = bundle_of(PLAN, beats(*({**UP, **body} for body in bodies)))
    found = [item for item in judge_restarts(bundle) if item.rule == "version"]
    assert [item.outcome for item in found] == ([OPEN] if told else [])
    assert not told or found[0].actual.startswith(told)


LOGS = plan_of(WINDOW + HEALTH + "logs: {novelty: {before: 1h}}\n")


def log(check, starts, hours=2, *, workers=0):
    start = T0 - timedelta(hours=hours) if check == "baseline" else T0
    return LogObservation(
        check=check,
        source="x",
        start=start,
        end=start + timedelta(hours=hours),
        lines_read=9,
        lines_in_window=9,
        templates=(),
        restarts=starts,
        worker_starts=workers,
    )


@pytest.mark.parametrize(
    ("now", "before", "outcome"),
    [
        (log("log", 0), None, PASS),
        (log("log", 2), log("baseline", 0, 1), PASS),
        (log("log", 8), log("baseline", 0, 1), FAIL),
        (log("log", 8), log("baseline", 4, 1), PASS),
        (log("log", 60), log("baseline", 4, 1), FAIL),
        (log("log", 3), None, FAIL),
        # Workers are recycled by plan in many services.
        (log("log", 1, workers=8), None, OPEN),
        (log("log", 1, workers=8), log("baseline", 0, 1, workers=4), PASS),
        (log("log", 1, workers=80), log("baseline", 0, 1, workers=4), FAIL),
    ],
)
def test_starts_are_counted_against_the_time_before(now, before, outcome):
    files = [loaded(LOGS, "logs", [item for item in (now, before) if item is not None], 7200.0)]
    found = next(item for item in judge_restarts(bundle_of(LOGS, *files)) if item.check == "log")
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        (log("log", 9), Severity.P2),
        (log("log", 10), Severity.P1),
        (log("log", 30, 12), Severity.P2),
        (log("log", 1, workers=80), Severity.P2),
    ],
)
def test_a_loop_of_restarts_is_worse_than_a_restart(now, severity):
    files = [loaded(LOGS, "logs", [now, log("baseline", 0, 1)], 7200.0)]
    found = next(item for item in judge_restarts(bundle_of(LOGS, *files)) if item.check == "log")
    assert (found.outcome, found.severity) == (FAIL, severity)
    assert (found.because == "the service restarts over and over") is (severity is Severity.P1)
