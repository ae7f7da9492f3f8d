"""Real backends for the tests of demo/, each a process of its own, called over real sockets."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from itertools import count

import pytest
import redis
import requests

from demo.railway import ids
from demo.running import running

WITHIN_S = 15.0
WORKER = {"worker_id": 93, "worker_nombre": "MR(93)"}
OTHER = {"worker_id": 94, "worker_nombre": "MG(94)"}


class Client:
    """A client of one backend."""

    def __init__(self, backend):
        self.base_url = backend.base_url
        self.log = backend.log
        self.pid = backend.pid

    def get(self, path):
        return requests.get(self.base_url + path, timeout=10)

    def post(self, path, **body):
        return requests.post(self.base_url + path, json=body, timeout=10)

    def tomar(self, tag, who=WORKER, operacion="ARM"):
        return self.post("/api/occupation/tomar", tag_spool=tag, operacion=operacion, **who)

    def pausar(self, tag, who=WORKER):
        return self.post("/api/occupation/pausar", tag_spool=tag, **who)

    def completar(self, tag, who=WORKER, operacion="ARM"):
        body = {"tag_spool": tag, "operacion": operacion, "fecha_operacion": "2026-02-02", **who}
        return self.post("/api/occupation/completar", **body)

    def inspect(self, tag):
        return self.post("/api/metrologia/completar", tag_spool=tag, resultado="APROBADO", **WORKER)

    def finish(self, tag, operacion):
        """TOMAR and COMPLETAR, both of which must succeed."""
        assert self.tomar(tag, operacion=operacion).status_code == 200
        assert self.completar(tag, operacion=operacion).status_code == 200

    def stats(self):
        return self.get("/api/redis-connection-stats").json()

    def active(self):
        return self.stats()["active_connections"]

    def log_lines(self):
        return self.log.read_text(encoding="utf-8").splitlines()

    def logged(self, text):
        return [line for line in self.log_lines() if text in line]


class Api:
    """A client of one Railway."""

    def __init__(self, backend):
        self.url, self.base_url = backend.railway_url, backend.base_url

    def post(self, query, variables=None, **headers):
        headers = headers or {"Project-Access-Token": ids.DEMO_TOKEN}
        body = {"query": query, "variables": variables or {}}
        return requests.post(self.url, json=body, headers=headers, timeout=10)

    def data(self, query, variables=None):
        body = self.post(query, variables).json()
        assert "errors" not in body, body
        return body["data"]

    def error(self, query, variables=None):
        """The only error of an answer, which must have status 200."""
        answer = self.post(query, variables)
        assert answer.status_code == 200
        [error] = answer.json()["errors"]
        return error

    def get(self, path, agent="a-test"):
        return requests.get(self.base_url + path, headers={"User-Agent": agent}, timeout=10)

    def probe(self):
        """Send the watcher's first request, with which the window's time begins."""
        return self.get("/api/workers", "deploy-verdict/0 (window w)")

    def rows(self, fields="id status"):
        """All deployments, newest first."""
        query = f"{{ deployments(input: {{}}) {{ edges {{ node {{ {fields} }} }} }} }}"
        return [edge["node"] for edge in self.data(query)["deployments"]["edges"]]

    def active(self):
        """The ids of the active deployments."""
        place = f'environmentId: "{ids.ENVIRONMENT_ID}", serviceId: "{ids.SERVICE_ID}"'
        query = f"{{ serviceInstance({place}) {{ activeDeployments {{ id }} }} }}"
        return [row["id"] for row in self.data(query)["serviceInstance"]["activeDeployments"]]

    def log(self, fields="message severity", deployment=ids.LIVE_ID):
        query = f'{{ deploymentLogs(deploymentId: "{deployment}", limit: 5000) {{ {fields} }} }}'
        return self.data(query)["deploymentLogs"]

    def http_log(self, fields="requestId", deployment=ids.LIVE_ID):
        query = f'{{ httpLogs(deploymentId: "{deployment}", limit: 5000) {{ {fields} }} }}'
        return self.data(query)["httpLogs"]


@contextmanager
def _started(fault, log, redis_url=None, **options):
    """A backend whose Redis the test chooses, whatever the developer's REDIS_URL is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)
        if redis_url:
            patch.setenv("REDIS_URL", redis_url)
        with running(fault, log=log, **options) as backend:
            yield Client(backend)


@pytest.fixture(scope="session")
def started():
    """A context manager (fault, log, **options of running) -> Client, for backends that tests share."""
    return _started


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A backend without a fault for a whole file; a test takes its own spool from `spool`."""
    with _started("none", tmp_path_factory.mktemp("healthy") / "backend.log") as client:
        yield client


@pytest.fixture(scope="module")
def _spool_numbers():
    return count(1)


@pytest.fixture
def spool(_spool_numbers):
    """A spool that no other test on the same `healthy` has touched."""
    return f"MK-1335-CW-25238-{next(_spool_numbers):03}"


@pytest.fixture
def broken(tmp_path):
    """A function (fault, **options of running) -> Client; its backends live as long as the test."""
    with ExitStack() as stack:

        def start(fault, **options):
            return stack.enter_context(_started(fault, tmp_path / f"{fault}.log", **options))

        yield start


@pytest.fixture(scope="module")
def railway(tmp_path_factory):
    """The Railway of a backend without a fault, for a whole file."""
    with running(log=tmp_path_factory.mktemp("railway") / "backend.log") as backend:
        yield Api(backend)


@pytest.fixture
def broken_railway(tmp_path):
    """A function (fault, **options of running) -> Api; its backends live as long as the test."""
    with ExitStack() as stack:

        def start(fault, **options):
            return Api(stack.enter_context(running(fault, log=tmp_path / f"{fault}.log", **options)))

        yield start


@pytest.fixture
def until():
    """A function that calls `reading` until `holds` is true of its value, and returns that value."""

    def ask(reading, holds):
        deadline = time.monotonic() + WITHIN_S
        while True:
            value = reading()
            if holds(value):
                return value
            assert time.monotonic() < deadline, f"after {WITHIN_S:g} s the last reading was {value!r}"

    return ask


@pytest.fixture
def redis_url(tmp_path):
    """A redis-server of the test's own; without it, skips, or fails if DEPLOY_VERDICT_ALLOW_SKIPS is 0."""
    binary = shutil.which("redis-server")
    if binary is None:
        missing = pytest.fail if os.environ.get("DEPLOY_VERDICT_ALLOW_SKIPS") == "0" else pytest.skip
        missing("redis-server is not installed: the demo was not tried against a real Redis")
    port = _free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await_redis(server, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await_redis(server, port):
    deadline = time.monotonic() + WITHIN_S
    with redis.Redis(port=port) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                assert server.poll() is None, "redis-server ended before it answered"
                assert time.monotonic() < deadline, "redis-server does not answer"
            else:
                return
