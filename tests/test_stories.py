"""Golden stories: a folder of evidence each, and the whole verdict, report and comment that come of it.

Run with UPDATE_GOLDEN=1 to accept what comes out now; the run then fails and asks to read the diff.
"""

import json
import os
import shutil
from datetime import timedelta

import pytest

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.plan import read_plan
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.window.directory.session import read_window
from deploy_verdict.window.judge_directory import COMMENT_FILE, read_bundle, write_reports, write_verdict
from tests.running import ROOT

CASES = ROOT / "tests" / "cases"
STORIES = {
    "healthy": "stable",
    "completar_bug": "critical",
    "pool_leak": "critical",
    "slow_leak": "attention",
    "pool_field_missing": "inconclusive",
    "dead_gauge": "inconclusive",
    "target_down": "critical",
    "edge_502": "critical",
    "lock_broken": "critical",
    "logs_with_errors": "critical",
    "log_silent": "inconclusive",
    "evidence_missing": "inconclusive",
    "evidence_of_other_commit": "inconclusive",
    "evidence_malformed": "inconclusive",
    "hostile_text": "critical",
    "no_evidence": "inconclusive",
    "gauge_nan": "inconclusive",
    "gauge_as_text": "inconclusive",
    "gauge_is_html": "inconclusive",
    "gauge_is_null": "inconclusive",
    "only_our_faults": "inconclusive",
    "hole_at_the_end": "inconclusive",
    "no_test_ran": "inconclusive",
}
# Where products that were read end green although nothing was measured, and the story in which ours does not.
FAIL_OPEN = {
    "Argo Rollouts: ended before the first measurement": "no_evidence",
    "Argo Rollouts: only measurements that failed, limits not yet crossed": "only_our_faults",
    "Kayenta: a whole group without data": "pool_field_missing",
    "Kayenta: empty data taken for a number": "gauge_nan",
    "Gatus: the JSON path is missing": "pool_field_missing",
    "Gatus: the JSON path is no number": "gauge_is_null",
    "Gatus: an HTML page where JSON was promised": "gauge_is_html",
    "Step CI: text compared as a number": "gauge_as_text",
    "k6: a rate of checks of which none was executed": "no_test_ran",
    "Datadog deployment gate: a timeout or an unexpected error": "only_our_faults",
    "Datadog quality gate: the service is down": "target_down",
    "Datadog synthetics: no test was found": "no_test_ran",
    "CircleCI: no signal in the window": "log_silent",
    "EnricoMi: no test results": "no_test_ran",
    "CloudFormation: insufficient data": "hole_at_the_end",
    "a gauge that never moves": "dead_gauge",
    "stale evidence: of another commit": "evidence_of_other_commit",
    "evidence that cannot be read": "evidence_malformed",
}

# The same where no evidence is needed to be refused, or one rule of the judge says it all: file and test.
FAIL_OPEN_TESTS = {
    "Argo Rollouts: a metric with no condition": ("plan/test_reading.py", "test_a_mistake_in_a_check"),
    "Keptn: no history to compare with": (
        "stages/logs/test_judge_novelty.py",
        "test_without_a_time_before_errors_are_inconclusive_only_where_the_plan_asks",
    ),
    "Harness: no control data": (
        "stages/logs/test_judge_novelty.py",
        "test_without_a_time_before_errors_are_inconclusive_only_where_the_plan_asks",
    ),
    "Gatus: a number is cut to an integer": (
        "expect/test_matchers.py",
        "test_short_form_on_both_sides_of_its_limit",
    ),
    "Datadog: its command ends with 0 all the same": (
        "test_scripts.py",
        "test_the_exit_code_is_the_verdicts",
    ),
}


@pytest.mark.parametrize("case", FAIL_OPEN_TESTS)
def test_what_others_call_good_without_a_story_has_its_test(case):
    file, name = FAIL_OPEN_TESTS[case]
    assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text()


@pytest.mark.parametrize("case", FAIL_OPEN)
def test_what_others_call_good_without_having_looked_is_not_stable(case):
    verdict = json.loads((CASES / FAIL_OPEN[case] / "verdict.json").read_text())
    assert verdict["outcome"] != "stable"
    assert STORIES[FAIL_OPEN[case]] == verdict["outcome"]
    assert any(item["outcome"] != "pass" and item["actual"] for item in verdict["findings"])


def test_each_folder_is_a_story():
    assert {path.name for path in CASES.iterdir() if path.is_dir()} == set(STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_the_story_ends_as_it_did(story, tmp_path):
    folder = CASES / story
    shutil.copytree(folder, tmp_path / "out")
    file = read_window(tmp_path / "out")
    plan = read_plan((CASES / "plan.yml").read_bytes(), "plan.yml", {}, f"{file.window.t0:%Y-%m-%d}")
    # The plan's text may grow comments without making the evidence foreign.
    bundle = read_bundle(plan, tmp_path / "out", file, (), corrected_plan=True)
    at = file.window.t0 + timedelta(minutes=5)
    verdict = write_verdict(bundle, tmp_path / "out", at, interrupted=False)
    write_reports(bundle, verdict, tmp_path / "out", at)
    made = {
        "verdict.json": (tmp_path / "out" / "verdict.json").read_text(),
        "report.md": (tmp_path / "out" / REPORT_NAME).read_text(),
        "comment.md": (tmp_path / "out" / COMMENT_FILE).read_text(),
    }
    if os.environ.get("UPDATE_GOLDEN"):
        for name, text in made.items():
            (folder / name).write_text(text)
        pytest.fail("updated, read the diff")
    assert verdict.outcome == VerdictOutcome(STORIES[story])
    for name, text in made.items():
        assert text == (folder / name).read_text(), name
    if story == "healthy":
        assert [
            item for item in json.loads(made["verdict.json"])["findings"] if item["outcome"] != "pass"
        ] == []
