"""Reads a log from end to end and counts. It never interprets what it finds.

A log of any size is streamed. Whatever it holds, the result is an observation: `fault` says what is wrong
with the log, `incomplete` what is missing of it.
"""

import codecs
import hashlib
import itertools
import os
import re
import stat
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from deploy_verdict.model import UNPROVEN_LEVEL, Fault, LogAtT0, LogObservation, Whose
from deploy_verdict.model.logs import COMPLETE
from deploy_verdict.plan import LogRules
from deploy_verdict.stages.logs.counting.repeat_tally import RepeatTally
from deploy_verdict.stages.logs.counting.tally import LogTally
from deploy_verdict.stages.logs.lines.alike import Repeats
from deploy_verdict.stages.logs.lines.entries import Entry, entries
from deploy_verdict.stages.logs.lines.line_reader import LEARN_BYTES, LEARN_LINES, LineReader
from deploy_verdict.stages.logs.lines.source_lines import SourceLine


class RefusedSource:
    """Stands for the platform's log if the platform cannot be queried, or has no deployment of ours."""

    def __init__(self, fault: Fault | None) -> None:
        self.name = "Railway"
        detail = "no deployment of this window is known, so there is no log to read"
        self.fault: Fault | None = fault or Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
        self.incomplete: tuple[str, ...] = ()

    def lines(self) -> Iterator[SourceLine | Repeats]:
        """Yield nothing."""
        yield from ()


OVERLAP_BYTES = 1024
_ENDS = (re.compile(rb"[ \t]"), re.compile(rb"[\",]"))


def up_to_word_end(raw: bytes) -> bytes:
    """Return a piece up to its last whole word, or all but the shared part if that is one word."""
    ends = _ends(raw[-OVERLAP_BYTES:])
    return raw[: max(0, len(raw) - OVERLAP_BYTES) + (ends[-1] if ends else 0)]


def from_word_start(raw: bytes) -> bytes:
    """Return what the next piece repeats of this one: from the first whole word of the shared part."""
    shared = raw[-OVERLAP_BYTES:]
    return shared[(_ends(shared) or [0])[0] :]


def _ends(shared: bytes) -> list[int]:
    """Return the places after each word's end."""
    return next(filter(None, ([found.end() for found in end.finditer(shared)] for end in _ENDS)), [])


MAX_LINE_BYTES, MOST_OBJECT_LINES, MOST_REPEATS = 65536, 500, 1000
HEAD_BYTES, _NEWLINE = 4096, 10
# How an object over several lines begins, and how its last line does: JSON, java.util.logging, log4j.
_OBJECTS = (
    (re.compile(rb"\{\s*"), b"}"),
    (re.compile(rb"<record>\s*"), b"</record>"),
    (re.compile(rb"<log4j:event [^>]*>\s*"), b"</log4j:event>"),
    (re.compile(rb"<Event [^>]*>\s*"), b"</Event>"),
)
_AHEAD = timedelta(minutes=5)
# A window may be opened minutes after T0; by then, lines of these minutes are already in the file.
MOST_AHEAD_S, MOST_BEHIND_S, FEWEST_CLOCKED = 600.0, 300.0, 3
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


class LogSource(Protocol):
    """Where lines come from. `fault` and `incomplete` are final once `lines` has been read to its end.

    `lines` never raises for what the log holds or for a provider that refuses: that is a fault. A fault or a
    reason in `incomplete` does not exclude that lines were read.
    """

    @property
    def name(self) -> str:
        """Where the log is, in words."""

    @property
    def fault(self) -> Fault | None:
        """Why the log could not be read, or None."""

    @property
    def incomplete(self) -> tuple[str, ...]:
        """What of the log is missing."""

    def lines(self) -> Iterator[SourceLine | Repeats]:
        """Yield the lines in the order of the log; repeats of earlier ones may come together."""


def head_of(path: Path, size: int) -> str:
    """Return what distinguishes a log from the one that replaces it in a rotation: inode and first bytes."""
    with path.open("rb") as file:
        begins = hashlib.sha256(file.read(min(size, HEAD_BYTES))).hexdigest()[:16]
        return f"{os.fstat(file.fileno()).st_ino}:{begins}"


class FileSource:
    """A log file, up to its length when reading begins.

    `undated_from_byte`: the file's length at T0; lines after it were written in the window, dated or not.
    `head_at_t0` is its head_of then. With `only_new`, reading begins there, unless the file was rotated.
    `earlier`: the file as earlier readings found it; `read`: as this one does. `ends`: the end of the time of
    interest, for times without a year or a date. Overlong lines come in overlapping pieces of
    `max_line_bytes`.
    """

    def __init__(
        self,
        path: Path,
        undated_from_byte: int | None = None,
        *,
        head_at_t0: str | None = None,
        earlier: Sequence[LogAtT0] = (),
        only_new: bool = False,
        ends: datetime | None = None,
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self.name = os.fsencode(path).decode("utf-8", "replace")
        self.fault: Fault | None = None
        self.incomplete: tuple[str, ...] = ()
        self._path, self._t0_byte, self._most = path, undated_from_byte, max_line_bytes
        self._head_at_t0, self._only_new, self._ends = head_at_t0, only_new, ends
        self._reader = LineReader(ends)
        self._latest_unzoned: datetime | None = None
        self._earlier = earlier
        self.read: LogAtT0 | None = None

    def lines(self) -> Iterator[SourceLine | Repeats]:
        """Yield the file's lines; afterwards `fault` says what could not be read."""
        try:
            status = self._path.stat()
            kind = _kind_problem(status.st_mode)
            if kind:
                self._fail(*kind)
                return
            with self._path.open("rb") as file:
                yield from self._read(file)
        except FileNotFoundError:
            self._fail("missing", "there is no such file")
        except OSError as error:
            self._fail("unreadable", f"it cannot be read: {error.strerror or type(error).__name__}")

    def _fail(self, kind: str, detail: str) -> None:
        self.fault = self.fault or Fault(kind=kind, whose=Whose.US, detail=f"{self.name}: {detail}")

    def _read(self, file: BinaryIO) -> Iterator[SourceLine | Repeats]:
        size = os.fstat(file.fileno()).st_size
        packed = _packed(file)
        if packed:
            self._fail("binary", f"it is {packed}, not text — hand over the plain text in UTF-8")
            return
        self._check_head(size)
        place, rest = self._t0_byte if self._only_new and self._t0_byte and not self.incomplete else 0, b""
        self._reader = self._taught(file, place)
        file.seek(place)
        while place < size:
            repeats, raw = self._repeats(file, place, size) if not rest else (None, file.readline(self._most))
            if repeats is not None and repeats.lines:
                place += sum(len(raw) for _, raw, _ in repeats.lines)
                yield self._noted(repeats)
            if raw is None:
                continue
            if not raw:
                self._lack("the file became shorter while it was read")
                break
            if b"\0" in raw:
                self._fail("binary", f"it is not pure text: NUL bytes near byte {place}")
            ends = next((end for begin, end in _OBJECTS if begin.fullmatch(raw)), None)
            if ends is not None:
                raw += _rest_of_object(file, size, ends)
            goes_on = raw[-1] != _NEWLINE and place + len(raw) < size
            line = self._line(up_to_word_end(raw) if goes_on else raw, rest, place)
            place += len(raw)
            rest = from_word_start(raw) if goes_on else b""
            yield line
        self._check_zone(file)

    def _check_head(self, size: int) -> None:
        """Check whether the file is the same as before; note in `incomplete` if not."""
        if self._t0_byte is not None and size < self._t0_byte:
            self._lack("the file is shorter than it was at T0: it was rotated, and lines are gone")
        elif self._head_at_t0 is not None and head_of(self._path, self._t0_byte or 0) != self._head_at_t0:
            self._lack("it is not the file that it was at T0: it was rotated, and lines may be gone")
        elif any(size < at.size or head_of(self._path, at.size) != at.head for at in self._earlier):
            self._lack(
                "it is not the file that was read at an earlier sample: it was cut or rotated, lines are gone"
            )
        self.read = LogAtT0(size=size, head=head_of(self._path, size))

    def _repeats(self, file: BinaryIO, place: int, size: int) -> tuple[Repeats, bytes | None]:
        """Return the next lines that repeat earlier ones, on one side of T0, and the line that ended them."""
        found = Repeats(self._is_after_t0(place))
        end = size if self._t0_byte is None or found.after_t0 else min(self._t0_byte, size)
        readline, most, repeat_of, take = (
            file.readline,
            self._most,
            self._reader.repeat_of,
            found.lines.append,
        )
        while place < end and len(found.lines) < MOST_REPEATS:
            raw = readline(most)
            repeat = repeat_of(raw)
            if repeat is None:
                return found, raw
            take(repeat)
            place += len(raw)
        return found, None

    def _noted(self, repeats: Repeats) -> Repeats:
        unzoned = [at_s for alike, _, at_s in repeats.lines if not alike.line.zoned]
        if unzoned:
            self._note(datetime.fromtimestamp(max(unzoned), UTC))
        return repeats

    def _note(self, unzoned: datetime) -> None:
        if self._latest_unzoned is None or unzoned > self._latest_unzoned:
            self._latest_unzoned = unzoned

    def _is_after_t0(self, place: int) -> bool | None:
        return None if self._t0_byte is None else place >= self._t0_byte

    def _line(self, raw: bytes, rest: bytes, place: int) -> SourceLine:
        after_t0 = self._is_after_t0(place)
        if rest:
            text = (rest + raw).decode("utf-8", "replace")
            return SourceLine(text.rstrip("\r\n"), glued=True, after_t0=after_t0)
        if place == 0:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        line = self._reader.read_bytes(raw, after_t0)
        if not line.zoned and line.at:
            self._note(line.at)
        return line

    def _taught(self, file: BinaryIO, place: int) -> LineReader:
        """Return a reader that has learnt from the first lines."""
        reader = LineReader(self._ends or datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC))
        file.seek(place)
        reader.learn(file.read(LEARN_BYTES).decode("utf-8", "replace").splitlines()[:LEARN_LINES])
        return reader

    def _lack(self, reason: str) -> None:
        self.incomplete = (*self.incomplete, reason)

    def _check_zone(self, file: BinaryIO) -> None:
        """Notice local times from east of UTC: read as UTC, they would move old lines into the window."""
        written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
        latest = self._latest_unzoned
        if latest is not None and latest > written + _AHEAD:
            self._lack(
                f"its times have no zone and run ahead of the file's own ({latest:%H:%M:%SZ} in a file of "
                f"{written:%H:%M:%SZ}): they are not UTC — log with a zone"
            )


def review(
    logs: LogRules,
    source: LogSource,
    *,
    start: datetime,
    end: datetime,
    speed: float = 1.0,
    redact: Callable[[str], str],
    check: str = "log",
) -> LogObservation:
    """Read a log to its end and count the plan's patterns between start and end (wall-clock times).

    `speed` only converts the longest silence into plan seconds. Never raises for what the log holds.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    tally = LogTally(logs, start=start, end=end, redact=redact)
    tally.templates.minute_s = 60.0 / speed
    add, repeated = tally.add, RepeatTally(tally)
    for entry in entries(source.lines()):
        if isinstance(entry, Repeats):
            repeated.add(entry)
        else:
            add(entry if logs.unlevelled is None else _as_planned(logs.unlevelled, entry))
    tally.close()
    return LogObservation(
        check=check,
        source=redact(source.name),
        start=start,
        end=end,
        begins_at=tally.first_of_log,
        lines_read=tally.lines_read,
        lines_in_window=tally.lines_in_window,
        undated_lines=tally.undated,
        first_at=tally.first_at,
        last_at=tally.last_at,
        longest_silence=tally.coverage.longest_silence(speed),
        lines_by_part=tally.coverage.lines_by_part(),
        levels=dict(sorted(tally.levels.items())),
        entries_in_window=tally.entries,
        access_lines=tally.access,
        unlevelled_lines=tally.unlevelled,
        unlevelled_first=tally.unlevelled_first,
        suspect_lines=tally.suspects,
        suspect_first=tally.suspect_first,
        formats=dict(sorted(tally.formats.items())),
        tracebacks=tally.tracebacks,
        errors=tuple(tally.errors),
        patterns=tally.pattern_counts(),
        templates=tally.templates.counted(),
        templates_left_out=dict(tally.templates.left_out),
        incident=tally.templates.incident_counts(),
        answers=tally.answers.counted(),
        notes=tuple(_notes(tally)),
        incomplete=(
            *source.incomplete,
            *_gaps(tally),
            *(_clock_gaps(tally, start, end) if check == COMPLETE else ()),
        ),
        fault=source.fault or _no_times(tally, source.name, is_quiet=logs.quiet),
    )


def review_before(
    logs: LogRules,
    source: LogSource,
    *,
    start: datetime,
    end: datetime,
    redact: Callable[[str], str],
) -> LogObservation:
    """Read the time before the deployment: what is usual there, without the plan's patterns."""
    bare = {"must_not_appear": (), "must_appear": (), "canary": None, "incident": None}
    usual = logs.model_copy(update=bare)
    return review(usual, source, start=start, end=end, redact=redact, check="baseline")


def _as_planned(unlevelled: str, entry: Entry) -> Entry:
    """Return the entry with the level that the plan gives to lines without one."""
    if entry.kind != "line" or entry.level not in (None, UNPROVEN_LEVEL):
        return entry
    return entry._replace(level=unlevelled.upper())


def _no_times(tally: LogTally, name: str, *, is_quiet: bool) -> Fault | None:
    if tally.first_of_log is not None:
        return None
    if tally.lines_read == 0:
        return None if is_quiet else Fault(kind="empty", whose=Whose.US, detail=f"{name}: there is no line")
    detail = f"{name}: no line has a readable time, such as 2026-02-02T12:00:00Z"
    return Fault(kind="undated", whose=Whose.US, detail=detail)


def _notes(tally: LogTally) -> Iterator[str]:
    if tally.unzoned:
        yield f"{tally.unzoned} lines have a time without a zone: read as UTC"
    for part, count in tally.filled.items():
        yield f"{count} lines have a time without a {part}: taken as the last one before the log ends"
    if tally.undated:
        yield f"{tally.undated} lines have no time: each counts with the line before it"
    if tally.first_at is None and tally.first_of_log and tally.last_of_log:
        yield f"the log's lines run from {_shown(tally.first_of_log)} to {_shown(tally.last_of_log)}"


def _gaps(tally: LogTally) -> Iterator[str]:
    if tally.dropped:
        times = "once" if tally.dropped == 1 else f"{tally.dropped} times"
        yield (
            f"Railway dropped lines: it says so {times} (more than its limit of logs/sec), and they are lost "
            "— log less"
        )
    for problem, count in tally.unknown_times.items():
        lines = "1 line has a time that is" if count == 1 else f"{count} lines have times that are"
        yield f"{lines} not known: {problem} — log in UTC or with an offset"
    if tally.runs_back:
        yield "its times have no date and run over more than one day — log with the date"
    for name, count in tally.ambiguous.items():
        yield f"'{name}' was found {count} times in lines without a time, in the window or before it"


def _clock_gaps(tally: LogTally, start: datetime, end: datetime) -> Iterator[str]:
    """Yield contradictions of clock and file: lines from before T0 with later times, or the reverse."""
    unzoned = "its times have no zone: log in UTC or with an offset"
    remedy = unzoned if tally.unzoned else "set the clock of the service"
    if len(tally.written_before) >= FEWEST_CLOCKED:
        ahead_s = statistics.median(at.timestamp() for at in tally.written_before) - start.timestamp()
        if ahead_s > MOST_AHEAD_S:
            skew = f"{ahead_s / 60:.0f} min ahead: lines written before T0 bear later times"
            yield f"its clock runs about {skew} — {remedy}"
    if len(tally.written_after) >= FEWEST_CLOCKED:
        behind_s = start.timestamp() - statistics.median(at.timestamp() for at in tally.written_after)
        if behind_s > min(MOST_BEHIND_S, (end - start).total_seconds() / 4):
            skew = f"{behind_s / 60:.0f} min behind: lines written after T0 bear earlier times"
            yield f"its clock runs about {skew} — {remedy}"


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rest_of_object(file: BinaryIO, end: int, ends: bytes) -> bytes:
    """Return the remaining lines of an object over several lines, or b"" for other text."""
    begin, rest = file.tell(), b""
    for line in itertools.islice(iter(lambda: file.readline(MAX_LINE_BYTES), b""), MOST_OBJECT_LINES):
        rest += line
        if line.startswith(ends) and begin + len(rest) <= end:
            return rest
        if (ends == b"}" and line[:1] not in (b" ", b"\t")) or len(rest) > MAX_LINE_BYTES:
            break
    file.seek(begin)
    return b""


def _packed(file: BinaryIO) -> str | None:
    head = file.read(8)
    file.seek(0)
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)


def _kind_problem(mode: int) -> tuple[str, str] | None:
    if stat.S_ISDIR(mode):
        return "directory", "it is a directory — name the log file in it"
    if not stat.S_ISREG(mode):
        return "unreadable", "it is not a regular file — save the log to a file first"
    return None
