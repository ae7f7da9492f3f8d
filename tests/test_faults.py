"""For each fault of the demo: the whole window at speed, its verdict, and the sentence that names it."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from demo.faults import FAULTS
from demo.railway import ids
from demo.running import running
from tests.running import ROOT, command, script, scrubbed

STORIES = {
    "none": (0, "Everything that was asked held at every planned look; 6 of 6 success criteria are met."),
    "completar-bug": (11, "The model fix (f0ec7b5) is not deployed"),
    "pool-exhausted": (11, "the pool is exhausted"),
    "pool-leak": (11, "the pool is filling up"),
    "slow-leak": (10, "connections grow over the window, as a leak does"),
    "old-pool-size": (11, "Phase 2 (ac0502b) is not deployed"),
    "missing-field": (
        12,
        "the answer has no utilization_percent (it has: max_connections, available_connections, alert,",
    ),
    "dead-gauge": (12, "6 requests at once did not show in it (3.0 with them, 3.0 without): it is a copy"),
    "cached-gauge": (12, "6 requests at once did not show in it"),
    # How often the first look asks, and so which sample is the first one lost, depends on the machine.
    "lost-samples": (
        12,
        re.compile(r"only [345] of 8 blocks could be read: T\+\d+min: the answer's status is 429"),
    ),
    "request-leak": (10, "requests leave connections behind"),
    "lying-gauge": (12, "it contradicts itself in 270 of 270 readings:"),
    "flaky-500": (11, "500 errors were the crisis"),
    "slow": (10, "some answers are too slow"),
    "health-unhealthy": (11, "The service calls itself unhealthy"),
    "too-many-connections-in-log": (11, "Too many connections: this was the crisis"),
    "new-error-in-log": (10, "1 new kind of error: 1 line, first"),
    "down": (11, "The service did not answer"),
    "html-502": (11, "the edge answered 502 in place of the service (x-railway-fallback)"),
    "lock-broken": (11, "2 answered 200"),
    # The last line may come before the window or in its first second: what is told of it in both cases.
    "log-silent": (12, "answered requests of ours: the log has holes"),
    "history-empty": (11, "What was done must stand in the audit trail"),
    "railway-failed-build": (11, "ERROR: No matching distribution found for redis==99.0"),
    "railway-crash-later": (11, "crashed (status CRASHED) and used up its restarts"),
    "railway-superseded": (12, "was replaced by deployment d0000006 of commit 77aa1b2c"),
    "railway-in-flight": (0, "Waited for it: "),
    "railway-stopped": (11, "says SUCCESS, but all of its instances have stopped (1 EXITED)"),
    "railway-no-commit": (0, "The platform knows no commit of this deployment"),
    "railway-rate-limited": (12, "too many requests for this account (HTTP 429)"),
    "railway-flapping-5xx": (0, "live at 9 of 9 planned looks"),
    "railway-html-403": (12, "this says nothing about the token"),
    "railway-expired-token": (12, "Not Authorized (trace 0demo) — the token is wrong, expired"),
    "railway-slow": (0, "live at 9 of 9 planned looks"),
    "railway-log-hole": (12, "the log is silent for"),
    "railway-log-dropped": (12, "Railway dropped lines: it says so 1 times"),
    "railway-canary-cut": (12, "it has holes, and is not to be trusted"),
    "traffic-5xx": (11, "users met server errors"),
    "memory-leak": (10, "memory grows over the window, as a leak does"),
    "stale-code": (11, "is deployed, but the answers are those of older code: STALE"),
    "stale-at-first": (0, "; the answers before: "),
}


OFFERED = "# return_to_floor: {test: ARM Flow, cycles: 1000, rate: 20/s, settle: 30s}"
DRIVEN = "return_to_floor: {test: ARM Flow, cycles: 250, rate: 50/s, settle: 30s}"


def test_every_fault_has_its_story():
    assert set(STORIES) == set(FAULTS)


@pytest.mark.parametrize("fault", STORIES)
def test_the_verdict_names_the_cause(fault, tmp_path):
    exit_code, sentence = STORIES[fault]
    log, out = tmp_path / "backend.log", tmp_path / "out"
    with running(fault=fault, speed=600, log=log) as backend:
        done = script(
            "watch_deployment", "--plan", plan_for(fault, tmp_path), "--target", backend.base_url,
            "--speed", 600, "--out", out, environment=backend.environment,
        )  # fmt: skip
    verdict = json.loads((out / "verdict.json").read_text())
    bad = [finding for finding in verdict["findings"] if finding["outcome"] != "pass"]
    assert done.returncode == exit_code, (done.stderr, bad[:5])
    report = (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    pattern = sentence if isinstance(sentence, re.Pattern) else re.compile(re.escape(sentence))
    assert pattern.search(plain(report))
    assert_no_placeholders(report)
    assert "Traceback" not in done.stderr
    if exit_code == 0:
        assert bad == []
        assert "of ours that were answered are in it (100 %)" in plain(report)
        assert [row["outcome"] for row in verdict["criteria"]] == ["pass"] * 6
        assert next(row["actual"] for row in verdict["criteria"] if row["name"] == "E2E tests") == "8/8"


def plan_for(fault, tmp_path):
    """The plan of the demo; what no window sees takes the cycles that it offers beside."""
    plan = ROOT / "plans" / "zeues.yml"
    if fault != "request-leak":
        return plan
    text = plan.read_text()
    assert OFFERED in text
    (tmp_path / "plan.yml").write_text(text.replace(OFFERED, DRIVEN))
    return tmp_path / "plan.yml"


def plain(report):
    """The report without the marks that only Markdown needs."""
    return report.replace("`", "").replace("\\", "")


def assert_no_placeholders(report):
    """Nothing of the mission's template is left in brackets."""
    outside = "\n".join(part for number, part in enumerate(report.split("```")) if number % 2 == 0)
    for mark in ("[X]", "[Y]", "[Z]", "[W]", "[PASS/FAIL]", "[notes]", "[timestamp]", "[status]", "YES / NO"):
        assert mark not in outside


def test_the_report_has_the_missions_sections_in_its_order(tmp_path):
    """The headings of the plan by hand, each once and in order."""
    headings = (Path(__file__).parent / "report" / "mission_headings.txt").read_text().splitlines()
    golden = (Path(__file__).parent / "report" / "golden" / "stable.report.md").read_text()
    places = [golden.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)


def test_without_railway_the_logs_come_from_a_file(tmp_path):
    """The laptop guide's command, without a token."""
    log, out = tmp_path / "backend.log", tmp_path / "out"
    with running(log=log) as backend:
        done = script(
            "watch_deployment", "--plan", ROOT / "plans" / "zeues.yml", "--target", backend.base_url,
            "--logs", log, "--without", "railway", "--speed", 600, "--out", out,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    assert "Left out by the operator's choice: deployment, traffic, metrics." in report
    assert "### The Way Back" not in report


def test_killed_and_run_again_the_window_goes_on_with_its_deployment(tmp_path):
    """Killed without a word in the middle; the same command ends it, on the deployment of the first run."""
    out = tmp_path / "out"
    arguments = ["--plan", ROOT / "plans" / "zeues.yml", "--speed", 600, "--out", out, "--target"]
    with running(log=tmp_path / "backend.log") as backend:
        process = subprocess.Popen(
            command("watch_deployment", *arguments, backend.base_url),
            env=scrubbed(backend.environment), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        for line in process.stderr:
            if "redis T+30min" in line:
                process.kill()
                break
        process.wait()
        process.stderr.close()
        first = json.loads((out / "window.json").read_text())["subject"]["deployment"]
        done = script("watch_deployment", *arguments, backend.base_url, environment=backend.environment)
    verdict = json.loads((out / "verdict.json").read_text())
    assert first == verdict["subject"]["deployment"] == ids.LIVE_ID
    bad = [finding for finding in verdict["findings"] if finding["outcome"] != "pass"]
    assert (done.returncode, bad) == (0, [])
