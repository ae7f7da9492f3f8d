"""publish_report.py killed at each of its requests, and run again: one comment, whole, with its marks."""

import os
import signal
import subprocess

import pytest

from demo.github.hub import Hub
from demo.github.serving import REPOSITORY, TOKEN, github
from deploy_verdict.publish.comment_state import state_in
from tests.github.windows import COMMIT, Publisher, ours, window
from tests.running import command, scrubbed


class KillingRequests(list):
    """The hub's log of requests; at the k-th the process that asks is killed, and its request done."""

    def __init__(self, at):
        super().__init__()
        self.at, self.process = at, None

    def append(self, request):
        super().append(request)
        if len(self) == self.at:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()


def killed_at(hub, url, base, at):
    """Run the script until its k-th request has been carried out; False when it came to its end before."""
    hub.requests = KillingRequests(at)
    environment = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}
    process = subprocess.Popen(
        command("publish_report", *base),
        env=scrubbed(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    hub.requests.process = process
    process.wait()
    return process.returncode == -signal.SIGKILL


# `make test` takes every third request: each is two processes.
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.complete)])
def test_killed_at_each_request_and_run_again(tmp_path, step):
    base, out = window(tmp_path)
    at, was_killed = 1 - step, True
    while was_killed:
        at += step
        hub = Hub()
        hub.add_issue(1, author="sescanella")
        with github(hub) as url:
            was_killed = killed_at(hub, url, base, at)
            hub.requests = list(hub.requests)
            Publisher(hub, url).final(out, number=None)
        assert hub.mistakes == []
        assert set(hub.issues) == {1, 2}, at
        (body,) = ours(hub, 2)
        assert len(hub.comments[2]) == 1
        assert state_in(body).outcome == "stable"
        assert body.rstrip().endswith("</details>")
        assert hub.issues[2]["labels"] == ["deploy-verdict", "verdict small: stable"]
        assert hub.issues[2]["state"] == "closed"
        assert (hub.statuses[-1]["sha"], hub.statuses[-1]["state"]) == (COMMIT, "success")
    assert at > 10
