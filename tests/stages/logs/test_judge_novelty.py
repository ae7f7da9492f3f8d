"""New kinds of errors, gone and changed lines, and the incident's own lines."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy_verdict.base.log_templates import fingerprint, masked
from deploy_verdict.model import (
    Fault,
    LogObservation,
    Outcome,
    PatternCount,
    Severity,
    Silence,
    TemplateCount,
)
from deploy_verdict.plan import Logs
from deploy_verdict.stages.logs.judge import judge_logs
from deploy_verdict.stages.logs.novelty import compared

T0 = datetime(2026, 2, 2, 12, tzinfo=UTC)
PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
BOOM = "ERROR ledger: row 7 was written twice"
OLD = "ERROR redis: Too many connections"


def kind(line, count=1, name="error"):
    return TemplateCount(
        template=masked(line), kind=name, count=count, first_at=T0 + timedelta(minutes=24), example=line
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
    found = judge_logs(plan(**more), seen, evidence="e", before=earlier)
    return next((item for item in found if item.check == "novelty"), None)


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
