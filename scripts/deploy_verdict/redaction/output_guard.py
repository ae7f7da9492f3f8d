"""All that leaves the process, through one redactor: what is printed, raised, logged or written to a file.

`guard` puts itself before stdout and stderr, so that no progress line, usage error or traceback can pass
by; files are cleaned where they are written (evidence.py, job_output.py). What services say to a terminal
or to GitHub's runner is only text there. One redactor for the process: it only ever learns more secrets.
"""

import atexit
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TextIO

from deploy_verdict.redaction.control_chars import half_command, no_commands, no_old_commands, visible
from deploy_verdict.redaction.redactor import DOTENV, Redactor, joined


class _Known:
    """What the process knows to be secret, and what GitHub's runner was told to hide."""

    redactor = Redactor({})
    masked: set[str] = set()  # noqa: RUF012  # the process has one


class Guarded(io.TextIOBase):
    """A stream whose lines pass the redactor; half a line waits where it may be half a secret."""

    def __init__(self, raw: TextIO) -> None:
        self._raw, self._held = raw, ""
        # For a live display, which works by escapes; whoever turns it on cleans what comes from outside.
        self.keeps_escapes = False

    def write(self, text: str) -> int:
        whole, newline, self._held = (self._held + text).rpartition("\n")
        self._emit(whole + newline)
        return len(text)

    def flush(self) -> None:
        waits = 0 if self.keeps_escapes else half_command(self._held)
        known = len(self._held) - max(waits, _Known.redactor.half_told(self._held))
        ready, self._held = self._held[:known], self._held[known:]
        self._emit(ready)
        self._raw.flush()

    def finish(self) -> None:
        """Nothing more comes, so what waited goes out."""
        rest, self._held = self._held, ""
        self._emit(_Known.redactor.text(rest, is_cut=True))

    def command(self, line: str) -> None:
        """A workflow command of ours: the one line that GitHub's runner is to obey."""
        self.flush()
        # What is a line end of another kind becomes one, and would begin a command of its own.
        told = _Known.redactor.text(" ".join(visible(line).split("\n"))).rstrip("\n")
        self._raw.write(f"{no_old_commands(told)}\n")

    def _emit(self, text: str) -> None:
        if text:
            text = _Known.redactor.text(text)
            self._raw.write(text if self.keeps_escapes else no_commands(visible(text)))

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the library has an attribute
        return self._raw.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self._raw.errors


def guard(environment: Mapping[str, str], headers: Iterable[tuple[str, str]] = ()) -> None:
    """Learn the secrets of these variables and of a plan's headers; stand before the standard streams."""
    found = Redactor.from_environment(environment, headers)
    _learn(found)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Guarded):
            guarded = Guarded(stream)
            atexit.register(_finish, guarded)
            setattr(sys, name, guarded)
    if environment.get("GITHUB_ACTIONS") == "true" and environment.get(DOTENV):
        _mask(found, environment)


def _finish(guarded: Guarded) -> None:
    # Whoever read us may have gone, and taken the pipe along; or the disk is full.
    with contextlib.suppress(OSError, ValueError):
        guarded.finish()


def _learn(found: Redactor) -> None:
    secrets = joined(_Known.redactor.secrets, found.secrets)
    if secrets != _Known.redactor.secrets:
        _Known.redactor = Redactor(secrets)
        cleaned.cache_clear()


def _mask(found: Redactor, environment: Mapping[str, str]) -> None:
    """Tell GitHub's runner what it cannot know: it sees one secret of many lines, not the values in it."""
    stream = sys.stderr
    raw = stream._raw if isinstance(stream, Guarded) else stream
    for name, value in found.secrets.items():
        if value not in _Known.masked and os.environ.get(name) != value and name in environment:
            _Known.masked.add(value)
            for line in filter(None, map(str.strip, value.splitlines())):
                raw.write(f"::add-mask::{line.replace('%', '%25')}\n")


@lru_cache(maxsize=64)
def cleaned(text: str) -> str:
    """A text without secrets, for a file or a request."""
    return _Known.redactor.text(text)


def cleaned_document(value: Any) -> Any:
    """JSON without secrets in any of its texts; numbers stay, so that it stays JSON."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, list | tuple):
        return [cleaned_document(item) for item in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned_document(item) for key, item in value.items()}
    return value


def say_command(line: str) -> None:
    """Print a workflow command, such as an annotation."""
    if isinstance(sys.stdout, Guarded):
        sys.stdout.command(line)
    else:
        print(cleaned(line))
