"""What the judge makes of a reading of the log: what was seen, and how far "not seen" can be relied on."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.model import (
    CanaryPath,
    CanaryReading,
    Exchange,
    Fault,
    LogLine,
    LogObservation,
    Outcome,
    PathAnswers,
    PatternCount,
    Severity,
    Silence,
    Whose,
)
from deploy_verdict.plan import Logs
from deploy_verdict.stages.logs.judge import OwnTraffic, judge_logs
from deploy_verdict.stages.logs.judge_novelty import Earlier

START = datetime(2026, 2, 2, 12, tzinfo=UTC)
END = START + timedelta(hours=2)
NEVER = {"text": "Too many connections", "severity": "P0", "because": "this was the crisis"}
ONCE = {"name": "start", "regex": r"pool of \d+", "severity": "P2", "within": "log", "because": "Phase 2"}
PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def logs(**options):
    return Logs.model_validate({"must_not_appear": [NEVER], "must_appear": [ONCE], **options})


def silence(length_s, wall_s=None):
    end = START + timedelta(seconds=length_s if wall_s is None else wall_s)
    return Silence(start=START, end=end, length_s=length_s)


def seen(count, pattern="Too many connections", **options):
    return PatternCount(pattern=pattern, count=count, **options)


def reading(never=0, once=1, **options):
    good = {
        "source": "backend.log",
        "start": START,
        "end": END,
        "lines_read": 1300,
        "lines_in_window": 1234,
        "first_at": START,
        "last_at": END,
        "longest_silence": silence(120),
        "levels": {"INFO": 1234},
        "patterns": (seen(never), seen(once, "start")),
    }
    return LogObservation(**{**good, **options})


def judged(observation, plan_logs=None, **options):
    return judge_logs(
        plan_logs or logs(), observation, evidence="logs.T+120.a1.json#/observations/0", **options
    )


def test_a_good_reading():
    line = LogLine(text="2026-02-02T11:59:00Z INFO pool of 20\n  more")
    once = seen(1, "start", first_at=START - timedelta(minutes=1), examples=(line,))
    findings = judged(reading(patterns=(seen(0), once)))
    assert [
        (f.check, f.rule, f.outcome, f.severity, f.expectation, f.actual, f.because) for f in findings
    ] == [
        (
            "log",
            "readable",
            PASS,
            None,
            "the log is readable throughout the window",
            "1234 lines, longest silence 2 min",
            None,
        ),
        (
            "Too many connections",
            "must_not_appear",
            PASS,
            None,
            'never "Too many connections"',
            "0 lines",
            None,
        ),
        (
            "start",
            "must_appear",
            PASS,
            None,
            r"says /pool of \d+/ (anywhere in the log)",
            "1 line, first 2026-02-02T11:59:00Z: 2026-02-02T11:59:00Z INFO pool of 20",
            None,
        ),
    ]
    assert {(f.stage, f.evidence) for f in findings} == {("logs", "logs.T+120.a1.json#/observations/0")}


def test_a_line_that_must_not_appear_fails_with_its_first_example():
    line = LogLine(text="12:30 ERROR " + "x" * 200)
    observation = reading(patterns=(seen(3, first_at=START, examples=(line,)), seen(1, "start")))
    finding = judged(observation)[1]
    assert (finding.outcome, finding.severity, finding.because) == (FAIL, Severity.P0, "this was the crisis")
    assert finding.expected == "0 lines"
    assert finding.actual == "3 lines, first 2026-02-02T12:00:00Z: " + line.text[:159] + "…"


@pytest.mark.parametrize(("count", "outcome"), [(0, PASS), (1, FAIL), (-1, INCONCLUSIVE)])
def test_must_not_appear(count, outcome):
    assert judged(reading(never=count))[1].outcome is outcome


@pytest.mark.parametrize(
    ("count", "outcome", "severity"), [(0, FAIL, Severity.P2), (1, PASS, None), (-1, INCONCLUSIVE, None)]
)
def test_must_appear(count, outcome, severity):
    finding = judged(reading(once=count))[2]
    assert (finding.outcome, finding.severity) == (outcome, severity)


def test_the_time_of_a_line_without_a_time_is_not_told():
    assert judged(reading(never=2))[1].actual == "2 lines"


FAULT = Fault(kind="missing", whose=Whose.US, detail="x.log: there is no such file")


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (None, "the log was not read"),
        (reading(fault=FAULT), "the log could not be read (missing): x.log: there is no such file"),
        (
            reading(fault=FAULT, first_at=None, lines_in_window=0),
            "the log could not be read (missing): x.log: there is no such file",
        ),
        (
            reading(lines_in_window=0),
            "the log has no dated line between 2026-02-02T12:00:00Z and 2026-02-02T14:00:00Z",
        ),
        (
            reading(first_at=None, notes=("7 lines bear no time",)),
            "the log has no dated line between 2026-02-02T12:00:00Z and 2026-02-02T14:00:00Z; "
            "7 lines bear no time",
        ),
        (reading(incomplete=("Railway dropped lines", "a page")), "Railway dropped lines; a page"),
        (reading(longest_silence=None), "the reading does not say how long the log was silent"),
        (
            reading(longest_silence=silence(1801)),
            "the log is silent for 30 min 1 s, 2026-02-02T12:00:00Z to 2026-02-02T12:30:01Z "
            "(longest allowed: 30 min)",
        ),
        (reading(end=START), "the stretch that was read has no length"),
    ],
)
def test_where_not_all_was_read_what_was_not_seen_is_inconclusive(observation, reason):
    if observation is not None:
        observation = observation.model_copy(update={"patterns": (seen(0), seen(0, "start"))})
    readable, never, once = judged(observation)
    assert (readable.outcome, readable.actual) == (INCONCLUSIVE, reason)
    told = reason if observation is None else f"0 lines, but {reason}"
    assert (never.outcome, never.actual) == (once.outcome, once.actual) == (INCONCLUSIVE, told)
    assert {readable.severity, never.severity, once.severity} == {None}


LIMITED = FAULT.model_copy(update={"kind": "rate-limited", "retry_after_s": 30})


@pytest.mark.parametrize(
    ("observation", "remedy"),
    [
        (None, "Search the log by hand"),
        (reading(fault=FAULT), "Make the backend log readable"),
        (reading(fault=LIMITED), "Run it again in 30 s"),
        (reading(incomplete=("lines were dropped — log less",)), "Log less"),
        (reading(incomplete=("a page",)), "Make the backend log readable"),
        (reading(first_at=None), "Find where the log of this window went"),
        (reading(longest_silence=silence(1801)), "Ask the service's other logs what happened"),
        (reading(levels={}), "Log with a level"),
    ],
)
def test_each_doubt_says_what_to_do_about_it(observation, remedy):
    errors = judged(observation, logs(max_errors=0))[-1]
    assert errors.outcome is INCONCLUSIVE
    assert errors.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("answered", "remedy"),
    [(9, "Look at how the log is collected: the service answered 9 of 10"), (2, "Find out why the service")],
)
def test_a_silent_log_beside_what_the_service_answered_us(answered, remedy):
    def sent(number):
        at = START + timedelta(seconds=100 * number)
        answer = {"status": 200} if number < answered else {"fault": FAULT}
        exchange = Exchange(
            at=at, method="GET", url="http://service.test/", elapsed_ms=1, request_id="r", **answer
        )
        return Sent(stage="health", check="a", offset_s=0, pointer="e", exchange=exchange)

    own = OwnTraffic(10, [sent(number) for number in range(10)])
    readable = judged(reading(longest_silence=silence(1801)), own=own)[0]
    assert readable.remedy.startswith(remedy)


@pytest.mark.parametrize("trouble", [{"fault": FAULT}, {"incomplete": ("x",)}, {"first_at": None}])
def test_what_was_seen_counts_however_little_was_read(trouble):
    readable, never, once = judged(reading(never=1, once=1, **trouble))
    assert (readable.outcome, never.outcome, once.outcome) == (INCONCLUSIVE, FAIL, PASS)


@pytest.mark.parametrize(
    ("length_s", "wall_s", "speed", "outcome"),
    [
        (1800, 1800, 1, PASS),
        (1800.5, 1800.5, 1, INCONCLUSIVE),
        (1794, 2.99, 600, PASS),
        (1806, 3.01, 600, INCONCLUSIVE),
        (1801, 1.8, 1000, PASS),
        (2999, 2.999, 1000, PASS),
        (3000, 3, 1000, INCONCLUSIVE),
    ],
)
def test_a_silence_is_a_hole_when_longer_than_allowed_and_than_three_seconds(
    length_s, wall_s, speed, outcome
):
    assert judged(reading(longest_silence=silence(length_s, wall_s)), speed=speed)[0].outcome is outcome


@pytest.mark.parametrize(("floor_s", "outcome"), [(5, PASS), (4, INCONCLUSIVE)])
def test_the_floor_can_be_moved(floor_s, outcome, monkeypatch):
    monkeypatch.setattr("deploy_verdict.stages.logs.judge.SILENCE_FLOOR_S", floor_s)
    observation = reading(longest_silence=silence(2400, 4))
    assert judged(observation, speed=600)[0].outcome is outcome


@pytest.mark.parametrize(
    ("early_s", "late_s", "outcome"),
    [(0, 0, PASS), (-1, 0, INCONCLUSIVE), (0, 1, INCONCLUSIVE), (1, -1, PASS)],
)
def test_a_reading_of_a_part_of_the_window_is_not_enough(early_s, late_s, outcome):
    covers = START + timedelta(seconds=early_s), END + timedelta(seconds=late_s)
    assert judged(reading(), covers=covers)[0].outcome is outcome


@pytest.mark.parametrize(
    ("patterns", "outcome", "actual"),
    [
        ((), INCONCLUSIVE, "this pattern was not counted: the evidence is of another version of the plan"),
        ((seen(0, sought="text within window: Too many connections"),), PASS, "0 lines"),
        (
            (seen(0, sought="text within log: Too many connections"),),
            INCONCLUSIVE,
            "another pattern of this name was counted: the evidence is of another version of the plan",
        ),
        (
            (
                seen(0, sought="text within window: x"),
                seen(1, sought="text within window: Too many connections"),
            ),
            FAIL,
            "1 line",
        ),
    ],
)
def test_the_evidence_of_another_plan_does_not_speak(patterns, outcome, actual):
    finding = judged(reading(patterns=patterns))[1]
    assert (finding.outcome, finding.actual) == (outcome, actual)


@pytest.mark.parametrize(
    ("levels", "limit", "outcome", "actual"),
    [
        ({"INFO": 5}, 0, PASS, "0 lines"),
        ({"ERROR": 1, "CRITICAL": 1}, 2, PASS, "2 lines"),
        ({"ERROR": 1, "CRITICAL": 1}, 1, FAIL, "2 lines"),
        ({"WARNING": 9}, 0, PASS, "0 lines"),
        ({}, 3, INCONCLUSIVE, "no line of the window names a level"),
        ({"severity error": 1, "ERROR": 1}, 2, PASS, "1 line"),
        (
            {"severity error": 2, "ERROR": 1},
            2,
            INCONCLUSIVE,
            "1 line, and 2 more that only Railway calls errors, as it does all stderr",
        ),
    ],
)
def test_max_errors(levels, limit, outcome, actual):
    finding = judged(reading(levels=levels), logs(max_errors=limit))[-1]
    assert (finding.check, finding.rule, finding.outcome, finding.actual) == (
        "log",
        "errors",
        outcome,
        actual,
    )
    assert finding.severity == (Severity.P2 if outcome is FAIL else None)


@pytest.mark.parametrize(
    ("levels", "limit", "outcome"),
    [
        ({"INFO": 9}, 0, PASS),
        ({"INFO": 9, "WARNING": 2}, 2, PASS),
        ({"INFO": 9, "WARNING": 3}, 2, FAIL),
        ({"ERROR": 9}, 2, PASS),
        ({}, 2, INCONCLUSIVE),
    ],
)
def test_max_warnings(levels, limit, outcome):
    logs = Logs.model_validate({"max_warnings": limit})
    found = judge_logs(logs, reading(levels=levels), evidence="e")
    assert next(item for item in found if item.rule == "warnings").outcome is outcome


@pytest.mark.parametrize(("errors", "outcome"), [(0, INCONCLUSIVE), (1, FAIL)])
def test_errors_of_a_log_that_was_not_wholly_read(errors, outcome):
    observation = reading(levels={"INFO": 9, "ERROR": errors}, incomplete=("a page",))
    assert judged(observation, logs(max_errors=0))[-1].outcome is outcome
    assert judged(None, logs(max_errors=0))[-1].outcome is INCONCLUSIVE


CANARY = {"regex": "GET /api/", "at_least": "90%"}


def with_canary(count, own_requests, *, counted=True):
    """The readable finding of a good reading that counted so many canary lines."""
    plan_logs = logs(canary=CANARY)
    line = PatternCount(pattern="canary", sought=plan_logs.canary.pattern.sought, count=count)
    good = reading()
    observation = good.model_copy(update={"patterns": (*good.patterns, line) if counted else good.patterns})
    found = {
        item.rule: item
        for item in judge_logs(plan_logs, observation, evidence="e", own=OwnTraffic(own_requests))
    }
    return found["readable"], found["must_not_appear"]


@pytest.mark.parametrize(
    ("count", "own", "outcome"),
    [(90, 100, "pass"), (500, 100, "pass"), (89, 100, "inconclusive"), (0, 100, "inconclusive")],
)
def test_the_canary_on_both_sides_of_its_limit(count, own, outcome):
    """Where our own requests are missing, other lines are missing too: "not seen" says nothing then."""
    readable, never = with_canary(count, own)
    assert (readable.outcome, never.outcome) == (outcome, outcome)
    if outcome != "pass":
        assert f"{count} lines for 100 answered requests of ours: the log has gaps" in readable.actual


@pytest.mark.parametrize("own", [None, 0])
def test_without_a_request_of_ours_the_canary_says_nothing(own):
    assert with_canary(5, own)[0].outcome == "inconclusive"


def test_a_canary_that_was_not_counted_is_no_canary():
    assert with_canary(5, 5, counted=False)[0].outcome == "inconclusive"


def unread(unlevelled, suspects=0):
    lines = LogLine(text="boom: it broke"), LogLine(text="connection refused")
    fields = {"entries_in_window": 40, "unlevelled_lines": unlevelled, "suspect_lines": suspects}
    fields |= {
        "unlevelled_first": lines[0] if unlevelled else None,
        "suspect_first": lines[1] if suspects else None,
    }
    return reading(levels={"INFO": 40 - unlevelled}, **fields)


@pytest.mark.parametrize(
    ("observation", "max_errors", "outcome", "actual"),
    [
        (unread(24), 0, INCONCLUSIVE, "24 of 40 lines carry no level that is known (first: boom: it broke)"),
        (unread(24), 30, PASS, "0 lines"),
        (unread(2), 0, PASS, "0 lines"),
        (
            unread(2, 1),
            0,
            INCONCLUSIVE,
            "1 line without a known level may be errors (first: connection refused)",
        ),
        (
            unread(0, 2),
            0,
            INCONCLUSIVE,
            "2 lines without a known level may be errors (first: connection refused)",
        ),
        (unread(0, 2), 2, PASS, "0 lines"),
    ],
)
def test_lines_without_a_level_may_hide_as_many_errors_as_they_are(observation, max_errors, outcome, actual):
    found = judged(observation, logs(max_errors=max_errors))
    finding = next(item for item in found if item.rule == "errors")
    assert finding.outcome is outcome
    assert actual in finding.actual
    assert ("logs.unlevelled" in finding.actual) is (outcome is INCONCLUSIVE)


@pytest.mark.parametrize(
    ("named_before", "named_now", "found", "outcome"),
    [(9, 0, 0, "inconclusive"), (9, 9, 0, "pass"), (0, 0, 0, "pass"), (2, 0, 0, "pass"), (9, 0, 6, "pass")],
)
def test_a_path_that_the_log_named_before_and_names_no_more_is_a_gap(named_before, named_now, found, outcome):
    """A canary that asks for other lines, or a path that was never logged, is none."""

    def answers(requests):
        own = PathAnswers(
            method="GET", path="/orders/{id}", requests=requests, statuses={"200": requests}, parts=()
        )
        return (own,) if requests else ()

    paths = (
        CanaryPath(path="/orders/7", requests=6, found=found),
        CanaryPath(path="/", requests=94, found=94),
    )
    canary = CanaryReading(by="path and time", requests=100, found=94 + found, paths=paths)
    seen = reading(canary=canary, answers=answers(named_now))
    earlier = Earlier(before=reading(check="baseline", answers=answers(named_before)))
    findings = judge_logs(logs(canary=CANARY), seen, evidence="e", own=OwnTraffic(100), earlier=earlier)
    assert next(item for item in findings if item.rule == "readable").outcome == outcome
