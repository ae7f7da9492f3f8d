"""For each fault of the demo: its verdict, and the sentence that names it.

The evidence of a complete window of each fault is judged: it lies in tests/faults (tests/record_faults.py).
One fault of each stage is also watched live; `make test-all` watches all of them.
"""

import json
import lzma
import re
import subprocess
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest

from demo.faults import FAULTS
from demo.railway import ids
from demo.running import running
from deploy_verdict.model import VerdictOutcome
from deploy_verdict.plan import asked_once, read_plan
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.window.judge_directory import read_bundle, write_reports, write_verdict
from deploy_verdict.window.session import read_window
from tests.running import ROOT, command, script, scrubbed

EVIDENCE = ROOT / "tests" / "faults"
VARIABLES = {"TARGET_URL": "http://service.test", "RAILWAY_PROJECT_ID": ids.PROJECT_ID,
             "RAILWAY_SERVICE_ID": ids.SERVICE_ID}  # fmt: skip
EXIT_CODES = {VerdictOutcome.STABLE: 0, VerdictOutcome.ATTENTION: 10, VerdictOutcome.CRITICAL: 11,
              VerdictOutcome.INCONCLUSIVE: 12}  # fmt: skip

STORIES = {
    "none": (0, "All checks passed at every scheduled sample; 6 of 6 success criteria met."),
    "completar-bug": (11, "The model fix (f0ec7b5) is not deployed"),
    "pool-exhausted": (11, "the pool is exhausted"),
    "pool-exhausted-later": (11, "the pool is exhausted"),
    "pool-leak": (11, "the pool is filling up"),
    "slow-leak": (10, "connections grow over the window, as a leak does"),
    "old-pool-size": (11, "Phase 2 (ac0502b) is not deployed"),
    "missing-field": (
        12,
        "the answer has no utilization_percent (it has: max_connections, available_connections, alert,",
    ),
    "dead-gauge": (12, "6 requests at once did not show in it (3.0 with them, 3.0 without): too short"),
    "cached-gauge": (12, "6 requests at once did not show in it"),
    "lost-samples": (12, "only 4 of 8 blocks could be read: T+45min: the answer's status is 429"),
    "request-leak": (10, "requests leave connections behind"),
    "lying-gauge": (12, "it contradicts itself in 270 of 270 readings:"),
    "flaky-500": (11, "500 errors were the crisis"),
    "slow": (10, "some answers are too slow"),
    "health-unhealthy": (11, "The service calls itself unhealthy"),
    "too-many-connections-in-log": (11, "Too many connections: this was the crisis"),
    "new-error-in-log": (10, "1 new kind of error: 1 line, first"),
    "redis-cannot-save": (10, "what is written is lost when it restarts"),
    "down": (11, "The service did not answer"),
    "html-502": (11, "the edge answered 502 in place of the service (x-railway-fallback)"),
    "lock-broken": (11, "2 answered 200"),
    # The last line may come before the window or in its first second: what is told of it in both cases.
    "log-silent": (12, "answered requests of ours: the log has gaps"),
    "history-empty": (11, "What was done must stand in the audit trail"),
    "railway-failed-build": (11, "ERROR: No matching distribution found for redis==99.0"),
    "railway-crash-later": (11, "crashed (status CRASHED) and used up its restarts"),
    "railway-superseded": (12, "was replaced by deployment d0000006 of commit 77aa1b2c"),
    "railway-in-flight": (0, "Waited for it: "),
    "railway-stopped": (11, "says SUCCESS, but all of its instances have stopped (1 EXITED)"),
    "railway-no-commit": (0, "The platform knows no commit of this deployment"),
    "railway-rate-limited": (12, "too many requests for this account (HTTP 429)"),
    "railway-flapping-5xx": (0, "live in 9 of 9 scheduled samples"),
    "railway-html-403": (12, "this says nothing about the token"),
    "railway-expired-token": (12, "Not Authorized (trace 0demo) — the token is wrong, expired"),
    "railway-slow": (0, "live in 9 of 9 scheduled samples"),
    "railway-log-hole": (12, "the log is silent for"),
    "railway-log-dropped": (12, "Railway dropped lines: it says so 1 times"),
    "railway-canary-cut": (12, "it has gaps and cannot be trusted"),
    "traffic-5xx": (11, "users met server errors"),
    "memory-leak": (10, "memory grows over the window, as a leak does"),
    "railway-old-container": (11, "of commit 0badbadc, which this one replaced, answered "),
    "stale-code": (11, "is deployed, but the answers are those of older code: STALE"),
    "stale-at-first": (0, "; the answers before: "),
    "users-locked-out": (11, "users are not logged in any more"),
    "one-instance-broken": (11, "500 errors were the crisis"),
    "down-between-samples": (11, "Service unavailable"),
    "restarts": (10, "the service was restarted within the window"),
    "cached-answers": (12, "are copies out of a cache (Age: 312"),
}


OFFERED = "# return_to_floor: {test: ARM Flow, cycles: 1000, rate: 20/s, settle: 30s}"
DRIVEN = "return_to_floor: {test: ARM Flow, cycles: 250, rate: 50/s, settle: 30s}"


def test_every_fault_has_its_story_and_its_evidence():
    assert set(STORIES) == set(FAULTS) == {path.name.partition(".")[0] for path in EVIDENCE.iterdir()}


def test_a_fault_of_each_stage_is_watched_live():
    plan = read_plan((ROOT / "plans" / "zeues.yml").read_bytes(), "plan.yml", VARIABLES, "2026-02-02")
    named = {word for told in LIVE.values() for word in re.findall(r"\w+", told)}
    assert set(plan.stages) <= named
    assert set(LIVE) <= set(STORIES)


# One fault for what each stage finds, watched live also in the short suite.
LIVE = {
    "none": "every stage",
    "railway-superseded": "deployment",
    "stale-code": "claims",
    "health-unhealthy": "health",
    "lock-broken": "e2e",
    "pool-leak": "pools: levels and the alarm",
    "slow-leak": "pools: growth",
    "cached-gauge": "pools: exercise",
    "lost-samples": "coverage",
    "log-silent": "logs",
    "new-error-in-log": "logs: novelty",
    "redis-cannot-save": "logs: another service's",
    "traffic-5xx": "traffic",
    "memory-leak": "metrics",
    "completar-bug": "exposure and writes",
    "down": "no stage can see anything",
    "down-between-samples": "heartbeat",
    "railway-expired-token": "no platform can be asked",
}
# Faster, a busy machine comes too late to the samples.
SPEED = 600


@pytest.mark.parametrize("fault", STORIES)
def test_the_evidence_tells_the_cause(fault, tmp_path):
    out = tmp_path / "out"
    with lzma.open(EVIDENCE / f"{fault}.tar.xz") as packed, tarfile.open(fileobj=packed) as files:
        # As an attribute: the parameter came with Python 3.11.4.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(out)
    leave_out_the_server(out)
    file = read_window(out)
    text = plan_for(fault, tmp_path).read_bytes()
    plan = read_plan(text, "plan.yml", VARIABLES, f"{file.window.t0:%Y-%m-%d}")
    if not (out / "evidence" / "health.T+015.a1.json").exists():
        # Recorded when a check was asked once.
        plan = asked_once(plan)
    # The plan's text may grow comments without making the evidence foreign.
    bundle = read_bundle(plan, out, file, (), corrected_plan=True)
    at = file.window.t0 + timedelta(minutes=5)
    verdict = write_verdict(bundle, out, at, interrupted=False)
    write_reports(bundle, verdict, out, at)
    assert_names_the_cause(fault, EXIT_CODES[verdict.outcome], out)


def leave_out_the_server(out):
    """As where REDIS_PUBLIC_URL is not given: these were recorded before the plan asked Redis itself."""
    for path in (out / "evidence").glob("pools.*.json"):
        evidence = json.loads(path.read_text())
        burst = next((item for item in evidence["observations"] if item["check"] == "redis"), None)
        if burst and not any(item["check"] == "redis-server" for item in evidence["observations"]):
            server = {"check": "redis-server", "url": "redis://", "readings": [], "not_asked": True}
            evidence["observations"].append({**burst, **server, "interrupted": False})
            path.write_text(json.dumps(evidence))


@pytest.mark.waits
@pytest.mark.parametrize(
    "fault", [pytest.param(name, marks=[] if name in LIVE else pytest.mark.complete) for name in STORIES]
)
def test_the_verdict_names_the_cause(fault, tmp_path):
    done, out = watched(fault, tmp_path)
    assert "Traceback" not in done.stderr
    assert_names_the_cause(fault, done.returncode, out, done.stderr)


def watched(fault, folder):
    """A complete window on the demo with this fault: the process that watched it, and its directory."""
    log, out, speed = folder / "backend.log", folder / "out", SPEED
    with running(fault=fault, speed=speed, log=log) as backend:
        done = script(
            "watch_deployment", "--plan", plan_for(fault, folder), "--target", backend.base_url,
            "--speed", speed, "--out", out, environment={**backend.environment, "REDIS_PUBLIC_URL": ""},
        )  # fmt: skip
    return done, out


def assert_names_the_cause(fault, exit_code, out, stderr=""):
    expected, sentence = STORIES[fault]
    verdict = json.loads((out / "verdict.json").read_text())
    bad = [finding for finding in verdict["findings"] if finding["outcome"] != "pass"]
    assert exit_code == expected, (stderr, bad[:5])
    report = (out / REPORT_NAME).read_text()
    assert sentence in plain(report)
    assert_no_placeholders(report)
    if exit_code == 0:
        assert bad == []
        assert "answered requests of ours are in the log (100 %)" in plain(report)
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


@pytest.mark.waits
def test_without_railway_the_logs_come_from_a_file(tmp_path):
    """The laptop guide's command, without a token."""
    log, out = tmp_path / "backend.log", tmp_path / "out"
    with running(speed=3600, log=log) as backend:
        done = script(
            "watch_deployment", "--plan", ROOT / "plans" / "zeues.yml", "--target", backend.base_url,
            "--logs", log, "--without", "railway", "--speed", 3600, "--out", out,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    assert "The operator left out: deployment, traffic, metrics." in report
    assert "### Rollback Options" not in report


@pytest.mark.waits
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
