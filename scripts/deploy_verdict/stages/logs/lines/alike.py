"""Lines that differ from an earlier one only in digits, read by the places found in that one. Pure.

Digits say nothing of a line's format. So what was read of the first such line holds for all: level and format
are the same, and time and message stand where that line has them.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from deploy_verdict.base.log_templates import ZEROED
from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.stages.logs.lines.source_lines import SourceLine
from deploy_verdict.stages.logs.lines.times import Stamp

MOST_CHARS = 1000
_MOST_SHAPES, _MOST_MINUTES = 4096, 4096
# The seconds of a time: what stands before and after them is constant for a minute.
_SECONDS = re.compile(rb"(?<=:\d\d:)\d\d(?:[.,]\d{1,6})?(?![\d:])")
_MOST_SECONDS = 61.0
# Seconds, milliseconds and microseconds since 1970, by their number of digits.
_EPOCHS_S, _PER_S = (1e9, 1e10), {10: 1.0, 13: 1e3, 16: 1e6}


class Cut(NamedTuple):
    """A part of a line's text: the constant bytes before it, and where the varying bytes begin and end."""

    before: bytes
    begin: int
    end: int


class Places(NamedTuple):
    """Where a line has its time, its text, the digits of its level, and the numbers of JSON in its text."""

    time: tuple[int, int]
    cuts: tuple[Cut, ...]
    level: tuple[int, int] | None = None
    numbers: tuple[tuple[int, int], ...] = ()


class Alike:
    """What lines of one shape have in common. `line` is the first of them, as it was read."""

    __slots__ = ("_all", "_cuts", "line")

    def __init__(self, line: SourceLine, cuts: tuple[Cut, ...]) -> None:
        self.line, self._cuts = line, cuts
        self._all = slice(*cuts[0][1:]) if len(cuts) == 1 and not cuts[0].before else None

    def body(self, raw: bytes) -> bytes:
        """Return the text of such a line."""
        if self._all is not None:
            return raw[self._all]
        return b"".join([before + raw[begin:end] for before, begin, end in self._cuts])

    def read(self, raw: bytes, at_s: float, after_t0: bool | None) -> SourceLine:
        """Return such a line as a SourceLine."""
        at = datetime.fromtimestamp(at_s, UTC)
        return self.line._replace(text=self.body(raw).decode(), at=at, after_t0=after_t0)


class Repeats:
    """Consecutive lines that repeat earlier ones, each with its bytes and its time (Unix seconds)."""

    __slots__ = ("after_t0", "lines")

    def __init__(self, after_t0: bool | None) -> None:
        self.lines: list[tuple[Alike, bytes, float]] = []
        self.after_t0 = after_t0

    def __iter__(self) -> Iterator[SourceLine]:
        """Yield them as SourceLines."""
        for alike, raw, at_s in self.lines:
            yield alike.read(raw, at_s, self.after_t0)

    def pop(self) -> SourceLine:
        """Remove and return the last one."""
        alike, raw, at_s = self.lines.pop()
        return alike.read(raw, at_s, self.after_t0)


class AlikeLines:
    """The shapes of one log. `read_time` reads a time."""

    def __init__(self, read_time: Callable[[str], Stamp]) -> None:
        self._read_time = read_time
        # None marks a shape that cannot be read by its places.
        self._known: dict[bytes, _LearntShape | None] = {}
        self._met: set[int] = set()
        self._minutes: dict[bytes, float | None] = {}
        self._since_full = 0
        self._is_open = True

    def of(self, raw: bytes) -> tuple[Alike, bytes, float] | None:
        """Return what a line repeats, the line, and its time (Unix seconds); None if it repeats none."""
        shape = self._known.get(raw.translate(ZEROED))
        if shape is None:
            return None
        at_s = self._time_of(shape, raw)
        alike = shape.alike if shape.level is None else shape.by_level.get(raw[shape.level])
        if at_s is None or alike is None:
            return None
        if shape.numbers and not all(_is_shown_as_written(raw[number]) for number in shape.numbers):
            return None
        self._since_full += 1
        return alike, raw, at_s

    def _time_of(self, shape: "_LearntShape", raw: bytes) -> float | None:
        begin, seconds, fraction, end = shape.clock
        if shape.per_s:
            epoch_s = float(raw[begin:end]) / shape.per_s
            return epoch_s if _EPOCHS_S[0] <= epoch_s < _EPOCHS_S[1] else None
        minute = raw[begin:seconds] + raw[fraction:end]
        at_s = self._minutes.get(minute)
        if at_s is None:
            at_s = self._minute(minute, seconds - begin, is_whole=seconds == fraction)
        if at_s is None or seconds == fraction:
            return at_s
        second = raw[seconds:fraction]
        more_s = float(second if shape.has_point else second.replace(b",", b"."))
        return at_s + more_s if more_s < _MOST_SECONDS else None

    def _minute(self, minute: bytes, place: int, *, is_whole: bool) -> float | None:
        """Return the time of what stands around the seconds, or of the complete text if these are unknown."""
        if len(self._minutes) >= _MOST_MINUTES:
            self._minutes.clear()
        written = minute if is_whole else minute[:place] + b"00" + minute[place:]
        stamp = self._read_time(written.decode())
        at_s = stamp.at.timestamp() if stamp.at is not None else None
        self._minutes[minute] = at_s
        return at_s

    def is_new(self, raw: bytes) -> bool:
        """Return whether a shape was met before and not learnt yet: most shapes are met only once."""
        if not self._is_open or len(raw) > MOST_CHARS:
            return False
        key = raw.translate(ZEROED)
        if key in self._known:
            shape = self._known[key]
            return shape is not None and shape.level is not None
        met = hash(key)
        if met in self._met:
            return True
        if len(self._met) >= _MOST_SHAPES:
            # There is nothing to learn from a log whose lines are all different.
            self._is_open = self._since_full > _MOST_SHAPES
            self._since_full = 0
            self._met.clear()
        self._met.add(met)
        return False

    def learn(self, raw: bytes, line: SourceLine, places: Places | None) -> None:
        """Keep what was read of a line, if others of its shape can be read by its digits' places alone."""
        key = raw.translate(ZEROED)
        if len(self._known) >= _MOST_SHAPES:
            self._known.clear()
        if places is None or not _is_certain(raw, line):
            self._known[key] = None
            return
        alike = Alike(line, places.cuts)
        if alike.body(raw).decode() != line.text:
            self._known[key] = None
            return
        shape = self._known.get(key)
        if shape is None:
            shape = self._known[key] = _LearntShape(alike, raw, places)
        if shape.level is not None:
            shape.by_level[raw[shape.level]] = alike


# A backslash may be a JSON escape, an escape sequence a colour, and NUL bytes must be reported.
_UNFIT = (b"\\", b"\x1b", b"\0")


def _is_shown_as_written(number: bytes) -> bool:
    """Return whether JSON writes a number as it was written: not 1.50, 0.00001 or -0."""
    return number[-1:] != b"0" and len(number) <= 16 and not number.startswith((b"-0", b"0.0000"))


def _is_certain(raw: bytes, line: SourceLine) -> bool:
    is_dated = line.at is not None and line.problem is None and line.filled is None
    is_levelled = line.plain and line.level != UNPROVEN_LEVEL and not line.records
    is_fit = raw.isascii() and raw[-1:] == b"\n" and not any(byte in raw for byte in _UNFIT)
    return is_dated and is_levelled and is_fit


class _LearntShape:
    """Lines that differ only in digits.

    `clock`: the begin of the time, of its seconds, their end, and its end.
    """

    __slots__ = ("alike", "by_level", "clock", "has_point", "level", "numbers", "per_s")

    def __init__(self, alike: Alike, raw: bytes, places: Places) -> None:
        self.alike = alike
        self.by_level: dict[bytes, Alike] = {}
        self.level = slice(*places.level) if places.level is not None else None
        self.numbers = tuple(slice(*number) for number in places.numbers)
        begin, end = places.time
        whole, _, part = raw[begin:end].partition(b".")
        is_epoch = (whole + part).isdigit() and (not part or len(whole) == 10)
        self.per_s = _PER_S.get(len(whole)) if is_epoch else None
        found = list(_SECONDS.finditer(raw, begin, end))
        is_sure = len(found) == 1
        seconds, fraction = found[0].span() if is_sure else (end, end)
        self.has_point = not is_sure or b"," not in found[0][0]
        # Only six of a second's nine digits count.
        rest = next((place for place in range(fraction, end) if not raw[place : place + 1].isdigit()), end)
        self.clock = (begin, seconds, fraction, end) if rest == fraction else (begin, end, end, end)
