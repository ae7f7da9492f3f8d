"""The relay as a real process, and the webhooks that Railway sends to it."""

import json
import socket
import subprocess
import time
from contextlib import contextmanager

import requests

from tests.relay.github import TOKEN
from tests.running import command, scrubbed, server

SECRET = "a-long-enough-secret"
WITHIN_S = 30.0


def current(deployment="d-1", kind="Deployment.deployed", **more):
    """Railway's payload since 2025-11; its details contradict its type, as they may."""
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
        self.process, self.port, self.url = process, port, f"http://127.0.0.1:{port}"

    def post(self, body, path=f"/hooks/{SECRET}", **more):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url + path, data=data, timeout=10, **more)

    def health(self):
        return requests.get(self.url + "/healthz", timeout=10)

    def until(self, holds):
        """Wait for a health answer whose counters satisfy `holds`, and return them.

        Polls with requests, so it waits for the relay and not for a clock.
        """
        return self.until_health(lambda answer: answer.status_code == 200 and holds(answer.json())).json()

    def until_health(self, holds):
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            answer = self.health()
            if holds(answer):
                return answer
        raise AssertionError(answer.text)

    def kill(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def settings(github_url, **more):
    return {
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


@contextmanager
def relay(tmp_path, github_url, **more):
    port = free_port()
    log = (tmp_path / "relay.log").open("ab")
    process = server(
        command("relay", "--host", "127.0.0.1", "--port", port, "--database", tmp_path / "x.sqlite3"),
        scrubbed(settings(github_url, **more)), log, log,
    )  # fmt: skip
    try:
        await_start(process, port)
        yield Relay(process, port)
    finally:
        process.kill()
        process.wait()
        log.close()


def started(tmp_path, environment, *arguments):
    """Start a relay that should fail; returns the finished process."""
    return subprocess.run(
        command("relay", "--host", "127.0.0.1", *arguments),
        env=scrubbed(environment), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def await_start(process, port):
    deadline = time.monotonic() + WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
            return
        except requests.ConnectionError:
            continue
    raise AssertionError("the relay did not start")
