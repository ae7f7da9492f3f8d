"""`ci roll-back` as a process, and what the gate makes of the events that follow it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from demo.github.hub import Hub
from demo.github.serving import TOKEN, github
from demo.railway import ids
from deploy_verdict.actions.start.own_rollback import own_rollback, rollback_at_work
from deploy_verdict.github.runs import WorkflowRun
from deploy_verdict.model import Deployment
from tests.actions.conftest import OWN, TITLE
from tests.actions.test_gate import status
from tests.running import script
from tests.workflow.events import LABEL, dispatch_event, railway_event

PLAN = """
version: 1
name: small
service: {base_url: "${TARGET_URL}", name: zeues-backend}
railway: {project: "${RAILWAY_PROJECT_ID}", service: "${RAILWAY_SERVICE_ID}"}
window: {length: 1m, sample_every: 1m}
escalation: {rollback: true}
health:
  - {name: missing, get: /api/nothing, expect: {status: 200}, severity: P0}
"""
CONTEXT = "deploy-verdict/zeues-backend/rollback"


@pytest.fixture
def act(tmp_path, platform):
    """A function that runs a verb of `ci` on a window, between a GitHub and a Railway; and its hub."""
    hub = Hub()
    hub.add_run(OWN, display_title=f"{TITLE} · {ids.LIVE_COMMIT}", status="in_progress")
    hub.add_environment("deploy-verdict-rollback", reviewers=("octocat",))
    hub.statuses.append(status(ids.GOOD_COMMIT, "success", f"STABLE: 0 failed · {LABEL}"))
    (tmp_path / "plan.yml").write_text(PLAN)

    def run(verb, out, *options, event=None, name="deployment_status"):
        (tmp_path / "event.json").write_text(json.dumps(event or {}))
        (tmp_path / "outputs").write_text("")
        with github(hub) as url:
            environment = {
                **platform.environment,
                "GITHUB_API_URL": url,
                "GITHUB_REPOSITORY": hub.repository,
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_RUN_ID": str(OWN),
                "GITHUB_EVENT_NAME": name,
                "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
                "GITHUB_OUTPUT": str(tmp_path / "outputs"),
                "GITHUB_SHA": "c" * 40,
                "INPUTS": "{}",
                "TARGET_URL": platform.base_url,
            }
            done = script(verb, *options, "--out", tmp_path / out, environment=environment)
        return done, (tmp_path / "outputs").read_text()

    run.hub, run.folder = hub, tmp_path
    return run


def test_our_own_rollback_opens_no_second_window(act):
    gate = ("--service", act.folder, "--plan", "plan.yml")
    done, outputs = act("ci gate", "w", *gate, event=railway_event(ids.LIVE_COMMIT))
    assert "open=true" in outputs, done.stderr
    kept = ("--plan", act.folder / "w" / "plan.yml")
    for stage in ("deployment", "health"):
        done, _ = act(f"sample {stage}", "w", *kept)
        assert done.returncode == 0, done.stderr
    done, _ = act("ci roll-back", "w", *kept, "--wait", "1m")
    assert "of commit 3c1d9a2c is live" in done.stdout, done.stdout + done.stderr
    made = json.loads((act.folder / "w" / "rollback.json").read_text())["deployment"]
    marks = [row["description"] for row in act.hub.statuses if row["context"] == CONTEXT]
    assert marks == [
        f"deploy-verdict rolled back {ids.LIVE_ID[:8]} to this commit{more}" for more in ("", f" as {made}")
    ]
    # GitHub's event names the commit, the relay's the deployment.
    events = (
        (railway_event(ids.GOOD_COMMIT), "deployment_status"),
        (dispatch_event(deployment=made), "repository_dispatch"),
    )
    for number, (event, name) in enumerate(events):
        done, outputs = act("ci gate", f"again-{number}", *gate, event=event, name=name)
        assert (done.returncode, "open=true" in outputs) == (0, False), done.stderr
        assert "it is our own rollback" in done.stdout + done.stderr + outputs
    assert act.hub.mistakes == []


NOW = datetime(2026, 2, 2, 12, tzinfo=UTC)
NEW = Deployment(id="d-new", status="SUCCESS")
WORDS = "deploy-verdict rolled back d0000005 to this commit"


@pytest.mark.parametrize(
    ("context", "words", "minutes", "deployment", "ours"),
    [
        (CONTEXT, WORDS, 5, NEW, True),
        (CONTEXT, WORDS, 5, None, True),
        (CONTEXT, f"{WORDS} as d-new", 5, NEW, True),
        (CONTEXT, f"{WORDS} as d-new", 5, None, True),
        # Somebody deployed the same commit since, or much later.
        (CONTEXT, f"{WORDS} as d-old", 5, NEW, False),
        (CONTEXT, WORDS, 31, NEW, False),
        ("deploy-verdict/another/rollback", WORDS, 5, NEW, False),
        ("deploy-verdict/zeues-backend", WORDS, 5, NEW, False),
    ],
)
def test_only_what_the_mark_names_is_our_own(context, words, minutes, deployment, ours):
    row = {
        "context": context,
        "description": words,
        "updated_at": (NOW - timedelta(minutes=minutes)).isoformat(),
    }
    said = own_rollback([None, {}, row], "zeues-backend", deployment, NOW)
    assert (said is not None) is ours


@pytest.mark.parametrize(
    ("title", "status", "ours"),
    [
        ("roll back zeues / production · f0ec7b5c", "in_progress", True),
        ("roll back zeues / production · f0ec7b5c", "waiting", False),
        ("roll back zeues / staging · f0ec7b5c", "in_progress", False),
        ("verify zeues / production · f0ec7b5c", "in_progress", False),
    ],
)
def test_a_record_without_a_commit_is_known_by_the_run_that_made_it(title, status, ours):
    run = WorkflowRun(id=7, display_title=title, status=status)
    assert (rollback_at_work([run], "verify zeues / production · d-new") is not None) is ours
    assert rollback_at_work([run], "verify by hand · 500") is None
