"""Every step of the pipeline is broken once or more and resumed; the short version of `make kill`.

The points stand here by the kind of operation that they meet, so that CI breaks the same ones each time. The
demo has a bug: whatever breaks, the verdict stays CRITICAL. `make test` breaks the one process, and
`make test-all` each job too.
"""

import json
import signal
import subprocess
import sys

import pytest

from demo.github.hub import Hub
from demo.running import running
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.session import read_window
from tests.github.windows import COMMIT, take
from tests.killing import checks
from tests.killing.points import Point, broken, looked_after, resumed, settled_first
from tests.killing.world import INJECTOR, JOBS, PLAN, world
from tests.running import command, program, scrubbed
from tests.workflow.test_ending import call, run_of, with_tail

DAY = [
    ("ci gate", "torn", "write", 3),
    ("sample deployment", "kill", "connect", 1),
    ("check_health", "term", "connect", 1),
    ("sample_pools", "full", "open", 1),
    ("sample exercise", "ro", "mkdir", 1),
    ("run_e2e", "kill", "connect", 2),
    ("ci progress", "kill", "end", 1),
    ("sample floor", "kill", "connect", 23),
    ("sample floor", "full", "write", 6),
    ("sample top_up", "kill", "connect", 2),
    ("ci sample", "torn", "write", 9),
    ("ci sample", "full", "write", 5),
    ("ci close", "kill", "rename", 3),
    ("judge_evidence", "torn", "write", 1),
    ("judge_evidence", "full", "write", 3),
    ("render_report", "full", "write", 1),
    ("notify", "kill", "open", 1),
    ("notify", "kill", "end", 1),
    ("publish_report", "full", "write", 1),
    ("publish_report", "kill", "connect", 1),
    ("ci conclude", "ro", "open", 1),
]
WATCHED = [
    ("watch_deployment", "torn", "write", 2),
    ("watch_deployment", "term", "connect", 3),
    ("watch_deployment", "full", "write", 5),
    ("watch_deployment", "ro", "remove", 1),
    ("watch_deployment", "kill", "write", 9),
    ("publish_report", "kill", "connect", 1),
]


def met(done, point):
    """Whether the process came as far as its fault; one that was killed left no count."""
    return done.returncode in checks.KILLED or done.operations.count(point.kind) >= point.at


def through(place, pipeline, rows):
    """Break each step as its row says, then run it again; checks all the while."""
    for step, fault, kind, at in rows:
        point = Point(pipeline, step, at, fault, kind)
        done, whole = broken(place, point)
        assert met(done, point), (str(point), done.operations)
        if not any(row[0] == step for row in rows[rows.index((step, fault, kind, at)) + 1 :]):
            resumed(place, step, whole)
    checks.history_is_read(place)
    outcome = checks.never_better(place, "critical")
    checks.comment_is_final(place, outcome.value)


@pytest.fixture
def here(tmp_path):
    with world(tmp_path, "completar-bug") as made:
        yield made


# Alone: beside others its suite is ten seconds late, and would be missed.
@pytest.mark.complete
@pytest.mark.alone
def test_each_job_is_broken_and_resumed(here):
    assert {row[0] for row in DAY} == set(JOBS)
    place = here.new_place("jobs")
    through(place, "jobs", DAY)
    # Once by the run that was killed before it noted so, and once by the next.
    checks.was_told(place, (2,))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(WATCHED[1:2] + WATCHED[4:], id="killed"),
        pytest.param(WATCHED, marks=pytest.mark.complete, id="each way"),
    ],
)
def test_the_one_process_is_broken_and_resumed(here, rows):
    through(here.new_place("one process"), "one process", rows)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(("ci sample", 3, "torn", "write"), marks=pytest.mark.complete, id="free"),
        pytest.param(("run_e2e", 2, "kill", "connect"), id="held"),
    ],
)
def test_the_watchdog_ends_the_comment_of_a_run_that_nobody_goes_on_with(here, row):
    """Where its test entity is held still, an open entry names it, and the next run gives it back."""
    place = here.new_place("jobs")
    for step in ("ci gate", "ci progress"):
        assert place.run(step).returncode == 0
    broken(place, Point("jobs", *row, abandoned=True))
    looked_after(place)
    held = row[0] == "run_e2e"
    assert [bool(checks.owed(place)), checks.is_free(place.environment["TARGET_URL"])] == [held, not held]
    settled_first(place)


def test_a_sitting_that_is_asked_to_stop_marks_its_evidence(here):
    place = here.new_place("jobs")
    place.run("ci gate")
    done, _ = broken(place, Point("jobs", "sample_pools", 1, "term", "connect"))
    (item,) = [found for found in read_evidence(place.out / "evidence") if found.evidence.stage == "pools"]
    assert (done.returncode, item.evidence.interrupted) == (0, True)


def test_a_look_is_given_up_also_when_that_was_killed_half_way(tmp_path):
    """Its evidence is put aside already, and the window does not know yet."""
    hub = Hub()
    hub.add_run(500, display_title="verify by hand", status="in_progress", head_sha=COMMIT)
    base, out = run_of(tmp_path, kind="tail")
    plan, file = with_tail(out)
    take(out, plan, file, 21600.0, COMMIT)
    path = out / "evidence" / "deployment.T+360.a1.json"
    path.write_text(path.read_text().replace('"SUCCESS"', '"REMOVED"'))
    told = {"root": str(out), "at": 2, "fault": "kill", "kind": "rename", "count": str(tmp_path / "count")}
    close = [sys.executable, INJECTOR, json.dumps(told), *program("ci close"), *base]
    assert subprocess.run(close, env=scrubbed(), capture_output=True).returncode in checks.KILLED
    assert not path.exists()
    assert read_window(out).layout.tails_s == (21600.0,)
    assert "was dropped" in call(hub, "ci close", *base).stdout
    assert read_window(out).layout.tails_s == ()


def test_a_stop_while_the_deployment_is_waited_for_opens_no_window(tmp_path):
    (tmp_path / "plan.yml").write_text(PLAN.replace("production}", "production, wait: 5m}"))
    with running(fault="railway-in-flight", log=tmp_path / "backend.log") as backend:
        process = subprocess.Popen(
            command("watch_deployment", "--plan", tmp_path / "plan.yml", "--out", tmp_path / "out"),
            env=scrubbed({**backend.environment, "TARGET_URL": backend.base_url}),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert any("waiting for it" in line for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGTERM)
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 3, told
    assert "no window was opened — run the same command again" in told
    assert not (tmp_path / "out").exists()
