"""What a report must say, and never say, whatever the run."""

import functools
import re
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from markdown_it import MarkdownIt

from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Finding, LogLine, VerdictOutcome
from deploy_verdict.plan import Claim
from tests.examples import at_least
from tests.report.stories import STORIES, T0, Story, critical, inconclusive, stable, the_log, the_plan
from tests.report.test_text import CALLS, NASTY

PARSER = MarkdownIt("commonmark").enable("table")
HEADINGS = [
    "## Deployment Verification",
    "### Railway Deployment",
    "### Health Checks (T+0)",
    "## E2E Test Results",
    "## 2-Hour Monitoring Results",
    "### Redis Connection Pool Utilization",
    "### Backend Error Logs",
    "### API Performance",
    "## Issues Detected",
    "## Comparison with Crisis Baseline",
    "## Success Criteria Verification",
    "## Recommendations",
    "### Immediate Actions",
    "### Follow-up Actions (Next 24 Hours)",
    "### Medium-term (Next Week)",
    "## Conclusion",
    "## Evidence",
]


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match(r"#{2,3} (?!Issue \d|Inconclusive)", line)]


# What the report tells beside the sections of the plan by hand.
OURS = {"### Between the samples", "### Rollback Options (at T+0)", "### Real Traffic", "### Resources"}


def missions(report):
    """The headings of the plan by hand."""
    return [heading for heading in headings(report) if heading not in OURS]


@pytest.mark.parametrize("name", STORIES)
def test_every_section_stands_in_the_order_of_the_mission(name):
    assert missions(STORIES[name]().report()) == HEADINGS


@pytest.mark.parametrize("name", STORIES)
def test_no_placeholder_is_left(name):
    text = re.sub(r"```.*?```", "", STORIES[name]().report(), flags=re.DOTALL)
    assert not re.search(r"\[(?!redacted| \] )[^\]]*\]|None|Undefined|\{\{", text)


def test_one_cause_is_one_issue():
    """The missing model fix shows in health, beside the samples, in E2E, in never rules and in the log."""
    report = critical().report()
    (title,) = re.findall(r"### Issue .*", report)
    assert title.endswith(
        "500 to every request since T+0min (14:00 UTC): the model fix (f0ec7b5) is not deployed"
    )
    issue = report[report.index("### Issue 1") : report.index("## Comparison with Crisis")]
    for seen in ("pools/completar", "never/server errors", "e2e/ARM Flow", "logs/'CompletarRequest'"):
        assert seen in issue


def test_errors_that_the_cause_does_not_explain_are_an_issue_of_their_own():
    story = critical()
    story.health_body = "oops"
    other = {
        "outcome": "fail",
        "severity": "P1",
        "because": "the service calls itself unhealthy",
        "actual": "oops",
    }
    story.findings = {**story.findings, "health/system-health/$.status": other}
    assert "### Issue 2: The service calls itself unhealthy" in story.report()


def test_a_failing_e2e_test_without_a_bad_answer_is_an_issue_of_its_own():
    story = stable()
    story.outcome = "critical"
    story.findings = {
        "e2e/Health Check/passes": {"outcome": "fail", "severity": "P1", "actual": "status is 404"}
    }
    assert "### Issue 1: E2E test Health Check fails" in story.report()


def test_a_log_that_was_not_read_has_no_zero():
    section = part(inconclusive().report(), "### Backend Error Logs", "### API Performance")
    assert "0 errors" not in section
    assert "0 occurrences" not in section
    assert section.count("not known") == 4


def test_a_log_with_a_hole_has_no_zero():
    story = stable()
    story.findings = {
        "logs/log/readable": {"outcome": "inconclusive", "actual": "the log is silent for 50 min"}
    }
    section = part(story.report(), "### Backend Error Logs", "### API Performance")
    assert "**Errors detected:** not known: none was found, but the log is silent for 50 min" in section
    assert "0 occurrences" not in section


def test_nothing_is_ticked_unless_the_verdict_is_stable():
    assert "- ✅ Deployment successful" in stable().report()
    for story in (critical(), inconclusive()):
        actions = part(story.report(), "### Immediate Actions", "### Follow-up")
        assert "✅" not in actions
        assert "- [ ]" in actions


@pytest.mark.parametrize(("name", "word"), [("stable", "YES"), ("critical", "NO"), ("inconclusive", "NO")])
def test_only_stable_is_ready(name, word):
    assert f"**Ready for Normal Operations:** {word}" in STORIES[name]().report()


@pytest.mark.parametrize(
    ("counted_noun", "words"),
    [
        ((1, "success criterion", "is"), "1 success criterion is"),
        ((2, "success criterion", "is"), "2 success criteria are"),
        ((0, "finding", "was"), "0 findings were"),
        ((1200, "error"), "1,200 errors"),
    ],
)
def test_a_noun_and_its_verb_agree_with_their_number(counted_noun, words):
    assert counted(*counted_noun) == words


def test_a_plan_of_one_criterion_reads_as_english():
    story = stable()
    verdict = story.verdict()
    one = verdict.model_copy(update={"criteria": verdict.criteria[:1]})
    story.verdict = lambda: one
    assert "All checks passed at every scheduled sample; 1 of 1 success criterion met." in story.report()


def test_a_verdict_without_findings_knows_nothing():
    story = stable()
    empty = story.verdict().model_copy(
        update={"findings": (), "criteria": (), "outcome": VerdictOutcome.INCONCLUSIVE}
    )
    story.verdict = lambda: empty
    report = story.report()
    assert "**Nothing was judged, so nothing is known.** ❔" in report
    assert "✅" not in report
    assert "**Ready for Normal Operations:** NO" in report


def test_without_any_evidence_there_still_is_a_report():
    story = Story(without_samples=the_plan().window.offsets_s, outcome="inconclusive")
    story._files = tuple
    report = story.report()
    assert missions(report) == HEADINGS
    assert "Average active connections: not measured" in report
    assert "**Execution:** not checked: no evidence" in report
    assert "High utilization warnings: not measured" in report


def test_what_was_left_out_stands_in_the_first_lines():
    story = stable()
    story.left_out = ("deployment",)
    first = story.report().split("---")[0]
    assert "The operator left out: deployment. The verdict covers the rest." in first
    assert "Build status: not checked (the operator left it out)" in story.report()


def test_speed_is_told_and_times_stay_in_plan_time():
    story = stable()
    story.speed = 600.0
    story.log = the_log(errors=(LogLine(at=T0.replace(second=6), text="boom"),), levels={"ERROR": 1})
    report = story.report()
    assert "Rehearsal: 2 hours played in 12 s, so its times are those of the plan." in report
    assert "- 1 error, 2026-02-02 15:00:00 UTC: `boom`" in report
    assert "**Next Review:** 2026-02-03 14:00:00 UTC" in report


def test_an_interrupted_window_is_ongoing():
    story = inconclusive()
    story.interrupted = True
    assert "**Status:** ONGOING (interrupted)" in story.report()
    assert "The window was interrupted: 12 of 13 scheduled samples taken." in story.report().split("---")[0]


def test_no_unknown_finding_is_hidden_without_its_count():
    story = inconclusive()
    story.more_findings = tuple(
        Finding(
            stage="never", check=f"rule {n}", rule="count", expectation="x", outcome="inconclusive",
            expected="0", actual=f"reason {n}",
        )
        for n in range(40)
    )  # fmt: skip
    assert re.search(r"and \d+ more: `verdict.json` has all 45", story.report())


def test_a_full_pool_is_exhausted_in_table_and_alerts():
    story = stable()
    story.outcome = "critical"
    story.used = {1800.0: (20, 20)}
    story.findings = {
        "pools/redis/band": {"outcome": "fail", "severity": "P1", "actual": "100 %", "at": (1800.0,)},
    }
    report = story.report()
    assert re.search(r"\| T\+30min +\| 20 +\| 100% +\| EXHAUSTED", report)
    assert "Connection exhaustion (every connection in use): 1 occurrence\n" in report


def skeleton(report: str) -> list[str]:
    return [token.type for token in PARSER.parse(report) if token.type not in ("inline", "text")]


def hostile(text: str) -> Story:
    story = critical(text)
    story.plan = the_plan(claims=(Claim(commit="ac0502b" + text, title=text, shown_by="health/completar"),))
    return story


# An error of several lines stands in a block of its own.
@functools.cache
def blocks():
    return [skeleton(hostile(text).report()) for text in ("a plain text", "a text\nof two lines")]


@given(NASTY)
@settings(max_examples=at_least(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_from_outside_changes_the_report(text):
    """Bodies, log lines, claims and findings: same headings, same tables, no HTML, nobody mentioned."""
    # The border lets no lone surrogate in, neither from evidence nor from a plan.
    story = hostile(text.encode("utf-8", "replace").decode())
    for markdown in (story.report(), story.comment()):
        tokens = PARSER.parse(markdown)
        inside = [child for token in tokens for child in token.children or ()]
        assert not {"html_block"} & {token.type for token in tokens}
        assert not {"html_inline", "link_open", "image"} & {child.type for child in inside}
        assert not CALLS.search(" ".join(child.content for child in inside if child.type == "text"))
    assert skeleton(story.report()) in blocks()


def long_story(samples):
    """A window of this many samples."""
    plan = the_plan()
    window = plan.window.model_copy(update={"sample_every": 60.0, "length": 60.0 * samples})
    story = Story(plan=plan.model_copy(update={"window": window}))
    bundle, verdict = story.bundle(), story.verdict()
    story.bundle, story.verdict = lambda: bundle, lambda: verdict
    return story


def calls_of(function):
    """How many calls a function makes, which unlike its time is the same on every machine."""
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def test_a_report_takes_no_more_than_its_samples():
    """The work grows with the samples, not with their square."""
    few, many = long_story(200), long_story(800)
    few.report()
    assert calls_of(many.report) < 5 * calls_of(few.report)


@pytest.mark.complete
def test_ten_thousand_samples_are_still_a_report():
    report = long_story(10_000).report()
    assert "samples are left out: the table has the worst" in report
    assert report.count("\n| T+") <= 210


def part(report: str, start: str, end: str) -> str:
    return report[report.index(start) : report.index(end)]
