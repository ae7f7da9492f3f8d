"""Two services of one repository: their events carry one label and often one commit, and each has a run.

Each caller workflow file gets the events of both services, so two runs of one name ask Railway at one moment.
"""

import json
from argparse import Namespace
from contextlib import contextmanager

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from demo.railway import ids
from deploy_verdict.actions.start.event import IgnoredEvent, VerificationRequest, read_inputs
from deploy_verdict.actions.start.gate import Gate, admit
from deploy_verdict.github import Connection
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.plan import read_plan
from tests.actions.test_concurrent_runs import EventfulClock
from tests.github.windows import COMMIT, PLAN, jobs, ours, window
from tests.running import ROOT
from tests.workflow.events import LABEL, dispatch_event, railway_event

FIRST, SECOND = 500, 501
TITLE = f"verify {LABEL} · {ids.LIVE_COMMIT}"
FILE = "verify-backend.yml"


@pytest.fixture
def hub():
    made = Hub()
    made.add_issue(1, body="the incident", author="sescanella")
    yield made
    assert made.mistakes == []


@pytest.fixture
def asked(hub, platform, tmp_path):
    """How the gate of the second run decides, on an event and with what happens while it waits."""

    def ask(*events, event=None, name="deployment_status", inputs=None):
        path = tmp_path / "event.json"
        path.write_text(json.dumps(event or railway_event(ids.LIVE_COMMIT)))
        environment = {
            **platform.environment,
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_WORKFLOW_REF": f"{hub.repository}/.github/workflows/{FILE}@refs/heads/main",
        }
        plan = (ROOT / "plans/zeues.yml").read_bytes()
        clock = EventfulClock(events)
        with github(hub) as url:
            connection = Connection(repository=hub.repository, token=TOKEN, api_url=url, author=hub.author)
            gate = Gate(
                options=Namespace(),
                environment=environment,
                inputs=read_inputs(json.dumps(inputs or {})),
                plan_name="zeues.yml",
                plan=read_plan(plan, "zeues.yml", platform.environment, "2026-02-02"),
                run=SECOND,
                tell=lambda line: None,
                clock=clock,
            )
            return admit(gate, WorkflowRuns(connection))

    for number in (FIRST, SECOND):
        hub.add_run(
            number, workflow=FILE, display_title=TITLE, status="in_progress", head_sha=ids.LIVE_COMMIT
        )
    return ask


def test_the_second_event_does_not_yield_to_a_run_that_then_says_not_ours(hub, asked):
    refused = {"status": "completed", "conclusion": "success"}
    assert isinstance(asked(lambda: hub.runs[FIRST].update(refused)), VerificationRequest)


def test_the_second_event_yields_to_the_run_that_opened_the_window(hub, asked):
    found = asked(lambda: hub.add_artifact(FIRST, "window-a1"))
    assert isinstance(found, IgnoredEvent)
    assert f"run {FIRST} verifies it already" in found.reason


def test_the_other_services_event_asks_github_for_nothing_and_ends_nothing(hub, asked):
    event = dispatch_event(deployment="d0000099-aaaa-4c0f-9d59-2f6a1f0d0099")
    found = asked(event=event, name="repository_dispatch")
    assert isinstance(found, IgnoredEvent)
    assert hub.runs[FIRST]["status"] == "in_progress"
    assert all(path == f"/repos/{hub.repository}" for _, path in hub.requests)


def test_a_later_sample_is_not_lost_to_an_event_that_is_refused_at_that_moment(hub, asked):
    refused = {"status": "completed", "conclusion": "success"}
    inputs = {"kind": "tail", "continue-run": "400"}
    event = {"inputs": {}}
    found = asked(
        lambda: hub.runs[FIRST].update(refused), event=event, name="workflow_dispatch", inputs=inputs
    )
    assert isinstance(found, VerificationRequest)
    hub.runs[FIRST] |= {"status": "in_progress", "conclusion": None}
    hub.add_artifact(FIRST, "window-a1")
    found = asked(event=event, name="workflow_dispatch", inputs=inputs)
    assert isinstance(found, IgnoredEvent)
    assert f"run {FIRST} watches the environment now" in found.reason


def service(tmp_path, name, **more):
    """A judged window of a service of this name, on one deployment's commit."""
    return window(tmp_path / name, text=PLAN.replace("name: small", f"name: {name}"), **more)[1]


@contextmanager
def two_published(hub, tmp_path, number):
    good, bad = service(tmp_path, "web"), service(tmp_path, "api", status=500)
    with jobs(hub) as job:
        for out in (bad, good):
            job().final(out, number=number)
    yield


def test_on_one_issue_each_service_has_its_comment_its_label_and_its_status(hub, tmp_path):
    with two_published(hub, tmp_path, 1):
        first, second = ours(hub, 1)
    assert "CRITICAL ISSUES" in first
    assert "STABLE" in second.splitlines()[2]
    assert hub.issues[1]["labels"] == ["verdict api: critical", "verdict web: stable"]
    assert {(row["sha"], row["context"], row["state"]) for row in hub.statuses} == {
        (COMMIT, "deploy-verdict/api", "failure"),
        (COMMIT, "deploy-verdict/web", "success"),
    }


def test_each_service_has_a_tracking_issue_of_its_own(hub, tmp_path):
    with two_published(hub, tmp_path, None):
        api, web = hub.issues[2], hub.issues[3]
    assert (api["state"], api["labels"]) == ("open", ["deploy-verdict", "verdict api: critical"])
    assert (web["state"], web["labels"]) == ("closed", ["deploy-verdict", "verdict web: stable"])
