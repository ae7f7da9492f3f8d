"""One redactor for all output of the process: what is printed, raised, logged or written to a file.

`guard` wraps stdout and stderr, so that no progress line, usage error or traceback bypasses it; files are
cleaned where they are written. A service's text can neither control a terminal nor command GitHub's runner.
The process has one redactor, which only ever learns more secrets.
"""

import atexit
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from deploy_verdict.redaction.control_chars import no_commands, no_old_commands, unfinished_command, visible
from deploy_verdict.redaction.derived_secrets import SHORTEST
from deploy_verdict.redaction.redactor import DOTENV, Redactor, joined


class _Known:
    """The secrets that the process knows, and those that GitHub's runner already masks."""

    redactor = Redactor({})
    masked: set[str] = set()  # noqa: RUF012  # the process has one


class Guarded(io.TextIOBase):
    """A stream whose lines pass the redactor. An unfinished line is held back if it may be half a secret."""

    def __init__(self, raw: TextIO) -> None:
        self._raw, self._held = raw, ""
        # For a live display, which needs escapes; whoever enables it must clean foreign text.
        self.keeps_escapes = False

    def write(self, text: str) -> int:
        lines, newline, rest = (self._held + text).rpartition("\n")
        ready, broken_off = self._split(lines + newline)
        self._held = broken_off + rest
        self._emit(ready)
        return len(text)

    @staticmethod
    def _split(text: str) -> tuple[str, str]:
        """Return what may be written, and the end that may be a secret which continues on the next line."""
        known = len(text) - _Known.redactor.broken_off(text)
        return text[:known], text[known:]

    def flush(self) -> None:
        waits = 0 if self.keeps_escapes else unfinished_command(self._held)
        secret = max(_Known.redactor.unfinished_secret(self._held), _Known.redactor.broken_off(self._held))
        known = len(self._held) - max(waits, secret)
        ready, self._held = self._held[:known], self._held[known:]
        self._emit(ready)
        self._raw.flush()

    def finish(self) -> None:
        """Write what is still held back, as nothing more comes."""
        rest, self._held = self._held, ""
        self._emit(_Known.redactor.text(rest, is_cut=True))

    def command(self, line: str) -> None:
        """Print a workflow command of ours, the only kind of line that GitHub's runner may execute."""
        self.flush()
        # Any kind of line end would start a command of its own, so all become spaces.
        text = _Known.redactor.text(" ".join(visible(line).split("\n"))).rstrip("\n")
        self._raw.write(f"{no_old_commands(text)}\n")

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
    """Learn the secrets in these variables and a plan's headers, and wrap the standard streams."""
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
    # The pipe may have lost its reader, or the disk may be full.
    with contextlib.suppress(OSError, ValueError):
        guarded.finish()


def learn(name: str, value: str) -> None:
    """Learn one more secret, which the process has met only now."""
    _learn(Redactor({name: value}))


def _learn(found: Redactor) -> None:
    secrets = joined(_Known.redactor.secrets, found.secrets)
    if secrets != _Known.redactor.secrets:
        _Known.redactor = Redactor(secrets)


def _mask(found: Redactor, environment: Mapping[str, str]) -> None:
    """Make GitHub's runner mask each value in DEPLOY_VERDICT_DOTENV, which it knows only as one secret."""
    stream = sys.stderr
    raw = stream._raw if isinstance(stream, Guarded) else stream
    for name, value in found.secrets.items():
        if value not in _Known.masked and os.environ.get(name) != value and name in environment:
            _Known.masked.add(value)
            # A mask as short as "true" would also hide an output of the job, and the runner then drops it.
            for line in (line for line in map(str.strip, value.splitlines()) if len(line) >= SHORTEST):
                raw.write(f"::add-mask::{line.replace('%', '%25')}\n")


def cleaned(text: str) -> str:
    """Return a text without secrets, for a file or a request."""
    return _Known.redactor.text(text)


def cleaned_document(value: Any) -> Any:
    """Return JSON without secrets in its texts; numbers stay, so that it remains JSON."""
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
