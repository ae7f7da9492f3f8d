"""The relay is killed where it hurts: no accepted event is lost, and none is dispatched twice."""

import json
import random
import socket

import pytest

from tests.relay.github import github
from tests.relay.process import SECRET, WITHIN_S, current, free_port, relay


def test_killed_between_sending_and_noting_it_dispatches_once(tmp_path, hub):
    hub.answers = [(None, {}, True)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        assert hub.asked.get(timeout=WITHIN_S) == ("POST", None)
        running.kill()
    with relay(tmp_path, hub.url) as running:
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_a_crash_after_going_live_is_dispatched_too_and_each_once(tmp_path, hub):
    """The run of the one is not taken for the run of the other, whose dispatch was interrupted."""
    crashed = current(kind="Deployment.crashed")
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        running.until(lambda told: told["sent"] == 1)
        assert running.post(current(kind="Deployment.redeployed")).json() == {"state": "duplicate"}
        hub.answers = [(None, {}, False)]
        assert running.post(crashed).json() == {"state": "accepted"}
        assert [hub.asked.get(timeout=WITHIN_S) for _ in range(2)][1] == ("POST", None)
        running.kill()
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.until(lambda told: told["sent"] == 2)
        assert running.post(crashed).json() == {"state": "duplicate"}
    assert [body["client_payload"].get("state") for body in hub.dispatched] == [None, "crashed"]


def test_killed_before_github_got_it_dispatches_once(tmp_path, hub):
    hub.answers = [(None, {}, False)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        assert hub.asked.get(timeout=WITHIN_S) == ("POST", None)
        running.kill()
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


@pytest.mark.complete
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


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.complete
def test_killed_at_random_moments_with_a_github_that_is_down_for_a_while(tmp_path, seed):
    """Railway's side repeats what was not answered, as Railway does; each round ends with a kill."""
    chance = random.Random(seed)
    port = free_port()
    accepted = []
    for number in range(4):
        with relay(tmp_path, f"http://127.0.0.1:{port}") as running:
            _delivered(running, f"d-{number}", chance)
            accepted.append(f"d-{number}")
            running.kill()
    with github(port) as hub:
        for number in range(4, 10):
            hub.answers = [_any_answer(chance) for _ in range(chance.randrange(3))]
            hub.free.clear()
            with relay(tmp_path, hub.url, RELAY_GRACE_S="0.5") as running:
                _delivered(running, f"d-{number}", chance)
                accepted.append(f"d-{number}")
                if chance.random() < 0.5:
                    # GitHub has something, and has not answered yet.
                    hub.asked.get(timeout=WITHIN_S)
                else:
                    hub.free.set()
                running.kill()
            hub.free.set()
        hub.answers = []
        with relay(tmp_path, hub.url, RELAY_GRACE_S="0.5") as running:
            running.until(lambda told: told["sent"] == len(accepted))
        assert sorted(hub.deployments()) == accepted


def _any_answer(chance):
    return chance.choice(
        [(204, {}, True), (500, {}, True), (502, {}, False), (None, {}, True), (None, {}, False)]
    )


def _delivered(running, deployment, chance):
    """Half of the deliveries are cut off before their answer and come again."""
    body = json.dumps(current(deployment)).encode()
    if chance.random() < 0.5:
        with socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN_S) as cut:
            head = f"POST /hooks/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            cut.sendall(head.encode() + body)
    assert running.post(body).status_code == 202


def test_killed_before_it_could_answer_the_retry_is_the_same_event(tmp_path, hub):
    """The request is on the wire when the process dies; Railway sends it again to the next one."""
    with relay(tmp_path, hub.url) as running:
        body = json.dumps(current()).encode()
        with socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN_S) as cut:
            head = f"POST /hooks/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            cut.sendall(head.encode() + body)
            running.kill()
    with relay(tmp_path, hub.url, RELAY_GRACE_S="0.3") as running:
        assert running.post(current()).status_code == 202
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]
