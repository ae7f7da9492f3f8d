"""`rollback` as a process, after a window on a backend whose Railway can roll back."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import requests

from demo.railway import ids
from demo.running import running
from deploy_verdict.base.clock import Stop
from deploy_verdict.base.errors import EvidenceError, UsageError
from deploy_verdict.follow_up.rollback_execution import Rollback, Target, read_rollback
from deploy_verdict.model import Deployment, DeploymentObservation, Judged
from deploy_verdict.plan import Railway as Section
from deploy_verdict.railway import RailwayClient, Token
from deploy_verdict.railway.connection import RailwayConnection
from deploy_verdict.redaction.redactor import Redactor
from tests.clocks import TurnedClock
from tests.running import script
from tests.stages.platform import PLACE, answering, listed, row, service

PLAN = """
version: 1
name: small
service: {base_url: "${TARGET_URL}"}
railway: {project: "${RAILWAY_PROJECT_ID}", service: "${RAILWAY_SERVICE_ID}", known_bad: [%s]}
window: {length: 1m, sample_every: 1m}
health:
  - {name: workers, get: /api/workers, expect: {status: 200}}
  - {name: missing, get: /api/nothing, expect: {status: %s}}
"""
HISTORY = {
    "window": "w",
    "plan": "small",
    "environment": "production",
    "outcome": "stable",
    "deployment": ids.GOOD_ID,
}


@contextmanager
def judged(tmp_path, *, status=200, known_bad="", history=True):
    """A window whose second check fails (P1), or passes with 404; and how to call `rollback` on it."""
    plan = tmp_path / "plan.yml"
    plan.write_text(PLAN % (known_bad, status))
    with running(log=tmp_path / "backend.log") as backend:
        line = {**HISTORY, "target": backend.base_url, "judged_at": datetime.now(UTC).isoformat()}
        (tmp_path / "history.jsonl").write_text(json.dumps(line) + "\n" if history else "")
        base = ["--plan", plan, "--out", tmp_path / "out", "--target", backend.base_url]

        def call(name, *more):
            return script(name, *base, *more, environment=backend.environment)

        assert call("watch_deployment", "--speed", 60).returncode in (0, 11)

        def escalate(*more):
            return call("rollback", *more)

        def switch(*words):
            url = backend.railway_url.replace("/graphql/v2", "/switches")
            assert requests.put(url, json=words, timeout=10).status_code == 200

        escalate.switch = switch
        yield escalate


def test_a_complete_rollback(tmp_path):
    with judged(tmp_path) as escalate:
        advice = escalate()
        assert (advice.returncode, advice.stderr) == (0, "")
        assert f"roll back to deployment {ids.GOOD_ID}" in advice.stdout
        dry = escalate("--rollback", "--dry-run")
        assert dry.returncode == 0
        assert "would roll back d0000005 (commit f0ec7b5c), judged CRITICAL ISSUES" in dry.stdout
        assert "would be lost: 0badbadc (One Redis client per request)" in dry.stdout
        assert not (tmp_path / "out" / "rollback.json").exists()
        done = escalate("--rollback")
        assert done.returncode == 11, done.stderr
        assert "of commit 3c1d9a2c is live" in done.stdout
        assert "1 of 2 health findings pass" in done.stdout
        again = escalate("--rollback")
        assert "not again" in again.stderr
        assert again.stdout == done.stdout
    kept = read_rollback(tmp_path / "out")
    assert (kept.state, kept.target) == ("live", ids.GOOD_ID)
    (remark,) = json.loads((tmp_path / "out" / "window.json").read_text())["remarks"]
    assert remark.startswith("Rollback: rolled back: deployment ")
    assert "1 of 2 health findings pass" in remark


@pytest.mark.parametrize(
    ("settings", "options", "told"),
    [
        ({"status": 404}, (), "the verdict is STABLE, not CRITICAL ISSUES"),
        ({"history": False}, (), "Roll forward: no earlier deployment is known to be good"),
        ({"known_bad": ids.GOOD_COMMIT[:8]}, (), "the plan names its commit as known bad"),
        ({}, ("--to", ids.LIVE_ID), "no earlier deployment of the service has this id"),
        (
            {"known_bad": ids.INCIDENT_COMMIT[:8]},
            ("--to", ids.INCIDENT_ID),
            "the plan names its commit as known bad",
        ),
    ],
)
def test_it_refuses_with_the_reason(tmp_path, settings, options, told):
    with judged(tmp_path, **settings) as escalate:
        done = escalate("--rollback", *options)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "out" / "rollback.json").exists()


def test_named_by_a_person_and_whatever_the_verdict(tmp_path):
    with judged(tmp_path, status=404, history=False) as escalate:
        done = escalate("--rollback", "--to", ids.GOOD_ID, "--whatever-the-verdict")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 health findings pass" in done.stdout


SHAPES = [
    # How Railway records our rollback, or what somebody else did a minute before it.
    (("rollback=bare",), 11, "deployment d-rollba of commit unknown is live"),
    (("rollback=same",), 11, f"deployment {ids.GOOD_ID[:8]} of commit 3c1d9a2c is live"),
    (("others=FAILED",), 2, "no rollback: Ana Colega made deployment d0000009"),
    (("others=QUEUED",), 2, "(QUEUED), and one would undo the other"),
]


@pytest.mark.parametrize(("words", "code", "told"), SHAPES)
def test_on_a_railway_of_another_shape(tmp_path, words, code, told):
    with judged(tmp_path) as escalate:
        escalate.switch(*words)
        done = escalate("--rollback")
        assert done.returncode == code, done.stdout + done.stderr
        assert told in done.stdout + done.stderr
        assert (tmp_path / "out" / "rollback.json").exists() is (code == 11)


def test_options_that_make_no_sense_alone(tmp_path):
    done = script("rollback", "--plan", "x", "--out", tmp_path, "--dry-run")
    assert done.returncode == 2
    assert "belong to --rollback" in done.stderr


SUBJECT = row("d3", createdAt="2026-02-02T11:00:00Z")
GOOD = row("d1", "REMOVED", "3c1d9a2aaaa", createdAt="2026-02-01T11:00:00Z")
OBSERVED = DeploymentObservation(offset_s=0.0, at=datetime(2026, 2, 2, 12, tzinfo=UTC))
TARGET = Target(
    deployment=Deployment(id="d1", status="REMOVED", commit="3c1d9a2aaaa", can_rollback=True),
    subject=Deployment(
        id="d3", status="SUCCESS", commit="f0ec7b5aaaa", created_at=datetime(2026, 2, 2, 11, tzinfo=UTC)
    ),
    lost=(),
    kept_until="",
    notes=(),
)


class Platform:
    """A Railway whose rollback a test decides; `mutations` counts how often it was asked."""

    def __init__(self, answer, *, takes_effect=False, active=(SUBJECT,), rows=(SUBJECT, GOOD), new="SUCCESS"):
        self.answer, self.takes_effect, self.active = answer, takes_effect, list(active)
        self.rows, self.new, self.mutations, self.guard = list(rows), new, 0, threading.Lock()

    def __call__(self, operation, variables):
        with self.guard:
            if operation == "rollback":
                self.mutations += 1
                if self.takes_effect:
                    made = row("d4", self.new, "3c1d9a2aaaa", createdAt="2026-02-02T13:00:00Z")
                    self.rows.insert(0, made)
                    self.active = [made] if self.new == "SUCCESS" else self.active
                return self.answer
            if operation == "active":
                return {"serviceInstance": service(*self.active)}
            return {"deployments": listed(*self.rows)}


@contextmanager
def rollback_on(platform, out, section=None):
    clock = TurnedClock()
    with answering(platform) as url:
        token = Token(value="token-of-tests", kind="project", variable="RAILWAY_TOKEN")
        railway = RailwayClient(token, url=url, clock=clock, redactor=Redactor({}), budget_s=1.0)
        link = RailwayConnection(client=railway, place=PLACE)
        yield Rollback(link, out, section, clock=clock, stop=Stop(), tell=lambda line: None)


YES = {"deploymentRollback": True}


@pytest.mark.parametrize(
    ("answer", "takes_effect", "state"),
    [
        (YES, True, "live"),
        (YES, False, "not seen"),
        ((502, b"<html>"), True, "live"),
        ((502, b"<html>"), False, "not seen"),
        (["half an error"], True, "live"),
        ({"deploymentRollback": False}, False, "not seen"),
    ],
)
def test_whatever_it_answers_the_list_decides(tmp_path, answer, takes_effect, state):
    platform = Platform(answer, takes_effect=takes_effect)
    with rollback_on(platform, tmp_path) as rollback:
        asked = rollback.perform(TARGET, OBSERVED)
        assert rollback.follow(asked, 60.0).state == state
    assert platform.mutations == 1
    assert read_rollback(tmp_path).state == state


def test_a_rollback_that_fails_to_come_up_is_told(tmp_path):
    with rollback_on(Platform(YES, takes_effect=True, new="CRASHED"), tmp_path) as rollback:
        ended = rollback.follow(rollback.perform(TARGET, OBSERVED), 60.0)
    assert (ended.state, ended.detail) == ("failed", "deployment d4 of commit 3c1d9a2a ended as CRASHED")


def test_a_clear_refusal_is_no_rollback(tmp_path):
    with rollback_on(Platform(["Not Authorized"]), tmp_path) as rollback:
        assert rollback.perform(TARGET, OBSERVED).state == "refused"


def test_it_is_on_the_disk_before_it_is_asked_for(tmp_path):
    """Killed in the mutation, the next run knows of it."""
    states = []

    class Watching(Platform):
        def __call__(self, operation, variables):
            if operation == "rollback":
                states.append(read_rollback(tmp_path).state)
            return super().__call__(operation, variables)

    with rollback_on(Watching(YES, takes_effect=True), tmp_path) as rollback:
        rollback.perform(TARGET, OBSERVED)
    assert states == ["asked"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rows": [SUBJECT, {**GOOD, "canRollback": False}]}, "the platform cannot roll back to it"),
        ({"rows": [SUBJECT]}, "no longer lists deployment d1"),
        ({"active": [row("d5", commit="1234567", createdAt="2026-02-02T12:30:00Z")]}, "is active now"),
        ({"active": [GOOD]}, "is already active"),
    ],
)
def test_the_platform_is_looked_at_again_before(tmp_path, change, told):
    platform = Platform(YES, **change)
    with rollback_on(platform, tmp_path) as rollback, pytest.raises(UsageError, match=told):
        rollback.perform(TARGET, OBSERVED)
    assert platform.mutations == 0
    assert read_rollback(tmp_path) is None


def others(status="SUCCESS", **more):
    made = {"commit": "9999999aaaa", "createdAt": "2026-02-02T11:50:00Z", "creator": {"name": "Ana"}}
    return row("d9", status, **{**made, **more})


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (others(), "no rollback: Ana made deployment d9 of commit 9999999a at 11:50 UTC \\(SUCCESS\\)"),
        (others("FAILED"), "FAILED"),
        (others("REMOVED", commit="3c1d9a2aaaa"), "of commit 3c1d9a2a"),
        (others("QUEUED", creator=None), "somebody made deployment d9"),
        (others("BUILDING", createdAt="2026-02-02T11:10:00Z"), "BUILDING"),
        (others("BUILDING", createdAt=None), "a moment that Railway does not name"),
        (others("DEPLOYING", commit="f0ec7b5aaaa"), "DEPLOYING"),
        (others("FAILED", createdAt="2026-02-02T11:40:00Z"), None),
        (others("SKIPPED"), None),
        (others("CANCELLED"), None),
        # Railway deploys again by itself when it moves hosts.
        (others("REMOVED", commit="f0ec7b5aaaa"), None),
        (others("REMOVED", createdAt="2026-02-02T10:00:00Z"), None),
    ],
)
def test_somebody_elses_deployment_of_the_last_minutes_stops_ours(tmp_path, other, told):
    platform = Platform(YES, rows=[other, SUBJECT, GOOD])
    with rollback_on(platform, tmp_path) as rollback:
        if told is None:
            assert rollback.perform(TARGET, OBSERVED).state == "answered"
        else:
            with pytest.raises(UsageError, match=told):
                rollback.perform(TARGET, OBSERVED)
    assert platform.mutations == (told is None)


def test_a_verdict_that_came_since_counts(tmp_path):
    bad = Judged(deployment="d1", outcome="critical", judged_at=datetime(2026, 2, 2, tzinfo=UTC))
    observed = OBSERVED.model_copy(update={"judged": (bad,)})
    with (
        rollback_on(Platform(YES), tmp_path, Section()) as rollback,
        pytest.raises(UsageError, match="critical"),
    ):
        rollback.perform(TARGET, observed)


def test_another_deployment_that_came_meanwhile_is_not_taken_for_it(tmp_path):
    platform = Platform(YES)
    with rollback_on(platform, tmp_path) as rollback:
        asked = rollback.perform(TARGET, OBSERVED)
        platform.rows.insert(0, row("d9", commit="7777777", createdAt="2026-02-02T13:00:00Z"))
        assert rollback.follow(asked, 10.0).state == "not seen"


def test_a_rollback_file_that_cannot_be_read_stops_everything(tmp_path):
    (tmp_path / "rollback.json").write_text("{")
    with pytest.raises(EvidenceError, match="a rollback may have been requested"):
        read_rollback(tmp_path)
