"""A disk that is full: nothing is promised, nothing is lost, and it works again when there is room."""

import resource

import pytest
import requests

from deploy_verdict.relay.store import Store
from tests.relay.process import current, relay


def room_bytes(running, soft):
    """How large the relay's files may become; a write beyond fails as on a full disk."""
    _, hard = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_to_railway_and_survived(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        room_bytes(running, 1)
        assert running.post(current("d-1")).status_code == 503
        assert running.health().status_code == 503
        assert running.post(current("d-1")).status_code == 503
        room_bytes(running, resource.RLIM_INFINITY)
        assert running.post(current("d-1")).json() == {"state": "accepted"}
        told = running.until(lambda told: told["sent"] == 1)
        assert told["accepted"] == 1
    assert hub.deployments() == ["d-1"]


def test_health_notices_a_full_disk_by_itself(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        room_bytes(running, 1)
        answer = running.until_health(lambda answer: answer.status_code == 503)
        assert answer.json()["ok"] is False
        room_bytes(running, resource.RLIM_INFINITY)
        running.until_health(lambda answer: answer.status_code == 200)


def test_a_disk_that_fills_up_while_github_answers_dispatches_once(tmp_path, hub):
    hub.free.clear()
    with relay(tmp_path, hub.url) as running:
        running.post(current("d-1"))
        assert hub.asked.get(timeout=30) == ("POST", 204)
        room_bytes(running, 1)
        hub.free.set()
        running.until_health(lambda answer: answer.status_code == 503)
        room_bytes(running, resource.RLIM_INFINITY)
        running.until(lambda told: told["sent"] == 1)
    assert hub.deployments() == ["d-1"]


def test_strangers_do_not_make_the_disk_work(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        room_bytes(running, 1)
        answer = requests.post(f"{running.url}/hooks/wrong", data=b"{}", timeout=10)
        assert answer.status_code == 404


@pytest.fixture
def clock():
    return [1_000_000.0]


@pytest.fixture
def store(tmp_path, clock):
    made = Store(tmp_path / "x.sqlite3", lambda: clock[0])
    yield made
    made.close()


def test_a_parked_event_comes_again_after_its_pause_or_at_a_start(store, clock):
    store.accept("a", "d-1", {"deployment": "d-1"})
    store.mark("d-1", "parked", again_in_s=900, reason="HTTP 404")
    clock[0] += 899
    assert store.due() is None
    clock[0] += 1
    assert store.due().deployment == "d-1"
    store.mark("d-1", "parked", again_in_s=900)
    store.hurry()
    assert store.due().state == "parked"


def test_a_clock_that_was_wrong_holds_no_event_for_ever(store, clock):
    clock[0] += 10_000_000
    store.accept("a", "d-1", {"deployment": "d-1"})
    clock[0] -= 10_000_000
    store.hurry()
    clock[0] += 3600
    assert store.due().deployment == "d-1"


def test_the_same_body_and_the_same_deployment_are_the_same_event(store):
    assert store.accept("a", "d-1", {"deployment": "d-1"}) is True
    assert store.accept("a", "d-2", {"deployment": "d-2"}) is False
    assert store.accept("b", "d-1", {"deployment": "d-1"}) is False
    assert store.accept("b", "d-2", {"deployment": "d-2"}) is True
    assert store.counts()["accepted"] == 2
    assert store.counts()["duplicate"] == 2


def test_an_accepted_event_is_flushed_to_the_disk(store):
    """What the guarantee leans on, as no test can cut the power: WAL, and a flush at each commit."""
    ask = store._connection.execute
    assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
    assert ask("PRAGMA synchronous").fetchone() == (2,)


def test_what_cannot_be_kept_does_not_block_what_comes_next(store):
    with pytest.raises(UnicodeEncodeError):
        store.accept("a", "\ud800", {"deployment": "d-1"})
    assert store.accept("b", "d-1", {"deployment": "d-1"}) is True
