"""The relay as a real process between a Railway and a GitHub on real sockets; killed where it hurts."""

import json
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest
import requests

from tests.relay.github import TOKEN, github
from tests.running import command, scrubbed

SECRET = "a-long-enough-secret"
WITHIN_S = 30.0


def current(deployment="d-1", kind="Deployment.deployed", **more):
    """Railway's payload since 2025-11; its details may contradict its type."""
    resource = {
        "project": {"id": "p-1", "name": "zeues"},
        "environment": {"id": "e-1", "name": "production", "isEphemeral": False},
        "service": {"id": "s-1", "name": "backend"},
        "deployment": {"id": deployment},
        **more,
    }
    details = {"id": deployment, "status": "FAILED", "commitHash": "f0ec7b5" + "0" * 33}
    return {"type": kind, "details": details, "resource": resource, "severity": "INFO", "timestamp": "x"}


def older(deployment="d-1", status="SUCCESS"):
    return {
        "type": "DEPLOY",
        "status": status,
        "project": {"id": "p-1", "name": "zeues"},
        "environment": {"id": "e-1", "name": "production"},
        "service": {"id": "s-1", "name": "backend"},
        "deployment": {"id": deployment, "meta": {"commitHash": "f0ec7b5"}},
    }


class Relay:
    """A running relay."""

    def __init__(self, process, port):
        self.process, self.url = process, f"http://127.0.0.1:{port}"

    def post(self, body, path=f"/hooks/{SECRET}", **more):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url + path, data=data, timeout=10, **more)

    def health(self):
        return requests.get(self.url + "/healthz", timeout=10)

    def until(self, holds):
        """Counters that hold; each question is a request, so this waits on the relay and not on a clock."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            told = self.health().json()
            if holds(told):
                return told
        raise AssertionError(told)

    def kill(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def relay(tmp_path, github_url, **more):
    port = free_port()
    settings = {
        "RELAY_SECRET": SECRET,
        "RELAY_GITHUB_TOKEN": TOKEN,
        "RELAY_REPOSITORY": "example/zeues",
        "RELAY_SERVICES": "backend, other-id",
        "RELAY_ENVIRONMENTS": "production",
        "GITHUB_API_URL": github_url,
        "RELAY_FIRST_PAUSE_S": "0.05",
        "RELAY_GRACE_S": "1.5",
        **more,
    }
    log = (tmp_path / "relay.log").open("ab")
    process = subprocess.Popen(
        command("relay_webhook", "--host", "127.0.0.1", "--port", port, "--database", tmp_path / "x.sqlite3"),
        env=scrubbed(settings), stdout=log, stderr=log,
    )  # fmt: skip
    try:
        running = Relay(process, port)
        _await(process, port)
        yield running
    finally:
        process.kill()
        process.wait()
        log.close()


def _await(process, port):
    deadline = time.monotonic() + WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
            return
        except requests.ConnectionError:
            continue
    raise AssertionError("the relay did not start")


@pytest.fixture
def hub():
    with github() as server:
        yield server


@pytest.mark.parametrize("body", [current(), older(), current(kind="deployment_DEPLOYED")])
def test_a_deployment_in_either_shape_is_dispatched_once(tmp_path, hub, body):
    with relay(tmp_path, hub.url) as running:
        assert running.post(body).status_code == 202
        assert running.post(body).json() == {"state": "duplicate"}
        assert running.post({**body, "timestamp": "a retry that was written anew"}).json() == {
            "state": "duplicate"
        }
        running.until(lambda told: told["sent"] == 1)
    assert hub.mistakes == []
    assert [item["event_type"] for item in hub.dispatched] == ["deployment-verify"]
    payload = hub.dispatched[0]["client_payload"]
    assert (payload["deployment"], payload["service"], payload["environment_name"]) == (
        "d-1",
        "s-1",
        "production",
    )


@pytest.mark.parametrize(
    "body",
    [
        current(kind="Deployment.failed"),
        current(kind="Deployment.crashed"),
        current(kind="Monitor.triggered"),
        older(status="FAILED"),
        older(status="BUILDING"),
        current(service={"id": "s-2", "name": "frontend"}),
        current(environment={"id": "e-2", "name": "staging"}),
        current(environment=None),
        current(deployment=None),
        current(deployment="x y; rm"),
        [],
        {},
        "text",
        None,
        {"type": "Deployment.deployed", "resource": 5},
    ],
)
def test_everything_else_is_ignored(tmp_path, hub, body):
    with relay(tmp_path, hub.url) as running:
        answer = running.post(body)
        assert (answer.status_code, answer.json()) == (200, {"state": "ignored"})
        assert running.health().json()["ignored"] == 1
    assert hub.dispatched == []


def test_requests_that_are_refused(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        for path in ("/hooks/wrong", "/hooks", "/hooks/" + SECRET[:-1], "/hooks/" + "ä" * 5):
            assert running.post(current(), path).status_code == 404
        assert running.post(current(), "/hooks", headers={"X-Relay-Secret": SECRET}).status_code == 202
        assert running.post(b"<html>").status_code == 400
        assert running.post(b"[" * 60_000).status_code == 400
        assert running.post(b"\xff\xfe").status_code == 400
        assert running.post(b"x" * 70_000).status_code == 413
        # Chunked: no length is announced.
        chunks = iter([b"x" * 40_000, b"x" * 40_000])
        assert requests.post(f"{running.url}/hooks/{SECRET}", data=chunks, timeout=10).status_code == 413
        told = running.until(lambda told: told["sent"] == 1)
        assert (told["refused_auth"], told["bad_request"]) == (4, 5)
    log = (tmp_path / "relay.log").read_text()
    assert SECRET not in log
    assert TOKEN not in log


def test_github_that_is_down_for_a_while_is_waited_for(tmp_path):
    port = free_port()
    with relay(tmp_path, f"http://127.0.0.1:{port}") as running:
        assert running.post(current()).status_code == 202
        running.until(lambda told: told["waiting"] == 1 and told["reasons"])
    with github() as hub, relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == 1)
        assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize(
    "answers",
    [
        [(403, {"Retry-After": "0"}, False), (429, {}, False)],
        [(500, {}, False), (502, {}, False)],
    ],
    ids=["rate limit", "5xx that took nothing"],
)
def test_passing_trouble_of_github_is_tried_again(tmp_path, hub, answers):
    hub.answers = list(answers)
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize("status", [500, None], ids=["5xx", "no answer"])
def test_what_github_took_without_saying_so_is_not_sent_again(tmp_path, hub, status):
    hub.answers = [(status, {}, True)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_what_github_refuses_for_good_is_parked_with_its_reason(tmp_path, hub, status):
    hub.answers = [(status, {}, False)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        told = running.until(lambda told: told["parked"] == 1)
        assert f"HTTP {status}" in told["reasons"]["d-1"]
    # A restart tries again, once the token is mended.
    with relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_killed_between_sending_and_noting_it_dispatches_once(tmp_path, hub):
    hub.answers = [(None, {}, True)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        assert hub.asked.get(timeout=WITHIN_S) == ("POST", None)
        running.kill()
    with relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_killed_before_github_got_it_dispatches_once(tmp_path, hub):
    hub.answers = [(None, {}, False)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        assert hub.asked.get(timeout=WITHIN_S) == ("POST", None)
        running.kill()
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_while_the_list_of_runs_cannot_be_read_nothing_is_sent_again(tmp_path, hub):
    hub.answers, hub.runs_status = [(None, {}, True)], 500
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.2") as running:
        running.post(current())
        running.until(lambda told: "cannot be read" in told["reasons"].get("d-1", ""))
        assert hub.deployments() == ["d-1"]
        hub.runs_status = 200
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_killed_at_any_moment_no_event_is_lost_and_none_comes_twice(tmp_path, hub):
    """Ten events; killed right after each answer, whatever it was doing then."""
    accepted = []
    for number in range(10):
        with relay(tmp_path, hub.url) as running:
            if running.post(current(f"d-{number}")).status_code == 202:
                accepted.append(f"d-{number}")
            running.kill()
    with relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == len(accepted))
    assert sorted(hub.deployments()) == sorted(accepted)
    assert len(accepted) == 10


def test_a_signal_ends_it_with_its_events_kept(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(WITHIN_S) == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"RELAY_SECRET": "short"}, "RELAY_SECRET is shorter than 16 characters"),
        ({"RELAY_SECRET": ""}, "RELAY_SECRET is not set"),
        ({"RELAY_REPOSITORY": "zeues"}, "'zeues' is not owner/name"),
        ({"RELAY_SERVICES": " "}, "RELAY_SERVICES is not set"),
        ({"RELAY_GRACE_S": "soon"}, "'soon' is not a number of seconds"),
    ],
)
def test_wrong_settings_end_it_at_once(tmp_path, change, told):
    settings = {"RELAY_SECRET": SECRET, "RELAY_GITHUB_TOKEN": TOKEN, "RELAY_REPOSITORY": "a/b"}
    settings |= {"RELAY_SERVICES": "x", "RELAY_ENVIRONMENTS": "y", **change}
    done = subprocess.run(
        command("relay_webhook", "--port", free_port(), "--database", tmp_path / "x.sqlite3"),
        env=scrubbed(settings), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert told in done.stderr
    assert TOKEN not in done.stderr


def test_a_place_that_cannot_hold_the_database_ends_it(tmp_path):
    (tmp_path / "file").write_text("")
    settings = {"RELAY_SECRET": SECRET, "RELAY_GITHUB_TOKEN": TOKEN, "RELAY_REPOSITORY": "a/b"}
    settings |= {"RELAY_SERVICES": "x", "RELAY_ENVIRONMENTS": "y"}
    done = subprocess.run(
        command("relay_webhook", "--port", free_port(), "--database", tmp_path / "file" / "x.sqlite3"),
        env=scrubbed(settings), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "cannot be used as the relay's database" in done.stderr
