"""The last deployments beside this one, and the badge: nothing that is not known reads as good."""

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from deploy_verdict.markup.tables import table
from deploy_verdict.model import EarlierVerdict, VerdictOutcome
from deploy_verdict.publish.comment_state import outcome_in, status_line, tally_in
from deploy_verdict.publish.posts import _verdict_line
from deploy_verdict.report.after.badge import badge, render_badge
from deploy_verdict.report.after.deployments import last_deployments, suite_rate
from deploy_verdict.window.judge_directory import TEMPLATES
from tests.bundles import T0, bundle_of
from tests.plans import plan_of
from tests.publish.test_notification import finding, verdict_of

PLAN = plan_of("health: [{name: api, get: /api, expect: {status: 200}}]\n")
RUN = "https://github.test/o/r/actions/runs/7"


def suite_test(name, outcome="pass"):
    return finding(outcome, check=name).model_copy(update={"stage": "e2e", "rule": "passes"})


OWN = verdict_of("critical", [suite_test("a"), suite_test("b", "fail"), suite_test("pre-check")])


def earlier(number, outcome="stable", e2e="8/8", **more):
    fields = {"window": f"w-{number}", "deployment": f"d-{number}", "commit": f"{number:07}" + "a" * 33}
    fields |= {"plan": "small", "target": "x", "judged_at": T0 - timedelta(days=20 - number)}
    return EarlierVerdict(**{**fields, "outcome": outcome, "e2e": e2e, **more})


def bundle(*before):
    return replace(bundle_of(PLAN), earlier=before)


def test_ten_deployments_newest_first_each_once_with_the_suites_rate():
    before = [earlier(number) for number in range(12)]
    before += [
        # The same deployment again, an outcome of a later version, our own line, and the future.
        earlier(11, "attention", "6/8", judged_at=T0 - timedelta(hours=1), link=RUN),
        earlier(90, "wonderful", judged_at=T0 - timedelta(hours=4)),
        earlier(91, "attention", window="w1", judged_at=T0 - timedelta(hours=3)),
        earlier(92, judged_at=T0 + timedelta(hours=1)),
        earlier(93, "stable", None, judged_at=T0 - timedelta(hours=2)),
    ]
    found = last_deployments(bundle(*before), OWN)
    assert found.count == 10
    assert found.marks == "✅ ✅ ✅ ✅ ✅ ✅ ✅ ✅ ⚠️ ❌"
    rows = found.table.rows
    assert [row[2:] for row in rows[:3]] == [
        ("❌ CRITICAL ISSUES", "1/2", ""),
        ("⚠️ NEEDS ATTENTION", "6/8", f"[run]({RUN})"),
        ("✅ STABLE", "not known", ""),
    ]
    assert found.e2e == "95 % (63 of 66 tests; of 1 deployment not known)"
    assert f"| [run]({RUN}) |" in table(found.table)
    assert found.without_runs.rows[1] == rows[1][:-1]


def test_alone_it_has_no_table_and_a_rehearsal_is_named():
    assert last_deployments(bundle(), OWN) is None
    found = last_deployments(bundle(earlier(1, is_rehearsal=True)), OWN)
    assert found.table.rows[1][2] == "❔ STABLE (rehearsal)"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://x/)[y](https://z", "https://x/ |", "", None]
)
def test_a_link_that_could_be_anything_else_is_none(link):
    found = last_deployments(bundle(earlier(1, link=link)), OWN)
    assert found.table.rows[1][4] == ""


@pytest.mark.parametrize(
    ("tallies", "words"),
    [
        ([None, None], "not known"),
        ([], "not known"),
        (["0/0"], "not known"),
        (["199/200"], "99 % (199 of 200 tests)"),
        (["8/8", None], "100 % (8 of 8 tests; of 1 deployment not known)"),
        (["0/8"], "0 % (0 of 8 tests)"),
    ],
)
def test_the_rate_rounds_nothing_up_to_all(tallies, words):
    assert suite_rate(tallies) == words


@pytest.mark.parametrize("environment", ["production", "x: E2E 9/9; · y", None])
@pytest.mark.parametrize("outcome", VerdictOutcome)
def test_the_status_carries_the_suites_result_to_the_next_deployment(outcome, environment):
    line = status_line(
        _verdict_line(verdict_of(outcome, [suite_test("a"), suite_test("b", "fail")])), environment
    )
    assert (tally_in(line), outcome_in(line, environment)) == ("1/2", outcome)
    bare = status_line(_verdict_line(verdict_of(outcome, [suite_test("a", "inconclusive")])), environment)
    assert (tally_in(bare), outcome_in(bare, environment)) == (None, outcome)


@pytest.mark.parametrize(
    ("outcome", "speed", "message", "color"),
    [
        ("stable", 1.0, "stable · E2E 100 % of 2 deployments", "brightgreen"),
        ("stable", 600.0, "rehearsal, stable · E2E 100 % of 2 deployments", "lightgrey"),
        ("critical", 600.0, "critical issues · E2E 100 % of 2 deployments", "red"),
        ("inconclusive", 1.0, "inconclusive · E2E 100 % of 2 deployments", "lightgrey"),
    ],
)
def test_the_badge_is_green_for_a_stable_window_only(outcome, speed, message, color):
    verdict = verdict_of(outcome, [suite_test("a")], window=OWN.window.model_copy(update={"speed": speed}))
    found = badge(bundle(earlier(1)), verdict)
    assert found == {"schemaVersion": 1, "label": "deployment", "message": message, "color": color}
    picture = ET.fromstring(render_badge(found, TEMPLATES))
    assert picture.find("{http://www.w3.org/2000/svg}title").text == f"deployment: {message}"
