"""Writes files that are complete or absent; every file is written, appended to or removed here.

A file is written beside its place and renamed, so that no reader ever gets half of it. A line is appended on
a line of its own, even after one that a killed process left unfinished.
"""

import contextlib
import errno
import os
import sys
import tempfile
from pathlib import Path

from deploy_verdict.base.errors import EvidenceError

# The errors of a full, read-only or failing disk, and of a pipe without a reader.
TROUBLE = (
    errno.EPIPE,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
)
NOW = "make room there or make it writable, then run the same command again"


def cannot(path: Path, error: OSError, what: str = "be written") -> EvidenceError:
    """Return an error of our disk as one message: where, what, and what to do now."""
    return EvidenceError(f"{path}: cannot {what} ({error.strerror}) — {NOW}")


def write_complete(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a text completely or not at all; without `durable` it may not survive a power cut."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        temporary = ""
    except OSError as error:
        raise cannot(path, error) from error
    finally:
        # Also after a second Ctrl-C, so that no incomplete file stays.
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def append_line(path: Path, line: bytes) -> None:
    """Append one line with one write, so that two writers do not mix; raise EvidenceError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            data = (b"\n" if _is_torn(handle) else b"") + line + b"\n"
            if os.write(handle, data) != len(data):
                raise OSError(0, "only a part of the line could be written")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise cannot(path, error) from error


def _is_torn(handle: int) -> bool:
    """Whether the last line is unfinished: its writer was killed, or the disk was full."""
    size = os.fstat(handle).st_size
    return size > 0 and os.pread(handle, 1, size - 1) != b"\n"


def remove(path: Path) -> None:
    """Remove a file if it exists; raise EvidenceError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise cannot(path, error, "be removed") from error


def put_aside(path: Path, folder: Path) -> None:
    """Move a file into a folder; raise EvidenceError."""
    try:
        folder.mkdir(exist_ok=True)
        path.rename(folder / path.name)
    except OSError as error:
        raise cannot(path, error, "be put aside") from error


def output_lost(error: OSError) -> str:
    """Return why nothing more can be printed, "" if the reader has gone; raise any other error."""
    if error.errno not in TROUBLE:
        raise error
    # Buffered output must not fail again when the process ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return ""
    return f"{error.filename or 'the output'}: {error.strerror} — make room there, then run it again"
