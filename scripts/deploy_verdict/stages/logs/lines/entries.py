"""Joins lines to entries: a crash with its stack is one, and so is a line with what continues it. Pure.

An entry is bounded: a longer one comes in parts, and nothing of it is lost.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.stages.logs.lines.alike import Repeats
from deploy_verdict.stages.logs.lines.crashes import (
    CONTINUES,
    LOOKS_LIKE,
    STACK_FRAME,
    Crash,
    crash_that_begins,
    holds_crash,
)
from deploy_verdict.stages.logs.lines.format_rows import Kind
from deploy_verdict.stages.logs.lines.levels import ERROR, INFO
from deploy_verdict.stages.logs.lines.source_lines import SourceLine

MAX_ENTRY_CHARS = 65536
# Platforms stamp every line of a stack separately, within moments of each other.
_SAME_MOMENT = timedelta(seconds=1)


class Entry(NamedTuple):
    """A line with all that continues it. `continued`: a further part of an overlong entry.

    The other fields are those of its first line; `at` is None if that has no time. A crash without a level
    gets ERROR. `kind`: "access" is a request that a server logged (its format has no level), "crash" an
    exception with its stack, whatever the level. `format` names the format that was read (formats.py), None
    if none fits. `message_at` is where the message begins in `text`, after time, level and the like.
    `problem` is why a written time is unknown. `is_named`: the level is in the line's own format, not from a
    platform around it.
    """

    text: str
    at: datetime | None
    level: str | None
    zoned: bool
    after_t0: bool | None
    continued: bool
    lines: int
    kind: Kind = "line"
    format: str | None = None
    message_at: int = 0
    problem: str | None = None
    filled: str | None = None
    is_named: bool = False


def entries(
    lines: Iterable[SourceLine | Repeats], max_chars: int = MAX_ENTRY_CHARS
) -> Iterator[Entry | Repeats]:
    """Join lines to entries as they come, holding at most one entry of `max_chars` (and two lines).

    Of repeated lines, all but the last are complete entries.
    """
    joined = _Joined(max_chars)
    plain: SourceLine | None = None
    for line in lines:
        repeats = line if isinstance(line, Repeats) else None
        last = line.pop() if isinstance(line, Repeats) else line
        if last.plain and not (joined.awaits_level and last.at is None):
            # Most lines are complete entries, and most are followed by another such line.
            if plain is not None:
                yield entry_of(plain)
            elif joined.is_busy:
                yield from joined.closed()
            if repeats is not None:
                yield repeats
            plain = last
            continue
        if plain is not None:
            joined.open(plain)
            plain = None
        for record in last.records or (last,):
            yield from joined.taken(record)
    if plain is not None:
        joined.open(plain)
    yield from joined.closed()


def entry_of(line: SourceLine) -> Entry:
    """Return the entry of a single plain line."""
    text, at, level, zoned, _, _, after_t0, kind, format_, message_at, _, _, problem, filled, _, _ = line
    is_named = level is not None and level != UNPROVEN_LEVEL
    return tuple.__new__(
        Entry,
        (text, at, level, zoned, after_t0, False, 1, kind, format_, message_at, problem, filled, is_named),
    )


class _Joined:
    """The entry that is being joined, and a line that only the next one explains."""

    def __init__(self, max_chars: int) -> None:
        self._max_chars = max_chars
        self._entry: _OpenEntry | None = None
        self._waiting: SourceLine | None = None
        self.is_busy = self.awaits_level = False

    def open(self, line: SourceLine) -> None:
        """Begin with a line, if nothing is being joined."""
        self._entry, self.is_busy = _OpenEntry(line, is_crash=False), True

    def taken(self, line: SourceLine) -> Iterator[Entry]:
        """Take a line; yield what was complete before it."""
        self.is_busy = True
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            yield from self._added(waiting, is_crash=_follows(waiting, line) and _is_of_stack(line))
        if line.bare and not line.glued and LOOKS_LIKE.match(line.text, line.message_at):
            self._waiting = line
        else:
            yield from self._added(line, is_crash=False)

    def closed(self) -> Iterator[Entry]:
        """Yield what was being joined."""
        if self._waiting is not None:
            yield from self._added(self._waiting, is_crash=False)
        if self._entry is not None:
            yield self._entry.entry()
        self._entry, self._waiting, self.is_busy, self.awaits_level = None, None, False, False

    def _added(self, line: SourceLine, *, is_crash: bool) -> Iterator[Entry]:
        entry = self._entry
        if entry is None or not entry.goes_on_with(line, is_crash=is_crash):
            if entry is not None:
                yield entry.entry()
            self._entry, self.awaits_level = _OpenEntry(line, is_crash=is_crash), line.awaits_level
            return
        self.awaits_level = False
        if entry.chars + len(line.text) > self._max_chars:
            yield entry.entry()
        entry.add(line)


def _is_of_stack(line: SourceLine) -> bool:
    text = line.text[line.message_at :]
    return bool(STACK_FRAME.match(text)) or not text.strip() or text[0] in " \t"


def _follows(before: SourceLine, line: SourceLine) -> bool:
    """Return whether a line can belong to the previous one, by its time and its format."""
    if not line.bare or line.glued:
        return line.glued
    if line.at is None:
        return True
    return line.enveloped and before.at is not None and abs(line.at - before.at) <= _SAME_MOMENT


class _OpenEntry:
    """The entry that is being joined."""

    __slots__ = (
        "chained", "chars", "continued", "crash", "ended", "first", "is_crash", "last", "level", "lines",
        "message_lines", "texts",
    )  # fmt: skip

    def __init__(self, line: SourceLine, *, is_crash: bool) -> None:
        self.first = self.last = line
        self.level = line.level
        self.texts = [line.text]
        self.lines = 1
        self.chars = len(line.text)
        self.continued = self.ended = self.chained = False
        self.crash: Crash | None = None
        self.message_lines = 0
        self.is_crash = is_crash or line.kind == "crash"
        if line.kind != "access":
            text = line.text[line.message_at :]
            self._begin(crash_that_begins(text))
            self.is_crash = self.is_crash or ("\n" in text and holds_crash(text))

    def _begin(self, crash: Crash | None) -> None:
        if crash is not None:
            self.crash, self.ended, self.is_crash = crash, False, True
            self.message_lines = crash.message_lines

    def goes_on_with(self, line: SourceLine, *, is_crash: bool) -> bool:
        """Return whether this line belongs to the entry: indented, or part of its stack."""
        if line.glued or line.after_t0 is not self.first.after_t0:
            return line.glued
        if self.first.awaits_level and line.level is not None and line.at is None and self.lines == 1:
            return True
        if not _follows(self.last, line):
            return False
        text = line.text[line.message_at :]
        if self.crash is not None and self._is_of_crash(self.crash, text):
            return True
        if is_crash or crash_that_begins(text) is not None:
            # A crash belongs to the line above if that was logged with it; otherwise it is an entry of its
            # own.
            return not self.is_crash and self.level not in (None, INFO, UNPROVEN_LEVEL)
        if not text.strip() or text[0] in " \t":
            return True
        return self.first.kind != "access" and bool(CONTINUES.match(text))

    def _is_of_crash(self, crash: Crash, text: str) -> bool:
        if self.message_lines:
            return True
        if self.chained and crash.begins.match(text):
            return True
        if self.ended:
            return crash.again is not None and bool(crash.again.match(text))
        if crash.again is not None and crash.again.match(text):
            return True
        return (
            crash.goes_on is not None
            and bool(crash.goes_on.match(text))
            and not self._begins_anew(crash, text)
        )

    def _begins_anew(self, crash: Crash, text: str) -> bool:
        """Return whether a Python header inside a stack begins another stack.

        A thread's first one does not.
        """
        return crash.language == "Python" and text.startswith("Traceback") and self.lines > 1

    def add(self, line: SourceLine) -> None:
        """Take a line for which goes_on_with is true."""
        self.last = line if line.at is not None or self.last.at is None else self.last
        text = line.text[line.message_at :] if line.bare else line.text
        self.lines += not line.glued
        if self.first.awaits_level and self.level is None:
            self.level = line.level
        if not text.strip():
            return
        self.texts.append(text)
        self.chars += len(text) + 1
        if line.glued:
            return
        self._follow(text)

    def _follow(self, text: str) -> None:
        crash = self.crash
        is_indented = text[0] in " \t"
        self.message_lines = max(0, self.message_lines - (not is_indented))
        if crash is not None:
            self.chained = (self.chained and is_indented) or bool(crash.again and crash.again.match(text))
            if self.chained or crash.begins.match(text):
                self.ended = False
            elif not is_indented and crash.ends is not None and crash.ends.match(text):
                self.ended = True
        else:
            self._begin(crash_that_begins(text))
        if not self.is_crash and self.first.kind != "access" and STACK_FRAME.match(text):
            self.is_crash = not self.first.text.startswith("Trace", self.first.message_at)

    def entry(self) -> Entry:
        """Return what has been joined so far, as an entry or the next part of one."""
        first = self.first
        level: str | None = self.level
        is_named = level not in (None, UNPROVEN_LEVEL) and not first.bare
        if self.is_crash and not is_named:
            level = ERROR
        entry = Entry(
            "\n".join(self.texts), first.at, level, first.zoned, first.after_t0, self.continued, self.lines,
            "crash" if self.is_crash else first.kind, first.format, first.message_at, first.problem,
            first.filled, is_named,
        )  # fmt: skip
        self.texts, self.lines, self.chars, self.continued = [], 0, 0, True
        return entry
