"""Lines become entries: a traceback stays with the line that it belongs to. Pure.

An entry never grows beyond a bound: what is longer comes in parts, and no part of it is lost.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from deploy_verdict.stages.logs.source_lines import Kind, SourceLine
from deploy_verdict.stages.logs.text_lines import level_of

MAX_ENTRY_CHARS = 65536
_HEADER = "Traceback (most recent call last):"
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_ALL_CHAINED = "he above exception"
_LAST_LINE = re.compile(r"[^\W\d]\w*(?:\.\w+)*(?::|$)")
# Railway stamps every line of a traceback on its own, within moments of each other.
_SAME_MOMENT = timedelta(seconds=1)


class Entry(NamedTuple):
    """A line with all that continues it. `continued`: a further part of an overlong entry.

    The other fields are those of its first line; `at` is None where that bears no time. A crash without a
    level has the level ERROR. `kind`: "access" is a request that a server logged (its format has no level),
    "crash" an exception with its stack, whatever the level. `format` is the name of the format that was read
    (stages/logs/formats.py), None where none fits. `message_at` is where the message begins in `text`, behind
    time, level and the like.
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

    @property
    def tracebacks(self) -> int:
        """How many tracebacks begin here; a chain of exceptions is one. Parts may give a negative share."""
        text = self.text
        if _HEADER not in text and _ALL_CHAINED not in text:
            return 0
        return text.count(_HEADER) - sum(text.count(sentence) for sentence in _CHAINED)


class _Trace(Enum):
    """Where in a traceback the last line stood."""

    OUTSIDE = 0
    INSIDE = 1
    ENDED = 2
    CHAINED = 3


def entries(lines: Iterable[SourceLine], max_chars: int = MAX_ENTRY_CHARS) -> Iterator[Entry]:
    """Join lines to entries as they come; holds no more than one entry of max_chars (and one line)."""
    open_entry: _OpenEntry | None = None
    for line in lines:
        if open_entry is None or not open_entry.goes_on_with(line):
            if open_entry is not None:
                yield open_entry.entry()
            open_entry = _OpenEntry(line)
        else:
            if open_entry.chars + len(line.text) > max_chars:
                yield open_entry.entry()
            open_entry.add(line)
    if open_entry is not None:
        yield open_entry.entry()


class _OpenEntry:
    """The entry that is being joined."""

    __slots__ = ("chars", "continued", "first", "lines", "texts", "trace")

    def __init__(self, line: SourceLine) -> None:
        self.first = line
        self.texts = [line.text]
        self.lines = 1
        self.chars = len(line.text)
        self.continued = False
        self.trace = _Trace.INSIDE if line.text.endswith(_HEADER) else _Trace.OUTSIDE

    def goes_on_with(self, line: SourceLine) -> bool:
        """Whether this line belongs to the entry: indented, or the next line of its traceback."""
        if line.at is not None and not (line.enveloped and self._at_the_same_moment(line.at)):
            return False
        if line.glued or line.after_t0 is not self.first.after_t0:
            return line.glued
        text = line.text
        if not text.strip() or text[0] in " \t":
            return True
        if text.startswith(_HEADER):
            return self.trace in (_Trace.OUTSIDE, _Trace.CHAINED)
        if text.startswith(_CHAINED):
            return self.trace in (_Trace.INSIDE, _Trace.ENDED)
        return self.trace is _Trace.INSIDE and bool(_LAST_LINE.match(text)) and not _names_level(text)

    def _at_the_same_moment(self, at: datetime) -> bool:
        return self.first.at is not None and abs(at - self.first.at) <= _SAME_MOMENT

    def add(self, line: SourceLine) -> None:
        """Take a line for which goes_on_with is true."""
        text = line.text
        self.lines += not line.glued
        if not text.strip():
            return
        self.texts.append(text)
        self.chars += len(text) + 1
        if text.endswith(_HEADER):
            self.trace = _Trace.INSIDE
        elif text.startswith(_CHAINED):
            self.trace = _Trace.CHAINED
        elif self.trace is _Trace.INSIDE and text[0] not in " \t":
            self.trace = _Trace.ENDED

    def entry(self) -> Entry:
        """What has been joined so far, as an entry or as the next part of one."""
        first = self.first
        entry = Entry(
            "\n".join(self.texts),
            first.at,
            first.level,
            first.zoned,
            first.after_t0,
            self.continued,
            self.lines,
        )
        self.texts, self.lines, self.chars, self.continued = [], 0, 0, True
        return entry


def _names_level(text: str) -> bool:
    """Tell uvicorn's `INFO:     …` between two lines of a traceback from its last line."""
    return text.split(":", 1)[0].isupper() and level_of(text) is not None
