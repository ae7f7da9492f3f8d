"""New kinds of errors, gone and changed lines, and the incident's own lines."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy_verdict.base.log_templates import fingerprint, masked, template_of
from deploy_verdict.model import (
    Fault,
    LogAtT0,
    LogObservation,
    Outcome,
    PatternCount,
    Severity,
    Silence,
    TemplateCount,
)
from deploy_verdict.plan import Logs
from deploy_verdict.stages.logs.counting.novelty import compared
from deploy_verdict.stages.logs.judge import judge_logs
from deploy_verdict.stages.logs.judge_novelty import Earlier

T0 = datetime(2026, 2, 2, 12, tzinfo=UTC)
PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
BOOM = "ERROR ledger: row 7 was written twice"
OLD = "ERROR redis: Too many connections"


def kind(line, count=1, name="error", **more):
    return TemplateCount(
        template=template_of(line, words_of_quotes=True),
        kind=name,
        count=count,
        first_at=T0 + timedelta(minutes=24),
        example=line,
        **more,
    )


def window(*templates, **more):
    fields = {
        "source": "backend.log",
        "start": T0,
        "end": T0 + timedelta(hours=2),
        "lines_in_window": 100,
        "first_at": T0,
        "last_at": T0 + timedelta(hours=2),
        "longest_silence": Silence(start=T0, end=T0, length_s=10),
        "templates": templates,
    }
    return LogObservation(**{**fields, **more})


def before(*templates, **more):
    fields = {
        "check": "baseline",
        "source": "the old one",
        "start": T0 - timedelta(hours=1),
        "end": T0,
        "lines_in_window": 50,
        "first_at": T0 - timedelta(hours=1),
        "templates": templates,
    }
    return LogObservation(**{**fields, **more})


def plan(**more):
    return Logs.model_validate({"must_not_appear": ["boom"], **more})


def judged(seen, earlier, **more):
    return ruled("new", seen, earlier, **more)


def ruled(rule, seen, earlier, startup=None, **more):
    earlier = Earlier(before=earlier, startup=startup)
    found = judge_logs(plan(**more), seen, evidence="e", earlier=earlier)
    return next((item for item in found if (item.check, item.rule) == ("novelty", rule)), None)


ASKED = {"novelty": {}}


@pytest.mark.parametrize("asked", [{}, ASKED])
def test_a_kind_of_error_that_is_new_fails_asked_for_or_not(asked):
    finding = judged(window(kind(OLD, 5), kind(BOOM, 2)), before(kind(OLD)), **asked)
    assert (finding.rule, finding.outcome, finding.severity) == ("new", FAIL, Severity.P2)
    assert finding.because == "new since the deployment"
    assert finding.actual == f"1 new kind of error: 2 lines, first 2026-02-02T12:24:00Z: {BOOM}"


def test_the_severity_is_the_plans():
    assert judged(window(kind(BOOM)), before(), novelty={"severity": "P1"}).severity is Severity.P1


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({"min_count": 2}, FAIL),
        ({"min_count": 3}, PASS),
        ({"ignore": ["written twice"]}, PASS),
        ({"ignore": ["row 7"]}, PASS),
        ({"ignore": ["thrice"]}, FAIL),
    ],
)
def test_what_the_plan_lets_pass(options, outcome):
    assert judged(window(kind(BOOM, 2)), before(), novelty=options).outcome is outcome


def test_the_same_line_as_no_error_before_does_not_make_the_error_old():
    assert judged(window(kind(BOOM)), before(kind(BOOM, name="other")), **ASKED).outcome is FAIL


FAULT = Fault(kind="missing", whose="us", detail="x.log: there is no such file")
DOUBTFUL = {
    "not read": None,
    "a fault": before(fault=FAULT, first_at=None),
    "holes": before(incomplete=("a page is missing",)),
    "too short": before(first_at=T0 - timedelta(minutes=29)),
    "without a line": before(first_at=None),
    "too many kinds": before(templates_left_out={"error": 3}),
}


@pytest.mark.parametrize("earlier", DOUBTFUL.values(), ids=DOUBTFUL)
def test_without_a_time_before_errors_are_inconclusive_only_where_the_plan_asks(earlier):
    assert judged(window(kind(BOOM)), earlier) is None
    finding = judged(window(kind(BOOM)), earlier, **ASKED)
    assert finding.outcome is INCONCLUSIVE
    assert finding.actual.startswith("1 kind of error, and whether they are new is not known: ")
    # No error at all is none that is new.
    assert judged(window(kind("INFO x", name="other")), earlier, **ASKED).outcome is PASS


@pytest.mark.parametrize(("minutes", "outcome"), [(30, FAIL), (29, INCONCLUSIVE)])
def test_half_of_the_time_before_is_enough(minutes, outcome):
    earlier = before(first_at=T0 - timedelta(minutes=minutes))
    assert judged(window(kind(BOOM)), earlier, **ASKED).outcome is outcome


@pytest.mark.parametrize(
    "seen",
    [
        None,
        window(templates=None),
        window(incomplete=("a page",)),
        window(templates_left_out={"error": 1}),
        window(kind("panic: nil", name="unproven")),
    ],
)
def test_what_cannot_be_told_of_the_window_is_inconclusive(seen):
    assert judged(seen, before(), **ASKED).outcome is INCONCLUSIVE
    assert judged(seen, before()) is None


def test_a_known_error_that_only_the_platform_calls_one_is_old():
    line = kind("panic: nil", name="unproven")
    assert judged(window(line), before(line), **ASKED).outcome is PASS
    assert judged(window(line), None, **ASKED).outcome is INCONCLUSIVE


def test_a_hole_in_the_log_does_not_undo_a_new_error():
    assert judged(window(kind(BOOM), incomplete=("a page",)), before()).outcome is FAIL


def test_gone_and_changed_only_where_the_interval_excludes_one_and_the_ratio_is_large():
    earlier = before(
        kind("ERROR gone for good", 12),
        kind("ERROR too seldom to say", 1),
        kind("INFO as ever", 100, "other"),
        kind("INFO twice as often", 100, "other"),
        kind("INFO more", 20, "other"),
    )
    seen = window(
        kind("INFO as ever", 210, "other"),
        kind("INFO twice as often", 400, "other"),
        kind("INFO more", 200, "other"),
        kind("INFO never before", 3, "other"),
    )
    found = compared(plan(), seen, earlier)
    assert [(item.template.example, item.before, item.now) for item in found.gone] == [
        ("ERROR gone for good", 12, 0)
    ]
    assert [item.template.example for item in found.changed] == ["INFO more"]
    assert found.changed[0].ratio.value == pytest.approx(5)
    assert [item.example for item in found.new] == ["INFO never before"]
    assert found.new_errors == ()


@pytest.mark.parametrize(
    ("earlier", "line", "outcome"),
    [
        # A quoted text tells one error from another.
        (['ERROR task "send mail" failed'], 'ERROR task "charge card" failed', FAIL),
        (['ERROR task "send mail 7" failed'], 'ERROR task "send mail 8" failed', PASS),
        (["ERROR could not 'open the file'"], "ERROR could not 'take the money'", FAIL),
        # What differs from line to line is a name.
        (
            [f"ERROR login failed for {name}@example.com" for name in "abc"],
            "ERROR login failed for d@x.org",
            PASS,
        ),
        (
            [f"ERROR login failed for {name}" for name in ("al", "bo", "cy")],
            "ERROR login failed for di",
            PASS,
        ),
        (
            [f'ERROR login of "{name} smith" failed' for name in ("al", "bo", "cy")],
            'ERROR login of "di roe" failed',
            PASS,
        ),
        (["ERROR login failed for al", "ERROR login failed for bo"], "ERROR login failed for di", FAIL),
        (
            [f"ERROR worker died: {name}Error" for name in ("Key", "Type", "Value")],
            "ERROR worker died: MemoryError",
            FAIL,
        ),
        # Places that are named often are a fixed list.
        (
            [f"ERROR no answer from {name}" for name in ("redis", "s3", "mail")] * 9,
            "ERROR no answer from stripe",
            FAIL,
        ),
    ],
)
def test_quotes_hide_nothing_and_names_are_no_kinds(earlier, line, outcome):
    lines = [kind(item, earlier.count(item)) for item in dict.fromkeys(earlier)]
    assert judged(window(kind(line)), before(*lines), **ASKED).outcome is outcome


def test_a_name_that_comes_far_more_often_than_others_is_a_kind():
    lines = [kind(f"ERROR login failed for {name}") for name in ("al", "bo", "cy")]
    assert judged(window(kind("ERROR login failed for di", 4)), before(*lines)).outcome is FAIL


@pytest.mark.parametrize(
    ("then", "now", "outcome"),
    [
        # (lines, minutes, most in a minute); the window is twice as long as the time before.
        ((1, 1, 1), (2, 2, 1), PASS),
        ((1, 1, 1), (20, 20, 1), PASS),
        ((1, 1, 1), (110, 100, 2), FAIL),
        ((1, 1, 1), (500, 1, 500), FAIL),
        ((2, 2, 1), (12, 12, 1), PASS),
        # A burst of forty before explains three of them now.
        ((40, 1, 40), (120, 3, 40), PASS),
        ((40, 1, 40), (5000, 20, 400), FAIL),
        ((600, 60, 10), (1200, 120, 10), PASS),
        ((600, 60, 10), (60000, 120, 500), FAIL),
    ],
)
def test_a_known_error_that_becomes_much_more_frequent_fails(then, now, outcome):
    def with_counts(count, minutes, most):
        return kind(OLD, count, minutes=minutes, most_in_minute=most)

    found = ruled("frequency", window(with_counts(*now)), before(with_counts(*then)), **ASKED)
    assert found.outcome is outcome
    if outcome is FAIL:
        assert f"{now[0]} lines (before: {then[0]}, " in found.actual
        assert (
            ruled("frequency", window(with_counts(*now)), before(with_counts(*then))).severity is Severity.P2
        )


@pytest.mark.parametrize(
    ("then", "now", "outcome"),
    [
        # (minutes, spells): forty minutes are forty troubles, or three long ones.
        ((2, 2), (36, 34), FAIL),
        ((4, 1), (36, 3), PASS),
        # Of a full log every minute is taken, and says little of how often.
        ((17, 12), (116, 4), FAIL),
        ((55, 3), (120, 1), PASS),
    ],
)
def test_minutes_in_a_row_are_one_trouble(then, now, outcome):
    before_it, in_it = (
        kind(OLD, minutes, minutes=minutes, spells=spells, most_in_minute=1)
        for minutes, spells in (then, now)
    )
    assert ruled("frequency", window(in_it), before(before_it), **ASKED).outcome is outcome


def test_a_window_at_speed_stands_for_its_plan_time():
    earlier = Earlier(before=before(kind(OLD, 2, minutes=2, most_in_minute=1)))
    brief = window(kind(OLD, 2, minutes=2, most_in_minute=1), end=T0 + timedelta(seconds=12))
    found = judge_logs(plan(novelty={}), brief, evidence="e", earlier=earlier, speed=600.0)
    assert next(item for item in found if item.rule == "frequency").outcome is PASS


EARLY = T0 - timedelta(minutes=10)


@pytest.mark.parametrize(
    ("deployed", "startup", "earlier", "outcome"),
    [
        # It began with this deployment before T0, in the window or not.
        ({"deployed_by": "platform"}, [kind(OLD)], [], FAIL),
        ({"deployed_by": "plan"}, [kind(OLD)], [], FAIL),
        ({"deployed_by": "platform"}, [kind(OLD)], [kind(OLD)], PASS),
        # A line that any server writes when it starts may be of a restart.
        ({"deployed_by": "start line"}, [kind(OLD)], [], INCONCLUSIVE),
        ({"deployed_by": "start line"}, [], [], FAIL),
        # Nobody says when the deployment began.
        ({}, [], [kind(OLD).model_copy(update={"first_at": EARLY})], INCONCLUSIVE),
        ({}, [], [kind(OLD).model_copy(update={"first_at": T0 - timedelta(minutes=30)})], PASS),
        ({"deployed_by": "plan"}, [], [kind(OLD).model_copy(update={"first_at": EARLY})], PASS),
        # The platform's log of the deployment before is that one's alone.
        ({"file": None}, [], [kind(OLD).model_copy(update={"first_at": EARLY})], PASS),
    ],
)
def test_the_time_before_is_that_of_another_deployment(deployed, startup, earlier, outcome):
    seen = window(kind(OLD), **{"file": LogAtT0(size=1), **deployed})
    began = before(*startup, check="startup") if startup else None
    assert ruled("new", seen, before(*earlier), began, **ASKED).outcome is outcome
    if outcome is FAIL and startup:
        quiet = window(**{"file": LogAtT0(size=1), **deployed})
        assert ruled("new", quiet, before(*earlier), began).outcome is FAIL


def test_warnings_are_known_by_kind_and_a_flood_of_them_is_found():
    full, slow = "WARNING disk is 91 % full", "WARNING slow query"
    earlier = before(kind(full, 1, "warning", minutes=1, most_in_minute=1))
    seen = window(kind(full, 500, "warning", minutes=100, most_in_minute=9), kind(slow, 1, "warning"))
    found = compared(plan(), seen, earlier)
    assert [item.example for item in found.new_warnings] == [slow]
    assert [item.template.example for item in found.more_warnings] == [full]
    assert (found.new_errors, found.more_errors) == ((), ())


def test_what_may_hide_among_the_rest_is_neither_gone_nor_new():
    lost = {"other": 4}
    earlier = before(kind("INFO gone", 99, "other"), templates_left_out=lost)
    found = compared(plan(), window(kind("INFO new", 9, "other"), templates_left_out=lost), earlier)
    assert (found.gone, found.new, found.doubts) == ((), (), ())


INCIDENT = {"incident": ["ERROR backend.redis: Too many connections (20 of 20)"]}


def again(count, seen_line=None, **more):
    line = seen_line or INCIDENT["incident"][0]
    counted = PatternCount(pattern="x", sought=fingerprint(masked(line)), count=count, first_at=T0)
    found = judge_logs(plan(**INCIDENT), window(incident=(counted,), **more), evidence="e")
    return next(item for item in found if item.check == "incident")


def test_a_line_of_the_incident_fails():
    finding = again(2)
    assert (finding.rule, finding.outcome, finding.severity) == ("must_not_appear", FAIL, Severity.P1)
    assert finding.because == "this was the incident"
    assert finding.actual == "2 lines, first 2026-02-02T12:00:00Z: x"


def test_none_of_the_incident_is_only_a_pass_where_it_was_counted_in_a_whole_log():
    assert again(0).outcome is PASS
    assert again(0, incomplete=("a page",)).outcome is INCONCLUSIVE
    assert again(0, "ERROR another plan's line").outcome is INCONCLUSIVE
    assert again(3, "ERROR another plan's line").outcome is INCONCLUSIVE


def test_an_incidents_file_that_nobody_read_is_inconclusive():
    found = judge_logs(plan(incident={"file": "incident.log"}), window(), evidence="e")
    assert next(item for item in found if item.check == "incident").outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    ("incident", "told"),
    [
        ([], "write either"),
        (["INFO fine"], "none of these lines"),
        (["404"], "too few words"),
        ({"file": "../x"}, "beside the plan"),
        ({"file": "x", "lines": ["ERROR something"]}, "write either"),
    ],
)
def test_an_incident_that_can_never_be_found_is_a_mistake_of_the_plan(incident, told):
    with pytest.raises(ValueError, match=told):
        plan(incident=incident)


def unlevelled(line, count=1):
    return kind(line, count, "unlevelled")


@pytest.mark.parametrize(
    ("templates", "outcome"),
    [
        ([unlevelled("listening", 60), unlevelled("order taken", 2)], PASS),
        ([unlevelled("listening", 60), unlevelled("it broke", 20)], INCONCLUSIVE),
        ([unlevelled("listening", 60), kind("connection refused", 1, "unproven")], INCONCLUSIVE),
    ],
)
def test_kinds_without_a_level_that_are_new_may_hide_a_new_error(templates, outcome):
    seen = window(*templates, entries_in_window=100, unlevelled_lines=80)
    finding = judged(seen, before(unlevelled("listening")), **ASKED)
    assert finding.outcome is outcome
    if finding.outcome is INCONCLUSIVE:
        assert "20 of 100 lines of new kinds" in finding.actual or "without a known level" in finding.actual


def test_without_a_time_before_many_lines_without_a_level_are_inconclusive():
    seen = window(unlevelled("listening", 60), entries_in_window=100, unlevelled_lines=60)
    finding = judged(seen, None, **ASKED)
    assert (finding.outcome, "60 of 100 lines carry no level" in finding.actual) == (INCONCLUSIVE, True)
