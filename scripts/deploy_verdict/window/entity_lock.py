"""One writer at a time on this machine: a locked file for each test entity of a service.

The kernel lets go of a lock with the process that holds it, however it ends, so that none is ever stale.
Windows on other machines cannot see it.
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


def wait_of(environment: Mapping[str, str]) -> float:
    """How long a window waits for another one, in real seconds; raises UsageError."""
    told = environment.get(WAIT_VARIABLE) or f"{WAIT_S:g}"
    if not re.fullmatch(r"\d{1,4}(\.\d+)?", told):
        raise UsageError(f"{WAIT_VARIABLE}={told}: this is no number of seconds — write one such as 60")
    return float(told)


@contextmanager
def turn(
    target: str, entities: Iterable[str], who: str, *, clock: Clock, stop: Stop, wait_s: float = WAIT_S
) -> Iterator[str | None]:
    """Hold every entity, or yield why not: another window was still writing when the wait was over."""
    until_s = clock.monotonic_s() + wait_s
    with ExitStack() as held:
        # Always in the same order, so that no two windows wait for each other.
        for entity in sorted(set(entities)):
            path = _directory() / f"{hashlib.sha256(f'{target} {entity}'.encode()).hexdigest()[:24]}.lock"
            file = held.enter_context(_opened(path))
            while not _taken(file):
                if clock.monotonic_s() >= until_s or stop.requested:
                    yield (
                        f"another run of this tool was writing {entity} ({_holder(file)}): waited "
                        f"{wait_s:g} s — let it end, then run this again"
                    )
                    return
                clock.sleep(POLL_S)
            file.seek(0)
            file.truncate()
            file.write(f"window {who}, process {os.getpid()}")
            file.flush()
        yield None


def _directory() -> Path:
    """A directory that only we may write to, the same for every run of this user."""
    path = Path(tempfile.gettempdir()) / f"deploy-verdict-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
    except OSError as error:
        raise EvidenceError(f"{path}: no locks can be kept here ({error.strerror}) — set TMPDIR") from error
    if status.st_uid != os.getuid() or path.is_symlink():
        raise EvidenceError(f"{path}: this belongs to somebody else — remove it, or set TMPDIR")
    return path


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EvidenceError(f"{path}: this lock cannot be opened ({error.strerror}) — remove it") from error
    with os.fdopen(descriptor, "r+", encoding="utf-8", errors="replace") as file:
        yield file


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> str:
    """What the holder wrote, of the very file that is locked: somebody may have removed its name."""
    file.seek(0)
    return file.read(100) or "which one is not known"
