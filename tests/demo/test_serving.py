"""The command `python -m demo.serve`, and running() around it."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from demo import serve
from demo.faults import FAULTS, Fault
from demo.pool import PoolStats
from demo.running import REPOSITORY, NotReadyError, running

SERVE = [sys.executable, "-m", "demo.serve"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_with_exit_code_0(tmp_path, monkeypatch, number):
    command = [*SERVE, "--log", str(tmp_path / "log")]
    # Without it the ready line must be flushed by the backend itself.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as process:
        redis, railway, ready = (process.stdout.readline() for _ in range(3))
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=10)
    assert redis.startswith("redis redis://127.0.0.1:")
    assert railway.startswith("railway http://127.0.0.1:")
    assert ready.startswith("ready http://127.0.0.1:")
    assert (process.returncode, stdout, stderr) == (0, "", "")


def test_shutdown_does_not_wait_for_a_slow_request(broken, until):
    """Its wait is given up, so it is still answered instead of being cut off after the second of grace."""
    client = broken("slow")
    for _ in range(4):
        client.tomar("TEST-02")
    port = int(client.base_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as slow_request:
        slow_request.sendall(_tomar_request())
        until(lambda: client.logged("TOMAR operation"), lambda lines: len(lines) == 5)
        os.kill(client.pid, signal.SIGTERM)
        # The first TOMAR still holds the spool.
        assert slow_request.recv(4096).startswith(b"HTTP/1.1 409 Conflict")
    # Only now: the wait is given up before the server itself begins to stop.
    until(lambda: client.logged("Shutting down"), lambda lines: lines)


def test_running_leaves_no_process_behind_even_when_the_block_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), running(log=tmp_path / "log") as backend:
        raise ZeroDivisionError
    with pytest.raises(ProcessLookupError):
        os.kill(backend.pid, 0)


def test_running_tells_why_it_did_not_get_ready(tmp_path):
    with (
        pytest.raises(NotReadyError, match=r"(?s)exit code 2.*invalid choice: 'no-such-fault'"),
        running("no-such-fault", log=tmp_path / "log"),
    ):
        pass


def test_running_gives_up_on_a_backend_that_takes_too_long(tmp_path):
    with (
        pytest.raises(NotReadyError, match="was not ready within 0 s"),
        running(log=tmp_path / "log", ready_within_s=0.0),
    ):
        pass


def test_a_taken_port_is_exit_code_3_with_the_reason(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(NotReadyError, match=r"exit code 3.*Address already in use"),
            running(log=tmp_path / "log", port=port),
        ):
            pass


def test_a_redis_that_does_not_answer_is_exit_code_3_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    with (
        pytest.raises(NotReadyError, match=r"exit code 3.*Connection refused"),
        running(log=tmp_path / "log"),
    ):
        pass


def test_a_log_that_cannot_be_written_is_exit_code_3_with_the_reason(tmp_path):
    with (
        pytest.raises(NotReadyError, match=r"exit code 3.*No such file or directory"),
        running(log=tmp_path / "missing" / "log"),
    ):
        pass


def test_a_chosen_port_is_used(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with running(log=tmp_path / "log", port=port) as backend:
        assert backend.base_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("speed", ["0", "-1", "inf", "nan", "fast"])
def test_a_senseless_speed_is_wrong_usage(tmp_path, capsys, speed):
    with pytest.raises(SystemExit) as ended:
        serve.main(["--log", str(tmp_path / "log"), f"--speed={speed}"])
    assert ended.value.code == 2
    assert "argument --speed" in capsys.readouterr().err


def test_help_teaches_every_fault(capsys):
    with pytest.raises(SystemExit) as ended:
        serve.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert ended.value.code == 0
    for fault in Fault:
        assert any(line.split(maxsplit=1) == [fault, FAULTS[fault]] for line in lines), fault


@pytest.mark.parametrize(("active", "alert"), [(16, None), (17, "HIGH_UTILIZATION")])
def test_alert_begins_above_80_percent(active, alert):
    stats = PoolStats(max_connections=20, active_connections=active, available_connections=20 - active)
    assert stats.alert == alert


def _tomar_request():
    body = b'{"tag_spool":"TEST-02","worker_id":93,"worker_nombre":"MR(93)","operacion":"ARM"}'
    head = "POST /api/occupation/tomar HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
