"""Runs the demo backend as a process of its own, for as long as a `with` block lasts."""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from demo.railway import ids

REPOSITORY = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 30.0
ENDED_WITHIN_S = 0.5
STOPPED_WITHIN_S = 5.0


class NotReadyError(RuntimeError):
    """The backend did not print its ready line; the text says how it ended and what it wrote to stderr."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A backend that answers (or, under the fault down, refuses) at `base_url`."""

    base_url: str
    railway_url: str
    redis_url: str
    log: Path
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a script finds the demo's Railway and its Redis."""
        return {
            "REDIS_PUBLIC_URL": self.redis_url,
            "RAILWAY_API_URL": self.railway_url,
            "RAILWAY_TOKEN": ids.DEMO_TOKEN,
            "RAILWAY_PROJECT_ID": ids.PROJECT_ID,
            "RAILWAY_SERVICE_ID": ids.SERVICE_ID,
            "RAILWAY_ENVIRONMENT": ids.ENVIRONMENT,
        }


@contextmanager
def running(
    fault: str = "none",
    speed: float = 600.0,
    *,
    log: Path,
    port: int = 0,
    railway_as: Path | None = None,
    ready_within_s: float = READY_WITHIN_S,
) -> Iterator[Running]:
    """Start `python -m demo.serve`, yield once it is ready, and stop it at exit, by force after five seconds.

    The environment is passed on, so REDIS_URL works as it does on the command line. Raise NotReadyError.
    """
    command = [sys.executable, "-m", "demo.serve", "--fault", fault, "--speed", str(speed)]
    command += ["--log", str(log.resolve()), "--port", str(port)]
    command += ["--railway-as", str(railway_as)] if railway_as else []
    # A file for stderr, not a pipe: nobody reads it while the backend runs, and a full pipe would block it. A
    # session of its own, so that Ctrl-C reaches only the watcher, which then still has to clean up here.
    with tempfile.TemporaryFile() as stderr:
        process = started(command, stderr)
        try:
            urls = _ready_urls(process.stdout, ready_within_s) if process.stdout else {}
            if "ready" not in urls:
                raise NotReadyError(_why(process, stderr, ready_within_s))
            yield Running(
                base_url=urls["ready"],
                railway_url=urls.get("railway", ""),
                redis_url=urls.get("redis", ""),
                log=log.resolve(),
                pid=process.pid,
            )
        finally:
            _stop(process)


def started(command: list[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the backend's process. The tests replace this with one that forks, as importing takes longest."""
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
    )


def _ready_urls(stdout: IO[bytes], within_s: float) -> dict[str, str]:
    """Return the URLs by their words; no "ready" when the process ends or takes too long."""
    deadline = time.monotonic() + within_s
    text = b""
    while not (text.endswith(b"\n") and b"ready " in text):
        readable, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
        received = os.read(stdout.fileno(), 4096) if readable else b""
        if not received:
            return {}
        text += received
    pairs = (line.partition(" ") for line in text.decode().splitlines())
    return {word: url for word, _, url in pairs}


def _why(process: subprocess.Popen[bytes], stderr: IO[bytes], within_s: float) -> str:
    try:
        # The process closes its end of the pipe a moment before it is gone with its exit code.
        exit_code = process.wait(ENDED_WITHIN_S)
    except subprocess.TimeoutExpired:
        state = f"was not ready within {within_s:g} s"
    else:
        state = f"ended before it was ready, with exit code {exit_code}"
    stderr.seek(0)
    text = stderr.read().decode(errors="replace").strip()
    return f"the demo backend {state}; its stderr: {text or 'empty'}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate, then kill; return with the process gone and its pipe closed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
