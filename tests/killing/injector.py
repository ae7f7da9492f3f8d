"""Run a command or a script, and break the disk or the process at its K-th operation below a directory.

    python tests/killing/injector.py '{"root": DIR, "at": 7, "fault": "torn", "count": FILE}' scripts/x.py ...

With "kind", at its K-th operation of that kind. An operation is: opening a file to write, a write, an fsync,
a rename, a removal, a new directory, a chmod, a connection, and the end of the script. Each is counted before
it is carried out. The kinds of all operations are written to FILE.

    kill    SIGKILL instead of the operation        torn    half of the bytes are written, then SIGKILL
    term    SIGTERM, then the operation             full    half of the bytes, then ENOSPC, from then on
    ro      EROFS from then on, as on a disk that the kernel has remounted
"""

import errno
import io
import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path

FAULTS = ("kill", "torn", "term", "full", "ro")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
AUDITED = {
    "os.rename": "rename",
    "os.remove": "remove",
    "os.mkdir": "mkdir",
    "os.chmod": "chmod",
    "socket.connect": "connect",
}
# Operations that still work on a full disk.
FREE = ("rename", "remove", "chmod", "connect", "end", "flush")
OPEN_HERE = io.open


class Injector:
    """Counts the operations of one process and breaks the chosen one."""

    def __init__(self, root, at, fault, count, kind=None):
        self.root, self.at, self.fault, self.kind = os.path.realpath(root), at, fault, kind
        self.seen, self.lock = [], threading.RLock()
        # Opened before the fault can hit it.
        self.count = os.open(count, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def is_ours(self, path):
        if isinstance(path, int):
            path = Path(f"/proc/self/fd/{path}").readlink()
        return os.path.abspath(os.fsdecode(path)).startswith(self.root + os.sep)  # noqa: PTH100  # no stat

    def step(self, kind, half=lambda: None):
        """Count an operation that is about to be carried out; `half` carries out half of it."""
        with self.lock:
            self.seen.append(kind)
            number = len(self.seen) if self.kind is None else self.seen.count(self.kind)
        if self.kind not in (None, kind) and number == self.at:
            # An operation of another kind after the chosen one: only a lasting fault matters.
            number += 1
        if number == self.at:
            self._signal(half)
        if self.at and number >= self.at:
            self._refuse(kind, half)

    def _signal(self, half):
        if self.fault == "torn":
            half()
        if self.fault in ("kill", "torn"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "term":
            os.kill(os.getpid(), signal.SIGTERM)

    def _refuse(self, kind, half):
        if self.fault == "full" and kind not in FREE:
            half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.fault == "ro" and kind not in ("connect", "end"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def audit(self, event, arguments):
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, (str, bytes, os.PathLike)) and flags & WRITING and self.is_ours(path):
                self.step("open")
        elif event in AUDITED and (event == "socket.connect" or self.is_ours(arguments[0])):
            self.step(AUDITED[event])

    def done(self):
        """Count the end of the script and write the kinds of all its operations."""
        self.step("end")
        os.write(self.count, json.dumps(self.seen).encode())


class Raw(io.FileIO):
    """A file whose every write counts as an operation."""

    injector: Injector

    def write(self, data):
        half = bytes(data[: len(data) // 2])
        self.injector.step("write", lambda: super(Raw, self).write(half))
        return super().write(data)


def main():
    told = json.loads(sys.argv[1])
    injector = Raw.injector = Injector(**told)
    write, fsync = os.write, os.fsync

    def opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **more):
        # An audited open and a write() of its own for each, as the system calls are.
        if set(mode) & set("wax+") and injector.is_ours(file):
            raw = Raw(file, mode.replace("t", "").replace("b", ""))
            buffered = io.BufferedWriter(raw)
            return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)
        return OPEN_HERE(file, mode, buffering, encoding, errors, newline, **more)

    def written(handle, data):
        if injector.is_ours(handle):
            injector.step("write", lambda: write(handle, data[: len(data) // 2]))
        return write(handle, data)

    def flushed(handle):
        if injector.is_ours(handle):
            injector.step("flush")
        fsync(handle)

    io.open, os.write, os.fsync = opened, written, flushed
    # The script would end the process before its end is counted.
    os._exit = lambda _: None
    sys.addaudithook(injector.audit)
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        injector.done()


if __name__ == "__main__":
    main()
