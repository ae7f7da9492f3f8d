"""For each fault of the demo: its verdict, and the sentence that names it.

The evidence of a complete window of each fault is judged: it lies in tests/faults (tests/record_faults.py).
One fault of each stage is also watched live; `make test-all` watches all of them.
"""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from demo.faults import FAULTS
from demo.railway import ids
from demo.running import running
from deploy_verdict import __version__
from deploy_verdict.model import Outcome, VerdictOutcome
from deploy_verdict.plan import read_plan
from deploy_verdict.report import REPORT_NAME, render_report, template_environment
from deploy_verdict.stages.registry import names
from deploy_verdict.window.directory.evidence_store import write_text
from deploy_verdict.window.judge_directory import TEMPLATES, write_verdict
from tests.faults_on_record import EVIDENCE, VARIABLES, bundle_of_fault, plan_text_for, unpack_fault
from tests.running import ROOT, command, script, scrubbed

FIRST_LINES = ROOT / "tests" / "first_lines"
EXIT_CODES = {VerdictOutcome.STABLE: 0, VerdictOutcome.ATTENTION: 10, VerdictOutcome.CRITICAL: 11,
              VerdictOutcome.INCONCLUSIVE: 12}  # fmt: skip

STORIES = {
    "none": (0, "All checks passed at every scheduled sample; 6 of 6 success criteria met."),
    "completar-bug": (11, "UTC): the model fix (f0ec7b5) is not running"),
    "pool-exhausted": (11, "the pool is exhausted"),
    "pool-exhausted-later": (11, "the pool is exhausted"),
    "pool-leak": (11, "the pool is filling up"),
    "slow-leak": (10, "connections grow over the window, as a leak does"),
    "old-pool-size": (11, "Phase 2 (ac0502b) is not running"),
    "missing-field": (
        12,
        "the answer has no utilization_percent (it has: max_connections, available_connections, alert,",
    ),
    "dead-gauge": (
        12,
        "6 requests at once did not show in it (3.0 with them, 3.0 without): they may be too short",
    ),
    "cached-gauge": (12, "6 requests at once did not show in it"),
    "lost-samples": (12, "only 4 of 8 blocks could be read: T+45min: the answer's status is 429"),
    "request-leak": (10, "requests leave connections behind"),
    "lying-gauge": (12, "its numbers contradict each other in all 270 readings:"),
    "flaky-500": (11, "500 errors were the crisis"),
    "slow": (10, "some answers are too slow"),
    "health-unhealthy": (11, "The backend cannot reach Redis since T+0min ("),
    "too-many-connections-in-log": (11, "Too many connections”: the error of the crisis is back"),
    "new-error-in-log": (10, "1 new kind of error: 1 line, first"),
    "redis-cannot-save": (10, "what is written is lost when it restarts"),
    "down": (11, "UTC): the connection was refused. All "),
    "html-502": (11, "the edge answered 502 in place of the service (x-railway-fallback)"),
    "lock-broken": (11, "2 answered 200"),
    # The last line may come before the window or in its first second: what is told of it in both cases.
    "log-silent": (12, ": the log has gaps"),
    "history-empty": (11, "E2E test History fails at every run since T+0min ("),
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
    "railway-log-dropped": (12, "Railway dropped lines: it says so "),
    "railway-canary-cut": (12, "it has gaps and cannot be trusted"),
    "traffic-5xx": (11, "requests of users. That is "),
    "memory-leak": (10, "memory grows over the window, as a leak does"),
    "railway-old-container": (11, "of commit 0badbadc, which this one replaced, answered "),
    "stale-code": (11, "is deployed, but the answers are those of older code: STALE"),
    "stale-at-first": (0, "; the answers before: "),
    "users-locked-out": (11, "Users are not logged in any more"),
    "one-instance-broken": (11, "500 errors were the crisis"),
    "down-between-samples": (11, "Service unavailable"),
    "restarts": (11, "The service restarts over and over"),
    "cached-answers": (12, "are copies out of a cache (Age: 312"),
}


def test_every_fault_has_its_story_and_its_evidence():
    assert set(STORIES) == set(FAULTS) == {path.name.partition(".")[0] for path in EVIDENCE.iterdir()}


def test_a_fault_of_each_stage_is_watched_live():
    plan = read_plan((ROOT / "plans" / "zeues.yml").read_bytes(), "plan.yml", VARIABLES, "2026-02-02")
    # What the exercise finds is said of the pool.
    assert set(plan.stages) - {"exercise"} <= {stages[0] for fault, stages in LIVE.items() if fault != "none"}
    assert set(LIVE) <= set(STORIES)


STAGES = names()
# One fault for what each stage finds, watched live also in the short suite: by that stage, which is first,
# and those whose evidence it needs. The healthy service is watched by all stages.
LIVE = {
    "none": STAGES,
    "railway-superseded": ("deployment", "health"),
    "stale-code": ("deployment", "health"),
    "health-unhealthy": ("health", "deployment", "logs"),
    "pool-leak": ("pools", "exercise"),
    "log-silent": ("logs", "deployment", "health", "pools"),
    "redis-cannot-save": ("logs", "services", "deployment", "health", "e2e", "pools"),
    "traffic-5xx": ("traffic", "deployment"),
    "memory-leak": ("metrics", "deployment", "health", "e2e"),
    "completar-bug": ("e2e", "deployment", "health"),
    "down-between-samples": ("heartbeat", "health"),
}
# Faster, a busy machine comes too late to the samples; so does one whose platform takes seconds to answer.
SPEED, SPEEDS = 100, {"none": 60, "railway-slow": 60, "railway-flapping-5xx": 120}


@pytest.mark.parametrize("fault", STORIES)
def test_the_evidence_tells_the_cause(fault, tmp_path):
    out = tmp_path / "out"
    unpack_fault(fault, out)
    bundle = bundle_of_fault(fault, out)
    at = bundle.window.t0 + timedelta(minutes=5)
    verdict = write_verdict(bundle, out, at, interrupted=False)
    # The windows that are watched write the page and the comment too.
    report = render_report(
        bundle, verdict, template_environment(TEMPLATES), generated_at=at, tool_version=__version__
    )
    write_text(out / REPORT_NAME, report)
    assert_names_the_cause(fault, EXIT_CODES[verdict.outcome], out)
    failed = [finding for finding in verdict.findings if finding.outcome is Outcome.FAIL]
    # All that fails by one fault is one cause with its symptoms.
    assert len([cause for cause in verdict.causes if cause.severity]) == min(1, len(failed))
    assert_first_lines(fault, verdict)


def assert_first_lines(fault, verdict):
    """The cause and what to do, as whoever is woken by it reads them. UPDATE_GOLDEN=1 writes them anew."""
    text, path = "\n".join(first_lines(verdict)) + "\n", FIRST_LINES / f"{fault}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} updated, read the diff")
    assert text == path.read_text(encoding="utf-8")


def first_lines(verdict):
    yield verdict.outcome.shown
    told = [cause for cause in verdict.causes if cause.severity]
    for cause in told or verdict.causes[:3]:
        yield f"{cause.severity or '?'} {cause.sentence}"
        yield from (f"   doubtful: {doubt}" for doubt in cause.doubts)
    for number, action in enumerate(verdict.do_now, start=1):
        yield f"{number}. {action.text}"
        yield from (f"   $ {line}" for line in (action.command or "").splitlines()[:1])


@pytest.mark.waits
@pytest.mark.parametrize("fault", LIVE)
def test_the_stages_that_find_it_name_the_cause(fault, tmp_path):
    done, out = watched(fault, tmp_path, LIVE[fault])
    assert "Traceback" not in done.stderr
    assert_names_the_cause(fault, done.returncode, out, done.stderr)


@pytest.mark.waits
@pytest.mark.complete
@pytest.mark.parametrize("fault", [fault for fault in STORIES if LIVE.get(fault) != STAGES])
def test_the_verdict_names_the_cause(fault, tmp_path):
    done, out = watched(fault, tmp_path, STAGES)
    assert "Traceback" not in done.stderr
    assert_names_the_cause(fault, done.returncode, out, done.stderr)


def watched(fault, folder, stages):
    """A window on the demo with this fault, watched by these stages: the process, and its directory."""
    log, out, speed = folder / "backend.log", folder / "out", SPEEDS.get(fault, SPEED)
    left_out = without(stage for stage in STAGES if stage not in stages)
    with running(fault=fault, speed=speed, log=log) as backend:
        done = script(
            "watch_deployment", "--plan", plan_for(fault, folder), "--target", backend.base_url, *left_out,
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


def without(stages):
    return [word for stage in stages for word in ("--without", stage)]


def plan_for(fault, tmp_path):
    """The plan of the demo; what no window sees takes the cycles that it offers beside."""
    if fault != "request-leak":
        return ROOT / "plans" / "zeues.yml"
    (tmp_path / "plan.yml").write_text(plan_text_for(fault))
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


# Beside the log, this needs only the requests that stand in it: the short form makes few of them.
@pytest.mark.waits
@pytest.mark.parametrize(
    "more", [("pools", "exercise", "heartbeat"), pytest.param((), marks=pytest.mark.complete)]
)
def test_without_railway_the_logs_come_from_a_file(more, tmp_path):
    """The laptop guide's command, without a token."""
    log, out = tmp_path / "backend.log", tmp_path / "out"
    with running(speed=SPEED, log=log) as backend:
        done = script(
            "watch_deployment", "--plan", ROOT / "plans" / "zeues.yml", "--target", backend.base_url,
            "--logs", log, "--without", "railway", *without(more), "--speed", SPEED, "--out", out,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = (out / "POST-DEPLOYMENT-MONITORING-REPORT.md").read_text()
    assert f"The operator left out: {', '.join(('deployment', 'traffic', 'metrics', *more))}." in report
    assert "### Rollback Options" not in report


@pytest.mark.waits
@pytest.mark.parametrize("left_out", [("heartbeat", "logs", "traffic", "metrics"),
                                      pytest.param((), marks=pytest.mark.complete)])  # fmt: skip
def test_killed_and_run_again_the_window_goes_on_with_its_deployment(left_out, tmp_path):
    """Killed without a word in the middle; the same command ends it, on the deployment of the first run."""
    out = tmp_path / "out"
    arguments = ["--plan", ROOT / "plans" / "zeues.yml", "--speed", SPEED, "--out", out, *without(left_out)]
    arguments += ["--target"]
    with running(log=tmp_path / "backend.log", speed=SPEED) as backend:
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
