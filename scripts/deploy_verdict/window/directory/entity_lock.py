"""Locks each test entity of a service, so that one process on this machine writes to it at a time.

The kernel releases a lock when the process that holds it ends, however it ends, so no lock is ever stale.
Windows on other machines do not take part.
"""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from deploy_verdict.base.clock import Clock, Stop
from deploy_verdict.base.errors import EvidenceError, UsageError

WAIT_S = 60.0
WAIT_VARIABLE = "DEPLOY_VERDICT_TURN_WAIT_S"
POLL_S = 0.05


def lock_wait_s(environment: Mapping[str, str]) -> float:
    """Return how many real seconds a window waits for another one; raise UsageError for a bad number."""
    text = environment.get(WAIT_VARIABLE) or f"{WAIT_S:g}"
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", text):
        raise UsageError(f"{WAIT_VARIABLE}={text}: not a number of seconds — write one such as 60")
    return float(text)


@contextmanager
def locked(
    target: str, entities: Iterable[str], who: str, *, clock: Clock, stop: Stop, wait_s: float = WAIT_S
) -> Iterator[str | None]:
    """Hold every entity and yield None; yield the reason if another window holds one after `wait_s`."""
    until_s = clock.monotonic_s() + wait_s
    with ExitStack() as held:
        # Always in the same order, so that two windows cannot deadlock.
        for entity in sorted(set(entities)):
            path = _directory() / f"{hashlib.sha256(f'{target} {entity}'.encode()).hexdigest()[:24]}.lock"
            file = held.enter_context(_lock_file(path))
            while not _acquired(file):
                if clock.monotonic_s() >= until_s or stop.requested:
                    yield (
                        f"another run of this tool was writing {entity} ({_holder(file)}): waited "
                        f"{wait_s:g} s — let it finish, then run this again"
                    )
                    return
                clock.sleep(POLL_S)
            file.seek(0)
            file.truncate()
            file.write(f"window {who}, process {os.getpid()}")
            file.flush()
        yield None


def _directory() -> Path:
    """Return a directory that only this user may write to, the same for all of the user's runs."""
    path = Path(tempfile.gettempdir()) / f"deploy-verdict-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise EvidenceError(f"{path}: cannot hold locks here ({error.strerror}) — set TMPDIR") from error
    if status.st_uid != os.getuid() or path.is_symlink():
        raise EvidenceError(f"{path}: belongs to another user — remove it, or set TMPDIR")
    return path


@contextmanager
def _lock_file(path: Path) -> Iterator[IO[str]]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EvidenceError(f"{path}: cannot open this lock ({error.strerror}) — remove it") from error
    with os.fdopen(descriptor, "r+", encoding="utf-8", errors="replace") as file:
        yield file


def _acquired(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> str:
    """Return who holds the lock, as written in the open file; its path may have been removed."""
    file.seek(0)
    return file.read(100) or "unknown which"
