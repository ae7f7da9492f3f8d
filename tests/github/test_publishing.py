"""A judged window posted on a GitHub that answers after GitHub's own OpenAPI description."""

import json
from contextlib import contextmanager

import pytest

from demo.github.hub import Hub
from demo.github.serving import REPOSITORY, TOKEN, github
from deploy_verdict.errors import ProviderError
from deploy_verdict.evidence import write_json
from deploy_verdict.github import Connection, Destination, GitHub, marker_of
from deploy_verdict.job_output import annotations
from deploy_verdict.model import Deployment, DeploymentObservation, Instance, Subject
from deploy_verdict.plan import read_plan
from deploy_verdict.session import open_window
from deploy_verdict.verdicts import read_verdict
from tests.bundles import T0, http, loaded
from tests.clocks import TurnedClock
from tests.running import script

COMMIT = "f0ec7b5" + "a" * 33
PLAN = """
version: 1
name: small
service: {base_url: "http://service.test"}
railway: {project: p, service: s}
window: {length: 1m, sample_every: 1m}
health: [{name: api, get: /api, expect: {status: 200}}]
"""


def window(tmp_path, *, status=200, commit=COMMIT):
    """A judged window on a deployment of a commit: STABLE, or CRITICAL with status 500."""
    plan_path, out = tmp_path / "plan.yml", tmp_path / "out"
    tmp_path.mkdir(exist_ok=True)
    plan_path.write_text(PLAN)
    plan = read_plan(PLAN.encode(), "plan.yml", {}, "2026-02-02")
    subject = Subject(target="http://service.test", environment="production", deployment="d-1")
    file = open_window(plan, out, subject, clock=TurnedClock(), speed=1.0)
    found = Deployment(id="d-1", status="SUCCESS", commit=commit, created_at=T0, stopped=False,
                       can_rollback=True, instances=(Instance(id="i", status="RUNNING"),))  # fmt: skip
    for offset_s in (0.0, 60.0):
        look = DeploymentObservation(
            offset_s=offset_s, at=T0, deployment=found, active=(found,), recent=(found,)
        )
        keep(out, plan, file, "deployment", look, offset_s)
    keep(out, plan, file, "health", http("api", {}, status=status), 0.0)
    base = ["--plan", plan_path, "--out", out]
    judged = script("judge_evidence", *base)
    assert judged.returncode in (0, 11), judged.stderr
    assert script("render_report", *base).returncode == 0
    return base, out


def keep(out, plan, file, stage, observation, offset_s):
    item = loaded(plan, stage, [observation], offset_s, subject=file.subject, window=file.window)
    write_json(out / "evidence" / item.name, item.evidence)


@pytest.fixture
def hub():
    made = Hub()
    made.add_issue(1, body="the incident", author="sescanella")
    yield made
    assert made.mistakes == []


@contextmanager
def published(hub):
    """How to run publish_report.py against the hub."""
    with github(hub) as url:
        environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

        def call(base, *more, **variables):
            return script("publish_report", *base, *more, environment={**environment, **variables})

        yield call


def ours(hub, number):
    return [row["body"] for row in hub.comments[number] if row["body"].startswith(marker_of("d-1"))]


def test_on_the_named_issue_one_comment_that_is_updated(tmp_path, hub):
    base, _ = window(tmp_path)
    with published(hub) as publish:
        first = publish(base, "--number", 1)
        assert (first.returncode, first.stderr) == (0, ""), first.stderr
        again = publish(base, "--number", 1)
    assert again.stdout == first.stdout
    assert len(hub.comments[1]) == 1
    body = hub.comments[1][0]["body"]
    assert body.startswith("<!-- deploy-verdict:d-1 -->\n<!-- deploy-verdict-state {")
    assert body.splitlines()[2].startswith("## ✅ STABLE")
    assert "<summary>Success criteria verification</summary>\n\n" in body
    assert hub.issues[1]["labels"] == ["verdict: stable"]
    assert hub.issues[1]["state"] == "open"
    told = [(row["sha"], row["state"], row["context"]) for row in hub.statuses]
    assert told == [(COMMIT, "success", "deploy-verdict")] * 2


def test_else_on_the_pull_request_of_the_deployed_commit(tmp_path, hub):
    base, _ = window(tmp_path)
    hub.add_issue(7)
    hub.pulls[COMMIT] = [3, 7]
    with published(hub) as publish:
        assert publish(base).returncode == 0
    assert len(ours(hub, 7)) == 1


def test_else_on_one_tracking_issue_closed_when_stable_and_reopened_when_not(tmp_path, hub):
    base, _ = window(tmp_path / "good")
    bad, _ = window(tmp_path / "bad", status=500)
    with published(hub) as publish:
        assert publish(base).returncode == 0
        assert (hub.issues[2]["state"], hub.issues[2]["labels"]) == (
            "closed",
            ["deploy-verdict", "verdict: stable"],
        )
        assert publish(bad).returncode == 0
    assert set(hub.issues) == {1, 2}
    assert len(ours(hub, 2)) == 1
    assert "CRITICAL ISSUES" in ours(hub, 2)[0]
    assert (hub.issues[2]["state"], hub.issues[2]["labels"]) == (
        "open",
        ["deploy-verdict", "verdict: critical"],
    )
    assert [row["state"] for row in hub.statuses] == ["success", "failure"]


def test_a_marker_that_somebody_else_quotes_is_not_ours(tmp_path, hub):
    base, _ = window(tmp_path)
    quoted = hub.add_comment(1, f"{marker_of('d-1')} as the bot wrote", author="mallory")
    with published(hub) as publish:
        assert publish(base, "--number", 1).returncode == 0
    assert quoted["body"].endswith("as the bot wrote")
    assert len(hub.comments[1]) == 2


def test_our_comment_is_found_on_the_last_of_many_pages(tmp_path, hub):
    base, _ = window(tmp_path)
    for number in range(250):
        hub.add_comment(1, f"comment {number}", author="somebody")
    mine = hub.add_comment(1, f"{marker_of('d-1')}\nin progress")
    with published(hub) as publish:
        assert publish(base, "--number", 1).returncode == 0
    assert len(hub.comments[1]) == 251
    assert "STABLE" in mine["body"]


def test_what_two_jobs_wrote_at_once_becomes_one(tmp_path, hub):
    base, _ = window(tmp_path)
    first = hub.add_comment(1, f"{marker_of('d-1')}\none")
    hub.add_comment(1, f"{marker_of('d-1')}\ntwo")
    with published(hub) as publish:
        assert publish(base, "--number", 1).returncode == 0
    assert [row["id"] for row in hub.comments[1]] == [first["id"]]
    assert "STABLE" in first["body"]


@pytest.mark.parametrize("number", [1, 99], ids=["locked", "not there"])
def test_a_place_that_refuses_does_not_cost_the_report(tmp_path, hub, number):
    base, _ = window(tmp_path)
    hub.locked.add(1)
    with published(hub) as publish:
        done = publish(base, "--number", number)
    assert done.returncode == 0, done.stderr
    assert "using the tracking issue instead" in done.stderr
    assert len(ours(hub, max(hub.issues))) == 1


def test_a_wrong_token_is_told(tmp_path, hub):
    base, _ = window(tmp_path)
    with published(hub) as publish:
        done = publish(base, GITHUB_TOKEN="wrong-token-of-a-test")
    assert done.returncode == 3
    assert "HTTP 401" in done.stderr
    assert "wrong-token-of-a-test" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY is not set to owner/name"),
        ("GITHUB_TOKEN", "GITHUB_TOKEN is not set"),
    ],
)
def test_settings_that_are_missing(tmp_path, hub, variable, told):
    base, _ = window(tmp_path)
    with published(hub) as publish:
        done = publish(base, **{variable: ""})
    assert (done.returncode, told in done.stderr) == (2, True)


def test_without_a_whole_commit_no_status_is_set_and_it_is_told(tmp_path, hub):
    base, _ = window(tmp_path, commit="f0ec7b5")
    with published(hub) as publish:
        done = publish(base, "--number", 1)
    assert done.returncode == 0
    assert "no commit status is set" in done.stderr
    assert hub.statuses == []


def test_the_summary_and_annotations_come_also_when_github_refuses(tmp_path, hub):
    base, _ = window(tmp_path, status=500)
    summary = tmp_path / "summary.md"
    with published(hub) as publish:
        done = publish(base, GITHUB_TOKEN="wrong", GITHUB_STEP_SUMMARY=str(summary), GITHUB_ACTIONS="true")
    assert done.returncode == 3
    assert "CRITICAL ISSUES" in summary.read_text()
    assert done.stdout.startswith("::error title=P1 health/api::expected status = 200; found 500")


def test_dry_run_asks_nothing(tmp_path):
    base, _ = window(tmp_path)
    done = script("publish_report", *base, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("## ✅ STABLE")


def test_no_text_of_a_finding_can_be_a_command(tmp_path):
    _, out = window(tmp_path, status=500)
    verdict = read_verdict(out)
    hostile = "\n::set-output name=x::y\r\n::error::z, % :"
    finding = next(item for item in verdict.findings if item.outcome == "fail")
    nasty = finding.model_copy(update={"actual": hostile, "check": hostile})
    lines = list(annotations({"GITHUB_ACTIONS": "true"}, verdict.model_copy(update={"findings": (nasty,)})))
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert "\r" not in lines[0]
    assert list(annotations({}, verdict)) == []


def test_a_comment_that_vanishes_is_no_success(hub):
    class Forgetful(Hub):
        def add_comment(self, number, body, author="x"):
            return {"id": 1, "body": body, "author": author}

    forgetful = Forgetful()
    forgetful.add_issue(1)
    with github(forgetful) as url:
        connection = Connection(repository=REPOSITORY, token=TOKEN, api_url=url, author=forgetful.author)
        with pytest.raises(ProviderError, match="that is not there"):
            GitHub(connection).say(Destination(number=1, kind="named"), "d-1", "body")


def test_the_verdict_of_the_window_is_what_is_told(tmp_path):
    _, out = window(tmp_path)
    assert json.loads((out / "verdict.json").read_text())["outcome"] == "stable"
