"""Railway's log as a source of the review: whole, in order, with levels that know what stderr is worth."""

from datetime import timedelta

from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.railway.answers import moment
from deploy_verdict.stages.logs.counting.review import review
from deploy_verdict.stages.logs.sources import railway_source as log_railway
from deploy_verdict.stages.logs.sources.railway_source import RailwaySource
from tests.bundles import T0
from tests.plans import plan_of
from tests.stages.platform import context_on

END = T0 + timedelta(hours=2)


def logged(number, message=None, severity="info", attributes=()):
    at = (T0 + timedelta(seconds=number)).isoformat().replace("+00:00", ".000000000Z")
    pairs = [{"key": key, "value": value} for key, value in attributes]
    return {
        "timestamp": at,
        "message": message or f"line {number}",
        "severity": severity,
        "attributes": pairs,
        "tags": None,
    }


def railway_with(logs):
    """Railway's habits: oldest first, the newest limit + 1 of what lies before the end."""

    def answers(operation, variables):
        assert operation == "deploy_log"
        rows = logs[variables["id"]]
        if isinstance(rows, list) and rows and isinstance(rows[0], str):
            return rows
        kept = [item for item in rows if moment(item["timestamp"]) <= moment(variables["end"])]
        return {"deploymentLogs": kept[-(variables["limit"] + 1) :]}

    return answers


def read(logs, ids=("d1",), **more):
    with context_on(railway_with(logs)) as context:
        source = RailwaySource(
            context.platform.railway,
            ids,
            **{"end": END, "window_start": T0, "tier": None, "tell": lambda line: None, **more},
        )
        return list(source.lines()), source


def test_every_line_once_over_several_pages(monkeypatch):
    monkeypatch.setattr(log_railway, "PAGE", 7)
    lines, source = read({"d1": [logged(number) for number in range(40)]})
    assert [line.text for line in lines] == [f"line {number}" for number in range(40)]
    assert (source.fault, source.incomplete) == (None, ())
    assert all(line.enveloped and line.zoned for line in lines)


def test_two_deployments_are_merged_by_time():
    first, second = [logged(number) for number in (0, 2, 4)], [logged(number) for number in (1, 3, 5)]
    lines, _ = read({"d1": first, "d2": second}, ids=("d1", "d2"))
    assert [line.text for line in lines] == [f"line {number}" for number in range(6)]


def test_plain_stderr_is_no_proven_error_and_the_services_own_level_is():
    lines, _ = read(
        {
            "d1": [
                logged(0, "INFO started", "error"),
                logged(1, "started", "error"),
                logged(2, "ERROR boom", "info"),
                logged(3, "boom", "error", [("level", '"error"'), ("user", '"7"')]),
            ]
        }
    )
    assert [line.level for line in lines] == ["INFO", UNPROVEN_LEVEL, "ERROR", "ERROR"]


def test_attributes_are_searched_too():
    lines, _ = read({"d1": [logged(0, "boom", "info", [("error", '"Too many connections"')])]})
    assert lines[0].text == 'boom\nerror="Too many connections"'


def test_a_page_that_is_refused_is_the_fault_and_what_was_read_stays(monkeypatch):
    monkeypatch.setattr(log_railway, "PAGE", 3)
    rows = [logged(number) for number in range(9)]
    turns = []

    def answers(operation, variables):
        turns.append(variables)
        return railway_with({"d1": rows})(operation, variables) if len(turns) == 1 else ["Not Authorized"]

    with context_on(answers) as context:
        source = RailwaySource(
            context.platform.railway, ("d1",), end=END, window_start=T0, tier=None, tell=lambda line: None
        )
        assert [line.text for line in source.lines()] == ["line 6", "line 7", "line 8"]
    assert source.fault.kind == "unauthorized"


def test_a_window_older_than_the_logs_are_kept_is_incomplete():
    _, source = read({"d1": []}, end=T0 + timedelta(days=8))
    assert source.incomplete[0].startswith(
        "Railway keeps logs for 7 days (the shortest tier; set railway.tier)"
    )
    _, source = read({"d1": []}, end=T0 + timedelta(days=8), tier="pro")
    assert source.incomplete == ()


def test_dropped_lines_are_told_by_the_review():
    rows = [logged(number * 60) for number in range(120)]
    rows[60]["message"] = "Railway rate limit of 500 logs/sec reached for replica, update your application"
    logs = plan_of("logs: {must_not_appear: [boom]}\n").logs
    with context_on(railway_with({"d1": rows})) as context:
        source = RailwaySource(
            context.platform.railway, ("d1",), end=END, window_start=T0, tier=None, tell=lambda line: None
        )
        seen = review(logs, source, start=T0, end=END, redact=str)
    assert "Railway dropped lines: it says so once (" in seen.incomplete[0]


def test_the_canary_is_counted_in_the_window():
    rows = [
        logged(-60, "GET /api/x 200"),
        *(logged(number, "GET /api/x 200") for number in range(3)),
        logged(9),
    ]
    logs = plan_of("logs: {must_not_appear: [boom], canary: {regex: 'GET /api/'}}\n").logs
    with context_on(railway_with({"d1": rows})) as context:
        source = RailwaySource(
            context.platform.railway, ("d1",), end=END, window_start=T0, tier=None, tell=lambda line: None
        )
        seen = review(logs, source, start=T0, end=END, redact=str)
    assert [(item.pattern, item.count) for item in seen.patterns if item.pattern == "canary"] == [
        ("canary", 3)
    ]
