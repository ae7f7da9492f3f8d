"""Where Railway waits for CI, no window's run stands on the deployed commit, and setup says why."""

import json

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from demo.railway import ids
from demo.running import running
from tests.actions.test_gate import OWN, TITLE, Gate
from tests.running import ROOT, script
from tests.workflow.events import LABEL, railway_event

PROBE = {"facts": {"wait_for_ci": True}, "queries": []}


@pytest.fixture
def waiting(tmp_path):
    """A Railway with Wait for CI on."""
    (tmp_path / "probe.json").write_text(json.dumps(PROBE))
    with running(log=tmp_path / "backend.log", railway_as=tmp_path / "probe.json") as platform:
        yield platform


@pytest.fixture
def hub():
    made = Hub()
    made.add_run(OWN, display_title=f"{TITLE} · {ids.LIVE_COMMIT}", status="in_progress")
    yield made
    assert made.mistakes == []


def test_the_window_is_left_to_a_run_on_the_default_branch(tmp_path, hub, waiting):
    gate = Gate(tmp_path / "out", hub, waiting, tmp_path)
    done = gate.run(railway_event(ids.LIVE_COMMIT))
    assert done.returncode == 0, done.stderr
    assert gate.outputs["open"] == "false"
    assert "a run on f0ec7b5c would hold back its other builds: a run on main watches it" in done.stdout
    (started,) = hub.dispatches
    assert started["ref"] == "main"
    assert started["inputs"] == {"commit": ids.LIVE_COMMIT, "plan-ref": ids.LIVE_COMMIT, "label": LABEL}
    # That run watches the same deployment, under the same name, and starts no further one.
    hub.runs[OWN]["status"] = "completed"
    again = gate.run({}, "workflow_dispatch", inputs=started["inputs"])
    assert (again.returncode, gate.outputs["open"], len(hub.dispatches)) == (0, "true", 1), again.stderr
    file = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (file["label"], file["commit"], file["ref"]) == (LABEL, ids.LIVE_COMMIT, ids.LIVE_COMMIT)


def test_a_failed_deployment_is_reported_at_once_by_its_own_run(tmp_path, hub, waiting):
    gate = Gate(tmp_path / "out", hub, waiting, tmp_path)
    done = gate.run(railway_event(ids.LIVE_COMMIT, state="failure"))
    assert (done.returncode, gate.outputs["open"], hub.dispatches) == (0, "true", []), done.stderr


@pytest.mark.parametrize(("fixture", "said"), [("waiting", True), ("off", False), ("nobody", None)])
def test_setup_says_what_a_run_does_to_other_builds(tmp_path, request, fixture, said):
    variables = {"RAILWAY_SERVICE_ID": "s"}
    if fixture == "waiting":
        variables = request.getfixturevalue("waiting").environment
    with github(Hub()) as url, running(log=tmp_path / "off.log") as off:
        variables = off.environment if fixture == "off" else variables
        done = script(
            "setup-github", "--plan", ROOT / "plans" / "zeues.yml", "--check",
            environment={**variables, "GITHUB_API_URL": url, "GITHUB_REPOSITORY": "example/zeues",
                         "GITHUB_TOKEN": TOKEN, "TARGET_URL": "http://service.test"},
        )  # fmt: skip
    assert ("note: Wait for CI is on at Railway" in done.stdout) is (said is True)
    assert ("note: github.fail_run_on is critical, and Wait for CI is on" in done.stdout) is (said is True)
    assert ("note: Railway did not say whether Wait for CI is on" in done.stdout) is (said is None)
