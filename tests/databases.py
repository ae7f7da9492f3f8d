"""Real redis-server and PostgreSQL processes that a test starts, kills and restarts."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

WITHIN_S = 30.0
PASSWORD = "s3cret/pass+word"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def needed(name):
    """The path of a program; without it, skips the test, or fails it if DEPLOY_VERDICT_ALLOW_SKIPS is 0."""
    found = shutil.which(name) or next(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)
    if found is None:
        missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
        missing(f"{name} is not installed")
    return found


class Server:
    """One server process; `url` contains the password, percent-encoded."""

    def __init__(self, command, url, answers, **as_user):
        self._command, self.url, self._answers, self._as_user = command, url, answers, as_user
        self.process = None
        self.stop = signal.SIGTERM

    def start(self):
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._as_user
        )
        deadline = time.monotonic() + WITHIN_S
        while not self._answers():
            assert self.process.poll() is None, "the server ended before it answered"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
        return self

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(self.stop)
            try:
                self.process.wait(timeout=WITHIN_S / 3)
            except subprocess.TimeoutExpired:
                # A server that was stopped in the middle of a login may not exit by itself.
                self.process.kill()
                self.process.wait(timeout=WITHIN_S)


@contextmanager
def redis_server(*options, certificate=None):
    """A Redis with a password, on a port that it keeps when restarted; with a certificate, TLS only."""
    port = free_port()
    command = [needed("redis-server"), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD]
    command += ["--port", str(port)] if certificate is None else ["--port", "0", "--tls-port", str(port)]
    command += ["--tls-auth-clients", "no"] if certificate else []
    for name in ("cert", "key", "ca-cert") if certificate else ():
        command += [f"--tls-{name}-file", str(certificate)]
    command += options
    over_tls = {"ssl": True, "ssl_cert_reqs": "none"} if certificate else {}

    def answers():
        try:
            with redis.Redis(port=port, password=PASSWORD, **over_tls) as client:
                return client.ping()
        except redis.ConnectionError:
            return False

    scheme = "rediss" if certificate else "redis"
    server = Server(command, f"{scheme}://default:s3cret%2Fpass%2Bword@127.0.0.1:{port}/0", answers)
    server.port = port
    try:
        yield server.start()
    finally:
        server.kill()


@contextmanager
def postgres_server(*, max_connections=20, certificate=None):
    """A PostgreSQL with a password; with a certificate, it refuses connections without TLS.

    PostgreSQL refuses to run as root, so it then runs as nobody, who may not enter pytest's directories:
    hence a temporary directory of its own.
    """
    as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        data, secret = folder / "data", folder / "password"
        secret.write_text(PASSWORD)
        for path in (folder, secret) if as_user else ():
            shutil.chown(path, "nobody")
        initdb = [needed("initdb"), "-D", str(data), "-U", "app", "-A", "scram-sha-256", "--no-sync"]
        initdb.append(f"--pwfile={secret}")
        subprocess.run(initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)
        command = [needed("postgres"), "-D", str(data), "-p", str(port), "-c", "fsync=off"]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
        command += ["-c", f"max_connections={max_connections}", "-c", "superuser_reserved_connections=3"]
        if certificate is not None:
            # PostgreSQL refuses a key that others may read.
            key = Path(shutil.copy(certificate, data / "server.pem"))
            key.chmod(0o600)
            if as_user:
                shutil.chown(key, "nobody")
            command += ["-c", "ssl=on", "-c", f"ssl_cert_file={key}", "-c", f"ssl_key_file={key}"]
            (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        url = f"postgresql://app:s3cret%2Fpass%2Bword@127.0.0.1:{port}/postgres"

        def answers():
            try:
                psycopg.connect(url, connect_timeout=5).close()
            except psycopg.OperationalError:
                return False
            return True

        server = Server(command, url, answers, **as_user)
        # SIGQUIT: shut down at once, without waiting for its sessions.
        server.port, server.stop = port, signal.SIGQUIT
        try:
            yield server.start()
        finally:
            server.kill()
