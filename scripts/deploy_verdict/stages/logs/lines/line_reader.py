"""Reads the lines of one log: finds each line's format, and with it its time, level and message. Pure.

What cannot be read is text without a time, never an error: a log holds whatever somebody printed.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from deploy_verdict.base.log_templates import ZEROED
from deploy_verdict.stages.logs.lines.alike import AlikeLines, Cut, Places
from deploy_verdict.stages.logs.lines.format_rows import Format, Kind
from deploy_verdict.stages.logs.lines.formats import FORMATS
from deploy_verdict.stages.logs.lines.json_lines import JsonLine, JsonReader, json_objects, platform_level
from deploy_verdict.stages.logs.lines.levels import ERROR_LEVELS, named_level
from deploy_verdict.stages.logs.lines.source_lines import SourceLine, without_colours
from deploy_verdict.stages.logs.lines.times import TIMES, Stamp, read_time

# How much of a log's beginning is read to learn how it is written.
LEARN_BYTES, LEARN_LINES = 65536, 300
_MAX_WRAPPERS = 3
_HEAD_CHARS = 1024
_LEVEL_KEYS = frozenset({"level", "lvl", "levelname", "loglevel", "severity", "at"})
_TIME_KEYS = frozenset({"time", "ts", "timestamp", "t", "datetime", "asctime", "date", "when"})
_ACCESS_KEYS = frozenset({"method", "path"})
_MESSAGE_KEYS = frozenset({"msg", "message", "event"})
_PAIR = re.compile(
    r"([\w.@/-]{1,64}+)=(\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'(?=\s|$)|[^\s\"=]*+(?:=[^\s\"]*+)?)(?:\s++|$)",
    re.ASCII,
)
# LTSV: label:value, between tabs.
_LABELLED = re.compile(r"(?:[\w.-]{1,40}:[^\t\n]*(?:\t|$)){2,60}", re.ASCII)
_MOST_PAIRS = 40
_BROKEN_TIME = re.compile(
    rf"\"(?i:@?timestamp|time|ts|@t|asctime)\"\s*+:\s*+\"?({TIMES['iso']}|{TIMES['epoch']})", re.ASCII
)
_BROKEN_LEVEL = re.compile(
    r"(?:\"(?i:level|levelname|log_?level|lvl|severity)\"|(?<=[{,] )level)\s*+:\s*+[\"'](\w+)[\"']", re.ASCII
)
_UNREAD = SourceLine("")


# Lines that differ only in digits have time, level and message in the same places.
_MOST_SHAPES, _MOST_LENGTHS, _MOST_TIMES = 4096, 24, 4096
_MOST_MESSAGE_CHARS = 300
_new = tuple.__new__


class _Shape(NamedTuple):
    """Where the time of such a line stands, and what its format says."""

    begin: int
    end: int
    level: str | None
    kind: Kind
    format: str
    message_at: int


class LineReader:
    """Reads lines of one log. `reference`: about when the log ends, for times without a year or a date.

    `learn` is given the first lines of the log: what a single line leaves open is decided by what most of
    them say.
    """

    def __init__(self, reference: datetime | None = None) -> None:
        self._reference = reference
        self._day_first: bool | None = None
        self._agreed: tuple[Format, ...] = ()
        # Formats that this log has shown are tried first, in the order of the table.
        self._known: tuple[Format, ...] = ()
        self._others = tuple(row for row in FORMATS if not row.agreed)
        self._shapes: dict[bytes, _Shape] = {}
        self._lengths: list[int] = []
        self._wholes: dict[bytes, tuple[SourceLine, int, int]] = {}
        # Where the line inside a wrapper begins, while that wrapper has no time; else None.
        self._inner_at: int | None = 0
        self._outer = ""
        self._times: dict[str, Stamp] = {}
        self._messages: dict[bytes, SourceLine] = {}
        self._alike = AlikeLines(self._quick_time)
        # Returns a repeated line with its time, or None.
        self.repeat_of = self._alike.of
        self._json = tuple(
            JsonReader(partial(self._read_message, depth=depth + 1), self._quick_time)
            for depth in range(_MAX_WRAPPERS)
        )

    def learn(self, texts: Sequence[str]) -> None:
        """Decide by the first lines how this log writes what a single line leaves open."""
        days = [
            re.match(r"\D{0,20}(?:\d{1,9}\D{1,9})?(\d{1,2})[/-](\d{1,2})[/-]\d{4}", text, re.ASCII)
            for text in texts
        ]
        firsts, seconds = (
            max((int(day[place]) for day in days if day is not None), default=0) for place in (1, 2)
        )
        if firsts > 12 or seconds > 12:
            self._day_first = firsts > 12
        objects = json_objects(texts)
        for json_reader in self._json:
            json_reader.learn(objects)
        lines = [line for line in map(self.read, texts) if line.text.strip()]
        unread = [_left_by(line) for line in lines if line.kind == "line" and _is_open(line)]
        shown = [line.text for line in lines]
        self._agreed = tuple(row for row in FORMATS if row.agreed and _agrees(row, shown, unread))
        self._messages.clear()
        self._wholes.clear()

    def read(self, text: str, after_t0: bool | None = None) -> SourceLine:
        """Read one line, given without its line end."""
        return self._read(without_colours(text), 0)._replace(after_t0=after_t0)

    def read_bytes(self, raw: bytes, after_t0: bool | None = None) -> SourceLine:
        """Read one line as it stands in a file; a line of a known shape costs next to nothing."""
        for length in self._lengths:
            shape = self._shapes.get(raw[:length].translate(ZEROED))
            if shape is not None:
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                stamp = self._quick_time(text[shape.begin : shape.end])
                if stamp.at is None or "\x1b" in text:
                    break
                line = _new(
                    SourceLine,
                    (text, stamp.at, shape.level, stamp.zoned, False, False, after_t0, shape.kind,
                     shape.format, shape.message_at, False, False, None, stamp.filled, True, ()),
                )  # fmt: skip
                return self._learnt(raw, line, (shape.begin, shape.end))
        whole = self._wholes.get(raw.rstrip(b"\r\n").translate(ZEROED))
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if whole is not None:
            line, begin, end = whole
            stamp = self._quick_time(text[begin:end])
            if stamp.at is not None:
                line = line._replace(text=text, at=stamp.at, zoned=stamp.zoned, after_t0=after_t0)
                return self._learnt(raw, line, (begin, end))
        if text[:1] == "{" and "\x1b" not in text:
            found = self._json[0].line(text)
            if found is not None:
                return self._learnt(raw, self._of_json(found, after_t0), None)
        return self.read(text, after_t0)

    def _learnt(self, raw: bytes, line: SourceLine, time: tuple[int, int] | None) -> SourceLine:
        """Return a line, and learn its shape; `time` is where a text line has its time, None for JSON."""
        if line.plain and self._alike.is_new(raw):
            if time is not None:
                places: Places | None = Places(time, (Cut(b"", 0, len(line.text)),))
            else:
                places = self._json[0].places(raw, self._is_known_message)
            self._alike.learn(raw, line, places)
        return line

    def _is_known_message(self, text: str) -> bool:
        """Return whether digits do not change how a message is read."""
        return text.encode().translate(ZEROED) in self._messages

    def _quick_time(self, written: str) -> Stamp:
        known = self._times.get(written)
        if known is None:
            if len(self._times) >= _MOST_TIMES:
                self._times.clear()
            known = self._times[written] = self.time(written)
        return known

    def _remember(self, line: SourceLine, span: tuple[int, int] | None, word: str | None) -> None:
        """Keep the shape of a line whose format is certain from its beginning."""
        place = self._inner_at
        if span is None or place is None or not line.plain or len(self._shapes) >= _MOST_SHAPES:
            return
        length = place + line.message_at
        # Only what follows shows the end of a word: ERROR is a level, ERROR_PAGE is not.
        is_cut = self._outer[length - 1 : length].isalnum()
        head = self._outer[: length + is_cut]
        if (
            not head.isascii()
            or len(head) < length + is_cut
            or (word is not None and any(map(str.isdigit, word)))
        ):
            return
        if len(head) not in self._lengths:
            if len(self._lengths) >= _MOST_LENGTHS:
                return
            self._lengths.append(len(head))
        key = head.encode().translate(ZEROED)
        begin, end = span
        self._shapes[key] = _Shape(
            place + begin, place + end, line.level, line.kind, line.format or "", length
        )

    def _remember_whole(self, line: SourceLine, text: str, span: tuple[int, int]) -> None:
        """Keep a complete line that has a time but no level, so that lines of its shape are read alike."""
        if line.text == text and text.isascii() and len(text) <= _MOST_MESSAGE_CHARS:
            if len(self._wholes) >= _MOST_SHAPES:
                self._wholes.clear()
            self._wholes[text.encode().translate(ZEROED)] = (line, *span)

    def of_platform(
        self, text: str, at: datetime | None, severity: str | None, *, structured: bool
    ) -> SourceLine:
        """Read a line that Railway gives with its time and severity."""
        line = self.read(text)
        level = platform_level(line, severity, structured=structured)
        return line._replace(at=at, level=level, zoned=True, enveloped=True, problem=None, filled=None)

    def _read(self, text: str, depth: int) -> SourceLine:
        if depth == 0:
            self._outer, self._inner_at = text, 0
        if not text or text.isspace():
            return _UNREAD._replace(text=text, bare=True)
        if text.startswith(("{", "[{")):
            found = self._json[depth].line(text.rstrip(",")) if depth < len(self._json) else None
            return self._of_json(found) if found is not None else self._broken_json(text)
        line = self._ltsv(text) if "\t" in text and _LABELLED.fullmatch(text) else self._logfmt(text)
        if line is not None:
            return line
        for row in (*self._agreed, *self._known, *self._others):
            match = row.regex.match(text, 0, _HEAD_CHARS)
            if match is not None:
                line = self._of_row(row, match, text, depth)
                if line is not None:
                    return line
        return _UNREAD._replace(text=text, bare=True)

    def _read_message(self, text: str, depth: int) -> SourceLine:
        """Read a message within JSON. Without a time, messages that differ only in digits are read alike."""
        if not text.isascii() or len(text) > _MOST_MESSAGE_CHARS or text[:1] in "{<":
            return self._read(without_colours(text), depth)
        shape = text.encode().translate(ZEROED)
        known = self._messages.get(shape)
        if known is not None:
            return _new(SourceLine, (text, *known[1:]))
        line = self._read(without_colours(text), depth)
        if (
            line.at is None
            and line.problem is None
            and line.text == text
            and len(self._messages) < _MOST_SHAPES
        ):
            self._messages[shape] = line
        return line

    def _of_row(self, row: Format, match: "re.Match[str]", text: str, depth: int) -> SourceLine | None:
        groups = match.groupdict()
        timed = next((name for name in groups if name.startswith("time") and groups[name]), None)
        written, span = (groups[timed], match.span(timed)) if timed else (None, None)
        stamp = self.time(written) if written else Stamp()
        if written and stamp == Stamp():
            return None
        word = next(
            (groups[name] for name in groups if name.startswith("level") and groups[name] is not None), None
        )
        level = row.level_of(word) if word is not None else None
        line = SourceLine(
            text, stamp.at, level, stamp.zoned, kind=row.kind, format=row.name, message_at=match.end(),
            awaits_level=row.awaits_level, problem=stamp.problem, filled=stamp.filled,
        )  # fmt: skip
        if row.rest:
            self._inner_at = None if written or self._inner_at is None else self._inner_at + match.end()
            unwrapped = self._unwrapped(line, depth)
            if depth == 0 and span is not None and stamp.at is not None and unwrapped.at is stamp.at:
                self._remember_whole(unwrapped, text, span)
            return unwrapped
        is_plain = (level is not None or row.kind == "access") and not row.awaits_level
        line = line._replace(plain=is_plain)
        if not row.agreed:
            self._remember(line, span, word)
        if row not in self._known and not row.agreed:
            self._known = tuple(known for known in FORMATS if known is row or known in self._known)
            self._others = tuple(other for other in self._others if other is not row)
        return line

    def _unwrapped(self, line: SourceLine, depth: int) -> SourceLine:
        """Return a wrapper's line with what is in it: the wrapper's time stays, the inner level wins."""
        text, end = line.text, line.message_at
        if depth >= _MAX_WRAPPERS:
            return line._replace(bare=True)
        inner = self._read_message(text[end:], depth + 1)
        is_json = not text.endswith(inner.text)
        own = line if line.at is not None or line.problem else inner
        return inner._replace(
            text=inner.text if is_json else text,
            at=own.at,
            zoned=own.zoned,
            problem=own.problem,
            filled=own.filled,
            level=inner.level if inner.level is not None or inner.kind == "access" else line.level,
            format=inner.format or line.format,
            message_at=inner.message_at if is_json else end + inner.message_at,
            enveloped=line.at is not None and inner.bare,
        )

    def _of_json(self, found: JsonLine, after_t0: bool | None = None) -> SourceLine:
        text, stamp, level, format_, kind, bare, records = found
        at, zoned, problem, filled = stamp
        is_plain = not bare and (level is not None or kind == "access") and kind != "crash"
        return _new(
            SourceLine,
            (without_colours(text), at, level, zoned, True, False, after_t0, kind, format_, 0, bare, False,
             problem, filled, is_plain, tuple(self._of_json(record, after_t0) for record in records)),
        )  # fmt: skip

    def _broken_json(self, text: str) -> SourceLine:
        """Read JSON that was cut: its time and level, if they are still complete."""
        # Only the top level counts: a header may be called "level" too.
        head = text[:1] + text[1:_HEAD_CHARS].partition("{")[0]
        time, level = _BROKEN_TIME.search(head), _BROKEN_LEVEL.search(head)
        stamp = self.time(time[1]) if time else Stamp()
        word = named_level(level[1]) if level else None
        return SourceLine(
            text, stamp.at, word, stamp.zoned, format="JSON, cut" if time or level else None, bare=not time
        )

    def _logfmt(self, text: str) -> SourceLine | None:
        """Read a line that begins with name=value pairs."""
        level: str | None = None
        stamp, place, names = Stamp(), 0, set[str]()
        for _ in range(_MOST_PAIRS):
            pair = _PAIR.match(text, place)
            if pair is None:
                break
            name, value = pair[1].lower().replace("_", ""), pair[2].strip("\"'")
            if level is None and name in _LEVEL_KEYS:
                level = named_level(value)
            elif stamp == Stamp() and name in _TIME_KEYS:
                stamp = self.time(value)
            names.add(name)
            place = pair.end()
        is_access = level is None and "status" in names and names >= _ACCESS_KEYS
        if level is None and not is_access and not (names & _MESSAGE_KEYS and stamp.at):
            return None
        return SourceLine(
            text,
            stamp.at,
            level,
            stamp.zoned,
            kind="access" if is_access else "line",
            format="logfmt",
            problem=stamp.problem,
            filled=stamp.filled,
            plain=level is not None or is_access,
        )

    def _ltsv(self, text: str) -> SourceLine | None:
        fields = {
            name.lower(): value for name, _, value in (part.partition(":") for part in text.split("\t"))
        }
        written = next((fields[name] for name in _TIME_KEYS if name in fields), "").strip("[]")
        word = next((fields[name] for name in _LEVEL_KEYS if name in fields), "")
        stamp, level = self.time(written), named_level(word)
        is_access = level is None and "status" in fields and bool(fields.keys() & {"req", "uri", "method"})
        if level is None and not is_access:
            return None
        return SourceLine(
            text, stamp.at, level, stamp.zoned, kind="access" if is_access else "line", format="LTSV",
            problem=stamp.problem, filled=stamp.filled, plain=True,
        )  # fmt: skip

    def time(self, written: str) -> Stamp:
        """Read a time."""
        return read_time(written, self._reference, day_first=self._day_first)


_TIME = next(row for row in FORMATS if row.name == "time")
_HARMLESS_ALONE = "time, then a level in small letters"


def _is_open(line: SourceLine) -> bool:
    return line.level is None or line.format == _HARMLESS_ALONE


def _left_by(line: SourceLine) -> str:
    """Return a line without its time and its wrappers."""
    time = _TIME.regex.match(line.text) if line.format == _HARMLESS_ALONE else None
    return line.text[time.end() if time is not None else line.message_at :]


def _agrees(row: Format, texts: Sequence[str], unread: Sequence[str]) -> bool:
    """Return whether a log's first lines show a row that no single line can."""
    if row.shown_by is not None:
        shown = re.compile(row.shown_by)
        return any(shown.search(text, 0, _HEAD_CHARS) for text in texts)
    if row.rest:
        wrapped = sum(row.regex.match(text) is not None for text in unread)
        return wrapped > 0 and wrapped >= row.share * len(unread)
    begins = [text for text in unread if text[:1] not in (" ", "\t", "")]
    found = [match for match in map(row.regex.match, begins) if match is not None]
    words = [next(word for name, word in match.groupdict().items() if word) for match in found]
    has_harmless = any(row.level_of(word) not in ERROR_LEVELS for word in words)
    return has_harmless and len(words) >= row.share * len(begins)


def parsed(text: str, after_t0: bool | None = None) -> SourceLine:
    """Read one line by itself, given without its line end."""
    return LineReader().read(text, after_t0)
