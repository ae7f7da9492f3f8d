"""The gate as a process, between a GitHub and a Railway that answer over sockets."""

import json
import shlex
from dataclasses import dataclass

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from demo.railway import ids
from deploy_verdict.window.sampling.schedule import offsets_of
from tests.actions.conftest import OWN, TITLE
from tests.running import ROOT, script
from tests.workflow.events import LABEL, dispatch_event, railway_event

TIMERS = range(15, 121, 15)


@dataclass
class Gate:
    out: object
    hub: Hub
    platform: object
    folder: object

    def run(self, event, name="deployment_status", inputs=None, **variables):
        path, outputs = self.folder / "event.json", self.folder / "outputs"
        path.write_text(json.dumps(event))
        outputs.write_text("")
        with github(self.hub) as url:
            environment = {
                **self.platform.environment,
                "GITHUB_API_URL": url,
                "GITHUB_REPOSITORY": self.hub.repository,
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_RUN_ID": str(OWN),
                "GITHUB_EVENT_NAME": name,
                "GITHUB_EVENT_PATH": str(path),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_SHA": "c" * 40,
                "INPUTS": json.dumps(inputs or {}),
                "TARGET_URL": self.platform.base_url,
                **variables,
            }
            done = script("ci gate", "--service", ROOT, "--plan", "plans/zeues.yml", "--out", self.out,
                          environment=environment)  # fmt: skip
        self.outputs = dict(line.partition("=")[::2] for line in outputs.read_text().splitlines())
        return done

    def file(self, name):
        return json.loads((self.out / name).read_text())

    def matrix(self):
        """As the workflow makes it of the outputs: each sample job's name and its environment."""
        names, environments = (self.outputs[name].split('","') for name in ("samples", "environments"))
        assert not set("{}[]") & set("".join(self.outputs.values()))
        return list(zip(names, environments, strict=True))


@pytest.fixture
def gate(tmp_path, hub, platform):
    return Gate(tmp_path / "out", hub, platform, tmp_path)


def test_railways_event_opens_a_window_on_the_plans_deployment(gate):
    done = gate.run(railway_event(ids.LIVE_COMMIT))
    assert done.returncode == 0, done.stderr
    assert gate.outputs["open"] == "true"
    window = gate.file("window.json")
    assert window["subject"]["deployment"] == ids.LIVE_ID
    assert window["subject"]["environment"] == LABEL
    run = gate.file("run.json")
    assert (run["run"], run["kind"], run["label"], run["commit"]) == (OWN, "window", LABEL, ids.LIVE_COMMIT)
    assert (gate.out / "plan.yml").read_bytes() == (ROOT / "plans" / "zeues.yml").read_bytes()


def test_without_wait_timers_one_job_sees_the_whole_window_and_samples_densely(gate):
    gate.run(railway_event(ids.LIVE_COMMIT))
    assert gate.matrix() == [("all", "verify-now")]
    assert 120 <= int(gate.outputs["timeout"]) <= 150
    assert gate.file("window.json")["layout"]["dense_every_s"] == 60
    (remark,) = gate.file("window.json")["remarks"]
    assert "mode single, chosen by auto: 0 of" in remark


def test_with_wait_timers_each_look_has_a_job_of_its_own(gate):
    for minutes in TIMERS:
        gate.hub.add_environment(f"verify-t{minutes:03d}", wait_timer=minutes)
    gate.run(railway_event(ids.LIVE_COMMIT))
    waiting = [(f"{minutes:03d}", f"verify-t{minutes:03d}") for minutes in TIMERS]
    assert gate.matrix() == [("000", "verify-now"), *waiting]
    # A timer may be lifted after the gate: then the job sleeps until its sample is due.
    assert int(gate.outputs["timeout"]) >= 120
    assert "mode timer, chosen by auto: 8 of 8 samples" in gate.file("window.json")["remarks"][0]
    assert gate.file("window.json")["layout"]["spread_s"] == 300


def test_an_environment_without_its_timer_is_told_and_not_trusted(gate):
    for minutes in TIMERS:
        gate.hub.add_environment(f"verify-t{minutes:03d}", wait_timer=None if minutes == 60 else minutes)
    gate.run(railway_event(ids.LIVE_COMMIT), inputs={"mode": "timer"})
    assert dict(gate.matrix())["060"] == "verify-t045"


def test_an_older_window_on_the_environment_is_ended_and_an_equal_one_is_left(gate, hub):
    hub.add_run(400, display_title=f"{TITLE} · {'b' * 40}", status="in_progress")
    hub.add_run(401, display_title=f"verify zeues / staging · {'b' * 40}", status="in_progress")
    done = gate.run(railway_event(ids.LIVE_COMMIT))
    assert "cancelling run 400" in done.stderr
    assert [row["id"] for row in hub.runs.values() if row["status"] == "completed"] == [400]

    hub.add_run(402, display_title=f"{TITLE} · {ids.LIVE_COMMIT}", status="in_progress")
    hub.add_artifact(402, "window-a1")
    done = gate.run(railway_event(ids.LIVE_COMMIT))
    assert (gate.outputs["open"], "run 402 verifies it already" in gate.outputs["reason"]) == ("false", True)


def test_the_event_of_another_service_opens_nothing_and_ends_nothing(gate, hub):
    hub.add_run(400, display_title=f"{TITLE} · {'b' * 40}", status="in_progress")
    done = gate.run(dispatch_event(deployment="d0000099-aaaa-4c0f-9d59-2f6a1f0d0099"), "repository_dispatch")
    assert done.returncode == 0, done.stderr
    assert gate.outputs["open"] == "false"
    assert hub.runs[400]["status"] == "in_progress"
    assert not (gate.out / "window.json").exists()


def test_an_event_that_is_not_ours_needs_no_window_and_is_no_failure(gate):
    done = gate.run(railway_event(ids.LIVE_COMMIT, state="in_progress"))
    assert (done.returncode, gate.outputs["open"]) == (0, "false")
    assert "no window: the deployment's state" in done.stdout


def test_github_that_cannot_be_asked_costs_no_window(gate, hub):
    hub.switches.primary_limit = True
    done = gate.run(railway_event(ids.LIVE_COMMIT))
    assert (done.returncode, gate.outputs["open"]) == (0, "true"), done.stderr
    assert "opening the window without a check for other runs" in done.stderr
    assert [name for name, _ in gate.matrix()] == ["all"]


def status(commit, state, line, context="deploy-verdict/zeues-backend"):
    made = {"id": 1, "sha": commit, "state": state, "context": context, "description": line}
    return {**made, "target_url": None, "created_at": "2026-01-30T12:00:00Z"}


def test_earlier_verdicts_are_known_from_the_commit_statuses(gate, hub):
    for commit, state, line in (
        (ids.GOOD_COMMIT, "success", f"STABLE: 0 failed · {LABEL}"),
        (ids.INCIDENT_COMMIT, "failure", f"CRITICAL ISSUES: E2E 3/8; 3 failed · {LABEL}"),
    ):
        hub.statuses.append(status(commit, state, line) | {"target_url": f"https://github.test/{commit}"})
    gate.run(railway_event(ids.LIVE_COMMIT))
    lines = [json.loads(line) for line in (gate.out / "history.jsonl").read_text().splitlines()]
    assert {(line["commit"], line["outcome"], line["e2e"], line["link"]) for line in lines} == {
        (ids.GOOD_COMMIT, "stable", None, f"https://github.test/{ids.GOOD_COMMIT}"),
        (ids.INCIDENT_COMMIT, "critical", "3/8", f"https://github.test/{ids.INCIDENT_COMMIT}"),
    }


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("success", "STABLE: 0 failed · zeues / staging"),
        ("success", "CRITICAL ISSUES: 1 failed · zeues / production"),
        ("failure", "STABLE: 0 failed · zeues / production"),
        ("success", "all good"),
        ("pending", "STABLE: so far · zeues / production"),
    ],
)
def test_a_status_of_another_environment_or_in_other_words_is_no_verdict(gate, hub, state, line):
    hub.statuses.append(status(ids.GOOD_COMMIT, state, line))
    gate.run(railway_event(ids.LIVE_COMMIT))
    assert not (gate.out / "history.jsonl").exists()


@pytest.mark.parametrize(
    "context",
    [
        "deploy-verdict",
        "deploy-verdict/zeues-web",
        "deploy-verdict/zeues-backend/later-sample",
        "deploy-verdict/start/zeues-backend",
    ],
)
def test_what_another_service_was_is_no_verdict_on_this_one(gate, hub, context):
    """Two services of one repository, one environment, one commit: a rollback target is STABLE by its own."""
    hub.statuses.append(status(ids.GOOD_COMMIT, "success", f"STABLE: 0 failed · {LABEL}", context))
    gate.run(railway_event(ids.LIVE_COMMIT))
    assert not (gate.out / "history.jsonl").exists()


def test_run_again_the_window_stays(gate):
    gate.run(railway_event(ids.LIVE_COMMIT))
    first = gate.file("window.json")["window"]["t0"]
    done = gate.run(railway_event(ids.LIVE_COMMIT), GITHUB_RUN_ATTEMPT="2")
    assert done.returncode == 0, done.stderr
    assert gate.file("window.json")["window"]["t0"] == first


@pytest.mark.parametrize(
    ("event", "name"),
    [({}, "workflow_dispatch"), (dispatch_event(deployment=ids.LIVE_ID), "repository_dispatch")],
)
def test_the_commit_is_known_from_the_start_so_that_the_comment_has_one_place(gate, event, name):
    gate.run(event, name)
    assert gate.file("window.json")["subject"]["commit"] == ids.LIVE_COMMIT
    assert gate.file("run.json")["commit"] == ids.LIVE_COMMIT


def test_by_hand_a_shorter_window_on_a_named_issue(gate):
    done = gate.run({}, "workflow_dispatch", inputs={"length": "30m", "number": "7", "dry-run": "true"})
    assert done.returncode == 0, done.stderr
    window = gate.file("window.json")["window"]
    assert (window["length_s"], window["offsets_s"]) == (1800.0, [0.0, 900.0, 1800.0])
    assert (gate.file("run.json")["number"], gate.file("run.json")["dry_run"]) == (7, True)


def test_a_window_goes_on_as_an_extension_and_as_a_tail(gate):
    gate.run({}, "workflow_dispatch", inputs={"mode": "sleep"})
    done = gate.run({}, "workflow_dispatch", inputs={"kind": "extension", "continue-run": "400"})
    assert done.returncode == 0, done.stderr
    window = gate.file("window.json")["window"]
    assert (window["length_s"], window["earlier_lengths_s"]) == (14400.0, [7200.0])
    assert gate.file("run.json")["continues"] == 400
    inputs = {"kind": "tail", "continue-run": "401", "mode": "timer"}
    done = gate.run({}, "workflow_dispatch", inputs=inputs)
    assert done.returncode == 0, done.stderr
    assert gate.file("window.json")["window"]["earlier_lengths_s"] == [7200.0, 14400.0]
    # Its wait timer was lifted: the job would sleep for hours and be killed, so the clock starts it again.
    assert gate.outputs["open"] == "false"
    (promise,) = [row for row in gate.hub.statuses if row["context"].endswith("/later-sample")]
    assert (promise["state"], " · run 401 · report-a1" in promise["description"]) == ("pending", True)


def test_a_later_sample_that_is_due_is_taken(gate):
    gate.run({}, "workflow_dispatch", inputs={"mode": "sleep"}, DEPLOY_VERDICT_SPEED="20")
    inputs = {"kind": "tail", "continue-run": "401", "mode": "timer"}
    done = gate.run({}, "workflow_dispatch", inputs=inputs)
    assert done.returncode == 0, done.stderr
    assert [name for name, _ in gate.matrix()] == ["360"]


def test_a_run_that_left_nothing_cannot_go_on(gate):
    done = gate.run({}, "workflow_dispatch", inputs={"kind": "tail", "continue-run": "400"})
    assert done.returncode in (2, 3)
    assert "plan.yml" in done.stderr or "left no window" in done.stderr


@pytest.mark.parametrize("plan", ["../secret.yml", "/etc/passwd", "plans/none.yml"])
def test_a_plan_outside_of_the_repository_is_refused(gate, plan):
    done = gate.run(railway_event(ids.LIVE_COMMIT), inputs={"plan": plan})
    assert done.returncode == 2
    assert shlex.quote(plan).strip("'")[-8:] in done.stderr


def test_the_offsets_of_the_matrix_are_those_of_the_window(gate):
    gate.run(railway_event(ids.LIVE_COMMIT), inputs={"mode": "sleep"})
    from deploy_verdict.plan import read_plan

    plan = read_plan((gate.out / "plan.yml").read_bytes(), "plan.yml", {}, "2026-02-02")
    named = [float(name) * 60 for name, _ in gate.matrix()]
    assert named == list(offsets_of(plan, dense=False))


def test_a_failure_that_the_platform_does_not_confirm_is_never_stable(gate):
    """GitHub says failure and Railway says live: nothing else was asked, so nothing is known."""
    assert gate.run(railway_event(ids.LIVE_COMMIT, state="failure")).returncode == 0
    assert gate.matrix() == [("000", "verify-now")]
    base = ("--plan", gate.out / "plan.yml", "--out", gate.out)
    variables = gate.platform.environment | {"TARGET_URL": gate.platform.base_url}
    assert script("ci sample", *base, "--samples", "000", environment=variables).returncode == 0
    assert [path.name for path in (gate.out / "evidence").iterdir()] == ["deployment.T+000.a1.json"]
    assert script("judge_evidence", *base, environment=variables).returncode == 12
