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
from deploy_verdict.session import read_window
from deploy_verdict.verdicts import COMMENT_FILE, read_bundle, write_reports, write_verdict
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
}


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
