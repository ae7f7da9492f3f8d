"""Whole windows through the real post-deploy.yml: what stands on GitHub when it has ended."""

import json
from contextlib import contextmanager

import pytest

from demo.github.hub import Hub
from demo.github.serving import github
from demo.railway import ids
from demo.running import running
from tests.workflow.acting import Acting
from tests.workflow.events import LABEL, railway_event

RUN = 500
SPEED = "150"


@contextmanager
def stage(folder, fault="none", speed=SPEED, **more):
    """A hub, a backend with a fault, and the repository whose workflow runs between them."""
    hub = Hub()
    hub.add_issue(7, body="Move to a connection pool", author="sescanella", title="pull request 7")
    hub.pulls[ids.LIVE_COMMIT] = [7]
    hub.add_run(RUN, display_title=f"verify {LABEL} · {ids.LIVE_COMMIT}", status="in_progress")
    with running(fault=fault, speed=float(speed), log=folder / "backend.log") as backend, github(hub) as url:
        acting = Acting(folder, url, backend, variables={"DEPLOY_VERDICT_SPEED": speed}, **more)
        yield hub, acting
    assert hub.mistakes == []


def ours(hub, number=7):
    return [row["body"] for row in hub.comments[number] if row["body"].startswith("<!-- deploy-verdict:")]


def last_status(hub):
    return [(row["state"], row["description"]) for row in hub.statuses if row["sha"] == ids.LIVE_COMMIT][-1]


@pytest.fixture
def event():
    return railway_event(ids.LIVE_COMMIT)


def test_a_healthy_deployment(tmp_path, event):
    with stage(tmp_path) as (hub, acting):
        code = acting.run("deployment_status", event, run=RUN)
        assert code == 0, acting.log(RUN)[-6000:]
        (body,) = ours(hub)
        assert "✅ STABLE" in body.splitlines()[2] or "✅ STABLE" in body
        assert last_status(hub)[0] == "success"
        assert last_status(hub)[1].startswith("STABLE: ")
        assert last_status(hub)[1].endswith(f" · {LABEL}")
        assert {row["state"] for row in hub.statuses} == {"pending", "success"}
        assert "verdict: stable" in hub.issues[7]["labels"]
        sittings = [f"evidence-{minutes:03d}-a1" for minutes in range(15, 121, 15)]
        assert acting.names(RUN) == [*sittings, "evidence-verify-a1", "report-a1", "window-a1"]
        verdict = json.loads(acting.file(RUN, "report-a1", "verdict.json").read_text())
        assert verdict["outcome"] == "stable"
        assert (verdict["coverage"]["planned"], verdict["coverage"]["taken"]) == (26, 26)
        (dispatch,) = hub.dispatches
        assert dispatch["inputs"]["kind"] == "tail"
        assert dispatch["inputs"]["continue-run"] == str(RUN)
