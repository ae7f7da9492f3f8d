"""A real service with its real database, each a process of its own, broken in the middle of a window."""

import os
import signal
import subprocess
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.databases import free_port, postgres_server, redis_server
from tests.running import ROOT

BIN = ROOT / "out" / "real" / "bin"
HERE = Path(__file__).resolve().parent
READY_S, STOPPED_S, DOWN_S = 60.0, 10.0, 1.0
# Requests of other users, besides our own.
LIGHT_PER_S = 10
DATABASES = REDIS, POSTGRES = "redis", "postgres"
JSON_GAUGE = "used: $.used, limit: $.limit"
QUEUE_POOL = r"used: 'text: Current Checked out connections: (\d+)', limit: 20"


@dataclass(frozen=True)
class Service:
    """One service: how it is run, and how the plan reads its pool."""

    title: str
    short: str
    module: str
    command: tuple[str, ...]
    database: str
    gauge: str
    limit: int = 20
    workers: int = 1


UVICORN = ("uvicorn", "{module}:app", "--port", "{port}", "--log-level", "warning")
GUNICORN = ("gunicorn", "{module}:app", "-b", "127.0.0.1:{port}", "-k", "gthread", "--threads", "8")
SERVICES = {
    "fastapi-sync": Service(
        "FastAPI, redis-py's sync pool of 20", "FastAPI, sync", "fastapi_sync", UVICORN, REDIS, JSON_GAUGE
    ),
    "fastapi-async": Service(
        "FastAPI, redis-py's async pool of 20", "FastAPI, async", "fastapi_async", UVICORN, REDIS, JSON_GAUGE
    ),
    "flask": Service(
        "Flask under gunicorn's threads, SQLAlchemy's QueuePool of 15 + 5 on PostgreSQL",
        "Flask, gunicorn",
        "flask_sqlalchemy",
        (*GUNICORN, "--log-level", "warning"),
        POSTGRES,
        QUEUE_POOL,
    ),
    "workers": Service(
        "FastAPI under `uvicorn --workers 4`, an async pool of 20 in each",
        "`uvicorn --workers 4`",
        "fastapi_async",
        (*UVICORN, "--workers", "4"),
        REDIS,
        JSON_GAUGE,
        limit=80,
        workers=4,
    ),
}


@contextmanager
def database(kind):
    """A server of this kind, for many windows."""
    with redis_server() if kind == REDIS else postgres_server(max_connections=100) as server:
        yield server


class World:
    """A running service, and the faults that it can be given."""

    def __init__(self, service, server, folder, *, names_itself):
        self.service, self._server = service, server
        self._folder, self._port = folder, free_port()
        self._names_itself = names_itself
        self._process = None
        self.url = f"http://127.0.0.1:{self._port}"

    @property
    def database_url(self):
        return self._server.url

    def start(self):
        """Start the service; returns once every worker answers."""
        words = {"module": self.service.module, "port": str(self._port)}
        name, *arguments = (part.format(**words) for part in self.service.command)
        # Only what Python needs of our own environment's variables.
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(HERE / "services"),
            "DATABASE_URL": self._server.url,
            "FAULT_FILE": str(self._folder / "fault"),
            **({"NAMES_ITSELF": "1"} if self._names_itself else {}),
        }
        with (self._folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen([str(BIN / name), *arguments], env=environment, cwd=self._folder,
                                             stdout=log, stderr=log, start_new_session=True)  # fmt: skip
        deadline = time.monotonic() + READY_S
        answered = 0
        while answered < 5 * self.service.workers:
            assert self._process.poll() is None, (self._folder / "service.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the service does not answer"
            answered += self._ask("/health")
            time.sleep(0.05)
        return self

    def _ask(self, path):
        with suppress(OSError), urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.status == 200
        return False

    def stop(self):
        """Stop the service's whole process group, as a platform does: SIGTERM, then SIGKILL."""
        if self._process is None:
            return
        for number, within_s in ((signal.SIGTERM, STOPPED_S), (signal.SIGKILL, STOPPED_S)):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(within_s)
                break
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process = None

    @contextmanager
    def loaded(self, per_s):
        """Send this many requests of other users per second for as long as the block lasts."""
        stopped = threading.Event()

        def ask():
            while not stopped.wait(1 / per_s):
                self._ask("/work")

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(1 if per_s else 0)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stopped.set()
            for thread in threads:
                thread.join()

    def break_by(self, fault):
        """Inject a fault that takes effect at once."""
        if fault == "exhausted":
            self._write(fault)
        elif fault == "database":
            self._server.kill()
            time.sleep(DOWN_S)
            self._server.start()
        elif fault == "process":
            self.stop()
            self.start()

    def leak(self, every_s):
        """Make each worker leak one connection every so many seconds from now on."""
        self._write(f"leak {every_s:.3f}")

    def _write(self, text):
        path = self._folder / "fault.new"
        path.write_text(text)
        path.replace(self._folder / "fault")
