"""How the relay starts and ends: settings, places, signals; secrets stay out of what it says."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_verdict.base.errors import UsageError
from deploy_verdict.relay.settings import event_place, settings_from
from tests.relay.github import TOKEN
from tests.relay.process import SECRET, WITHIN_S, current, free_port, relay, settings, started
from tests.running import ROOT


def test_a_signal_ends_it_with_its_events_kept(tmp_path, hub):
    for number in (signal.SIGTERM, signal.SIGINT):
        with relay(tmp_path, hub.url) as running:
            assert running.post(current()).status_code == 202
            running.until(lambda told: told["sent"] == 1)
            running.process.send_signal(number)
            assert running.process.wait(WITHIN_S) == 0


def test_a_signal_is_not_held_up_by_a_slow_body(tmp_path, hub):
    with (
        relay(tmp_path, hub.url, RELAY_BODY_WITHIN_S="3000") as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN_S) as slow,
    ):
        slow.sendall(f"POST /hooks/{SECRET} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{".encode())
        running.health()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(WITHIN_S) == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"RELAY_SECRET": "short"}, "RELAY_SECRET is shorter than 16 characters"),
        ({"RELAY_SECRET": ""}, "RELAY_SECRET is not set"),
        ({"RELAY_SECRET": "0123456789abcdef/+"}, "RELAY_SECRET goes into an address"),
        ({"RELAY_REPOSITORY": "zeues"}, "'zeues' is not owner/name"),
        ({"RELAY_SERVICES": " , "}, "RELAY_SERVICES is not set"),
        ({"RELAY_GRACE_S": "soon"}, "'soon' is not a number of seconds"),
        ({"RELAY_GITHUB_TOKEN": ""}, "RELAY_GITHUB_TOKEN is not set"),
        ({"RELAY_GITHUB_TOKEN": f"{TOKEN}\n{TOKEN}"}, "RELAY_GITHUB_TOKEN has characters"),
        ({"GITHUB_API_URL": "http://github.example.com"}, "GITHUB_API_URL is not an https address"),
        (
            {"GITHUB_API_URL": f"https://x:{TOKEN}@github.example.com"},
            "GITHUB_API_URL is not an https address",
        ),
        ({"GITHUB_API_URL": "https://[x"}, "GITHUB_API_URL is not an https address"),
        ({"RELAY_EVENT_TYPE": "x" * 101}, "RELAY_EVENT_TYPE is longer than 100 characters"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_without_a_secret(change, told):
    with pytest.raises(UsageError) as caught:
        settings_from(settings("https://api.github.example.com") | change)
    assert told in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"RELAY_SECRET": "short", "RELAY_REPOSITORY": "x"}, ["is shorter than 16", "is not owner/name"]),
        ({"PORT": "http"}, ["'http' is no port"]),
        ({"PORT": "65536"}, ["'65536' is no port"]),
    ],
)
def test_wrong_usage_ends_it_at_once(tmp_path, change, told):
    done = started(tmp_path, settings("https://x.example", **change), "--database", "x.sqlite3")
    assert done.returncode == 2
    assert all(part in done.stderr for part in told)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.sqlite3").exists()


def test_githubs_own_variable_serves_as_the_token():
    environment = settings(
        "https://api.github.example.com", RELAY_GITHUB_TOKEN="", GITHUB_TOKEN="from-github"
    )
    found = settings_from(environment)
    assert found.token == "from-github"
    assert "from-github" not in repr(found)
    assert SECRET not in repr(found)


def test_a_place_that_cannot_hold_the_database_ends_it(tmp_path):
    (tmp_path / "file").write_text("this is no database, and long enough to be taken for one" * 20)
    for place in (tmp_path / "file" / "x.sqlite3", tmp_path / "file", tmp_path):
        done = started(tmp_path, settings("https://x.example"), "--port", free_port(), "--database", place)
        assert done.returncode == 3
        assert "cannot be used as the relay's database" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("railway", "database", "found"),
    [
        ({}, None, ("/data/relay.sqlite3", None)),
        ({}, "x.sqlite3", ("x.sqlite3", None)),
        # A laptop may have what the plan reads, and `railway run` what the service has.
        ({"RAILWAY_PROJECT_ID": "p", "RAILWAY_SERVICE_ID": "s"}, None, ("/data/relay.sqlite3", None)),
        ({"RAILWAY_DEPLOYMENT_ID": "d"}, None, "no volume is mounted"),
        ({"RAILWAY_REPLICA_ID": "r", "RAILWAY_VOLUME_MOUNT_PATH": " "}, "/data/x", "no volume is mounted"),
        ({"RAILWAY_DEPLOYMENT_ID": "d", "RAILWAY_VOLUME_MOUNT_PATH": "/v"}, None, ("/v/relay.sqlite3", "/v")),
        ({"RAILWAY_DEPLOYMENT_ID": "d", "RAILWAY_VOLUME_MOUNT_PATH": "/v"}, "/v/a/x", ("/v/a/x", "/v")),
        ({"RAILWAY_DEPLOYMENT_ID": "d", "RAILWAY_VOLUME_MOUNT_PATH": "/v"}, "/v2/x", "is not on the volume"),
        (
            {"RAILWAY_DEPLOYMENT_ID": "d", "RAILWAY_VOLUME_MOUNT_PATH": "/v"},
            "/v/../x",
            "is not on the volume",
        ),
    ],
)
def test_on_railway_the_events_must_be_on_a_volume(railway, database, found):
    given = Path(database) if database else None
    if isinstance(found, str):
        with pytest.raises(UsageError, match=found):
            event_place(railway, given)
        return
    place = event_place(railway, given)
    assert (str(place.database), place.volume) == found


def test_without_a_volume_it_does_not_start_on_railway(tmp_path):
    environment = settings("https://x.example", RAILWAY_DEPLOYMENT_ID="d-0")
    done = started(tmp_path, environment, "--port", free_port(), "--database", tmp_path / "x.sqlite3")
    assert done.returncode == 2
    assert "no volume is mounted, so accepted events would be lost" in done.stderr
    assert not (tmp_path / "x.sqlite3").exists()


def test_it_says_where_the_events_are_kept(tmp_path, hub):
    on_railway = {"RAILWAY_DEPLOYMENT_ID": "d-0", "RAILWAY_VOLUME_MOUNT_PATH": str(tmp_path)}
    with relay(tmp_path, hub.url, **on_railway) as running:
        told = running.health().json()
    database = str(tmp_path / "x.sqlite3")
    assert (told["kept_in"], told["volume"]) == (database, str(tmp_path))
    said = f"accepted events are kept in {database}, on the volume at {tmp_path}"
    assert said in (tmp_path / "relay.log").read_text()


def test_a_second_relay_cannot_use_the_same_database(tmp_path, hub):
    with relay(tmp_path, hub.url) as running:
        done = started(
            tmp_path, settings(hub.url), "--port", free_port(), "--database", tmp_path / "x.sqlite3"
        )
        assert (done.returncode, "no other relay uses" in done.stderr) == (3, True)
        assert running.post(current()).status_code == 202


def test_a_port_that_is_taken_ends_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = started(tmp_path, settings("https://x.example"), "--port", port, "--database", "x.sqlite3")
    assert done.returncode == 3
    assert f"port {port}: cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_ends_rather_than_accept_what_it_can_no_longer_dispatch(tmp_path, hub):
    hub.answers = [(404, {}, False)]
    with relay(tmp_path, hub.url) as running:
        running.post(current())
        running.until(lambda told: told["parked"] == 1)
        running.kill()
    database = sqlite3.connect(tmp_path / "x.sqlite3")
    database.execute("UPDATE events SET payload = ?", (f"not JSON {SECRET}",))
    database.commit()
    database.close()
    done = started(tmp_path, settings(hub.url), "--port", free_port(), "--database", tmp_path / "x.sqlite3")
    assert done.returncode == 3
    assert "the dispatcher has stopped" in done.stderr
    assert SECRET not in done.stderr


def test_no_answer_and_no_log_line_holds_a_secret(tmp_path, hub):
    hub.answers = [(404, {"X-Echo": TOKEN}, False), (422, {}, False)]
    with relay(tmp_path, hub.url) as running:
        texts = [running.post(body, path).text for body, path in (
            (current(), f"/hooks/{SECRET}"),
            (current(), f"/hooks/{SECRET}"),
            ([], f"/hooks/{SECRET}"),
            (b"{", f"/hooks/{SECRET}"),
            (current(), f"/hooks/{SECRET}x"),
            (current(), f"/{SECRET}"),
        )]  # fmt: skip
        with socket.create_connection(("127.0.0.1", running.port), timeout=WITHIN_S) as garbage:
            garbage.sendall(f"GARBAGE {SECRET}\r\n\r\n".encode())
            texts.append(garbage.recv(1000).decode())
        texts.append(json.dumps(running.until(lambda told: told["parked"] == 1)))
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(WITHIN_S)
    said = "".join(texts) + (tmp_path / "relay.log").read_text()
    assert "POST /hooks 202: deployment d-1 accepted" in said
    assert SECRET not in said
    assert TOKEN not in said


def test_every_log_line_passes_the_redactor():
    """Lines of libraries, tracebacks, and what ends a thread."""
    code = (
        "import logging, sys, threading\n"
        "from deploy_verdict.redaction.redactor import Redactor\n"
        "from deploy_verdict.relay.server import log_to\n"
        f"log_to(sys.stderr, Redactor({{'RELAY_SECRET': {SECRET!r}}}))\n"
        f"logging.getLogger('uvicorn.error').error('asked for %s', '/hooks/{SECRET}')\n"
        "def work():\n"
        f"    raise KeyError({SECRET!r})\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True, check=True
    )
    assert "asked for /hooks/[redacted:RELAY_SECRET]" in done.stderr
    assert "KeyError" in done.stderr
    assert SECRET not in done.stderr
