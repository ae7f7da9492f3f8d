"""What the relay answers to Railway, as a real process between a Railway and a GitHub on real sockets."""

import socket

import pytest
import requests

from tests.relay.github import TOKEN
from tests.relay.process import SECRET, WITHIN_S, current, older, relay


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


IGNORED = [
    current(kind="Deployment.removed"),
    current(kind="Monitor.triggered"),
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
]


def test_everything_else_is_ignored(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        for count, body in enumerate(IGNORED, 1):
            answer = running.post(body)
            assert (answer.status_code, answer.json()) == (200, {"state": "ignored"}), body
            assert running.health().json()["ignored"] == count
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


def test_it_answers_while_github_keeps_it_waiting(tmp_path, hub):
    hub.free.clear()
    with relay(tmp_path, hub.url) as running:
        assert running.post(current("d-1")).status_code == 202
        assert hub.asked.get(timeout=WITHIN_S) == ("POST", 204)
        assert running.post(current("d-2")).status_code == 202
        assert running.health().json()["sent"] == 0
        hub.free.set()
        running.until(lambda told: told["sent"] == 2)
    assert sorted(hub.deployments()) == ["d-1", "d-2"]


def test_a_body_that_does_not_end_is_given_up(tmp_path, hub):
    with (
        relay(tmp_path, hub.url, RELAY_BODY_WITHIN_S="0.2") as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN_S) as slow,
    ):
        slow.sendall(f"POST /hooks/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
        assert running.post(current()).status_code == 202


def test_a_body_that_breaks_off_is_not_taken(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        whole = b'{"type":"Deployment.deployed"}'
        with socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN_S) as broken:
            head = f"POST /hooks/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"
            broken.sendall(head.encode() + whole)
        running.until(lambda told: told["bad_request"] == 1)


def test_it_says_the_same_to_every_wrong_secret(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        answers = [
            requests.post(running.url + path, data=b"{}", headers=headers, timeout=10)
            for path, headers in (
                ("/hooks", {}),
                ("/hooks/", {}),
                ("/hooks/wrong", {}),
                ("/hooks/wrong/", {}),
                ("/hooks/wrong/more", {}),
                (f"/hooks/{SECRET}/", {}),
                ("/hooks", {"X-Relay-Secret": "wrong"}),
                (f"/hooks/{SECRET}", {"X-Relay-Secret": "wrong"}),
                ("/hooks", {"X-Relay-Secret": "\xe4\xf6"}),
            )
        ]
        assert {(answer.status_code, answer.text, len(answer.history)) for answer in answers} == {
            (404, '{"detail":"not found"}', 0)
        }
        assert running.health().json()["refused_auth"] == len(answers)
