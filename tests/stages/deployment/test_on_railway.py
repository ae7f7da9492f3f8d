"""`watch` as a process, on a Railway that answers as the switches of demo/railway say."""

import json
from contextlib import contextmanager

import pytest
import requests

from demo.railway import ids
from demo.running import running
from deploy_verdict.base.clock import Stop
from deploy_verdict.model import Subject
from deploy_verdict.railway import RailwayClient, ServiceIds, Token
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.report import REPORT_NAME
from deploy_verdict.stages.deployment.collect import wait_for_deployment
from tests.clocks import TurnedClock
from tests.running import script

PLAN = """
version: 1
name: small
service: {base_url: "${TARGET_URL}"}
railway: {project: "${RAILWAY_PROJECT_ID}", service: "${RAILWAY_SERVICE_ID}", wait: 1s}
window: {length: 1m, sample_every: 1m}
health:
  - {name: workers, get: /api/workers, expect: {status: 200}}
"""


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    with running(log=tmp_path_factory.mktemp("railway") / "backend.log", speed=60) as backend:
        yield backend


@contextmanager
def switched(backend, *words):
    """Railway behaves so; gives the number of requests by operation at the end."""
    root = backend.railway_url.replace("/graphql/v2", "")
    answer = requests.put(f"{root}/switches", json=list(words), timeout=10)
    assert answer.status_code == 200, answer.text
    yield lambda: requests.get(f"{root}/requests", timeout=10).json()


def watched(backend, tmp_path, *options, plan=PLAN, speed=60):
    """The window's exit code, its findings by rule (the worst first), and report and messages as one text."""
    path, out = tmp_path / "plan.yml", tmp_path / "out"
    path.write_text(plan)
    done = script("watch_deployment", "--plan", path, "--out", out, "--target", backend.base_url,
                  "--speed", speed, *options, environment=backend.environment)  # fmt: skip
    assert (out / "verdict.json").is_file(), done.stderr
    findings = json.loads((out / "verdict.json").read_text())["findings"]
    findings.sort(key=lambda item: ("fail", "inconclusive", "pass").index(item["outcome"]))
    by_rule = {item["rule"]: item for item in reversed(findings) if item["stage"] == "deployment"}
    report = " ".join((out / REPORT_NAME).read_text().split())
    return done.returncode, by_rule, report + done.stderr


SPARED = (
    "Deployment.canRollback", "Deployment.creator", "Deployment.serviceId", "DeploymentEvent.payload",
    "DeploymentListInput.status", "ServiceInstance.healthcheckPath",
    "ServiceInstance.numReplicas", "ServiceInstance.sleepApplication",
)  # fmt: skip
LACKING = [
    # What the API no longer knows, the exit code, and what is said of it.
    (",".join(SPARED), 0, [f"Railway's API no longer knows {name};" for name in SPARED]),
    ("ProjectToken.environment,Deployment.creator", 0, ["no longer knows ProjectToken.environment"]),
    ("DeploymentStatus.SKIPPED", 0, ["no longer knows DeploymentStatus.SKIPPED"]),
    ("Deployment.instances", 12, ["found: Railway's API no longer knows Deployment.instances"]),
    ("Deployment.meta", 12, ["the commit is not known: Railway's API no longer knows Deployment.meta"]),
    ("Deployment.deploymentStopped", 12, ["Railway's API no longer knows Deployment.deploymentStopped"]),
    ("ServiceInstance.activeDeployments", 12, ["the service's active deployments could not be read"]),
    ("Query.deploymentEvents", 0, ["the build's steps could not be read"]),
    ("Query.deployments", 12, ["the earlier deployments could not be read", "live: SUCCESS"]),
    ("Deployment.status", 12, ["Cannot query field"]),
]


@pytest.mark.parametrize(("retired", "code", "words"), LACKING)
def test_one_retired_field_costs_one_fact(backend, tmp_path, retired, code, words):
    with switched(backend, f"retired={retired}"):
        done, findings, told = watched(backend, tmp_path)
    assert done == code, told
    assert [text for text in words if text not in told] == []
    # What the others say is known.
    lost = retired in ("Deployment.status", "Query.deployments")
    assert findings["undisturbed"]["outcome"] == ("inconclusive" if lost else "pass")


def test_500_skips_in_front_hide_nothing(backend, tmp_path):
    """Of a monorepo: the subject, what serves, what was before and what can be rolled back to."""
    for number, words in enumerate((("skipped=500",), ("skipped=500", "retired=DeploymentListInput.status"))):
        (tmp_path / str(number)).mkdir()
        with switched(backend, *words, "cancelled=60") as requests_made:
            done, findings, told = watched(
                backend, tmp_path / str(number), *(("--commit", "f0ec7b5") * number)
            )
            made = requests_made()
        assert done == 0, told
        assert f"{ids.LIVE_ID} (" in told
        assert f"Deployment {ids.INCIDENT_ID[:8]}" in told or ids.GOOD_ID[:8] in told
        assert findings["undisturbed"]["actual"] != ""
        # With the filter one page is enough, without it some.
        assert made["deployments"] <= (6, 14)[number], made


def test_a_commit_that_was_skipped_is_said_with_its_reason(backend, tmp_path):
    with switched(backend, "subject_skipped", "skipped=500"):
        done, findings, told = watched(backend, tmp_path, "--commit", ids.LIVE_COMMIT)
    assert done == 11, told
    assert (findings["live"]["outcome"], findings["live"]["severity"]) == ("fail", "P1")
    assert "was skipped (No changes to watched files)" in findings["live"]["actual"]
    assert ids.GOOD_ID[:8] in told


SLEEPERS = [
    (("sleeping=listed", "retired=ServiceInstance.sleepApplication"), "was SLEEPING, GET", "woken in"),
    (("sleeping=listed", "waking_s=1"), "was SLEEPING, GET /api/workers woke it in", "answered 502"),
    (("sleeping=unlisted", "waking_s=1"), "was SLEEPING, GET /api/workers woke it in", "answered 404"),
    (("sleeping=stopped",), "was SUCCESS, GET /api/workers woke it in", "HTTP 200"),
]


@pytest.mark.parametrize(("words", "woken", "answer"), SLEEPERS)
def test_a_service_that_sleeps_is_woken_and_stays_live(backend, tmp_path, words, woken, answer):
    with switched(backend, *words):
        done, _, told = watched(backend, tmp_path)
    assert done == 0, told
    assert woken in told
    assert answer in told
    assert "The service sleeps without traffic (serverless). Each sample woke it first" in told


@pytest.mark.parametrize(
    ("replicas", "severity", "words"),
    [
        ("RUNNING,CRASHED,RUNNING", "P1", "1 of 3 replicas (33 %) have crashed"),
        ("CRASHED,CRASHED", "P0", "its instances are 2 CRASHED"),
        ("RUNNING,REMOVING", None, "live: SUCCESS, instances 1 RUNNING"),
    ],
)
def test_replicas_count_by_their_number(backend, tmp_path, replicas, severity, words):
    with switched(backend, f"replicas={replicas}"):
        done, findings, told = watched(backend, tmp_path)
    assert (done, findings["live"]["severity"]) == (11 if severity else 0, severity), told
    assert words in told


EDGE = [
    (("edge_limited=1000",), "limits this address (HTTP 429, 'error code: 1015'), and not the account"),
    (
        ("agent_refused",),
        "refuses this client (HTTP 403, error code: 1010); this says nothing about the token",
    ),
    (("hourly=1",), "too many requests for this account (HTTP 429)"),
]


@pytest.mark.parametrize(("words", "reason"), EDGE)
def test_cloudflares_limits_are_told_from_the_accounts(backend, tmp_path, words, reason):
    with switched(backend, *words):
        done, _, told = watched(backend, tmp_path)
    assert done == 12, told
    assert reason in told
    assert ("shared runner" in told) is ("1015" in reason)


def test_a_passing_limit_of_the_address_is_asked_again(backend, tmp_path):
    with switched(backend, "edge_limited=1"):
        done, _, told = watched(backend, tmp_path)
    assert done == 0, told


@pytest.mark.parametrize(
    ("words", "hourly", "most"),
    [
        (("hourly=100",), None, 60),
        pytest.param((), 100, 60, marks=pytest.mark.complete),
        pytest.param((), None, 120, marks=pytest.mark.complete),
    ],
)
def test_an_hour_of_waiting_asks_as_often_as_the_account_bears(backend, words, hourly, most):
    """Free's hundred are known by the plan's tier or by the answers; half of them are the samples'."""
    clock = TurnedClock()
    place = ServiceIds(
        project_id=ids.PROJECT_ID, environment_id=ids.ENVIRONMENT_ID, service_id=ids.SERVICE_ID
    )
    token = Token(value=ids.DEMO_TOKEN, kind="project", variable="RAILWAY_TOKEN")
    client = RailwayClient(token, url=backend.railway_url, clock=clock, redactor=Redactor({}), hourly=hourly)
    for subject in (Subject(target="x"), Subject(target="x", commit="abcdef1234")):
        with switched(backend, "others=BUILDING", *words) as requests_made:
            wait_for_deployment(
                client,
                place,
                subject=subject,
                wait_s=3600.0,
                clock=clock,
                stop=Stop(),
                tell=lambda text: None,
            )
            assert 10 < sum(requests_made().values()) <= most


TWO_HOURS = (
    PLAN.replace("1m, sample_every: 1m", "2h, sample_every: 15m")
    + "logs: {novelty: {}}\ntraffic: {}\nmetrics: {}\n"
)
JOBS = 9


def test_the_requests_of_a_window_by_kind(backend, tmp_path):
    """At most 40 an hour of a window of two. Each job of mode timer connects by itself, one process once."""
    with switched(backend) as requests_made:
        _, _, told = watched(backend, tmp_path, plan=TWO_HOURS, speed=600)
        made = requests_made()
    assert set(made) >= {"project_token", "deployment", "active", "settings", "deployments", "steps"}, told
    assert sum(made.values()) + JOBS - made["project_token"] <= 2 * 40, made
