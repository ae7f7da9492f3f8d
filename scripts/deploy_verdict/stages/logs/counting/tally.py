"""Counts a log's entries over the window, in memory that does not grow with the log. Pure."""

import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy_verdict.base.linear_regex import LinearRegexes, is_blind_to_digits
from deploy_verdict.base.log_templates import ZEROED, shown_digits, without_ids
from deploy_verdict.model import UNPROVEN_LEVEL, LogLine, PatternCount, Silence
from deploy_verdict.model.window import CUT_TIMES
from deploy_verdict.plan import LogPattern, LogRules
from deploy_verdict.stages.logs.counting.access_lines import AccessTally, PathTally
from deploy_verdict.stages.logs.counting.template_counts import CountedTemplate, Templates
from deploy_verdict.stages.logs.counting.unlevelled import may_be_error
from deploy_verdict.stages.logs.lines.entries import Entry
from deploy_verdict.stages.logs.lines.levels import ERROR_LEVELS
from deploy_verdict.stages.logs.lines.source_lines import SourceLine
from deploy_verdict.stats.pauses import PARTS

MAX_EXAMPLE_CHARS = 2000
MAX_ALIKE_CHARS, MOST_ALIKE = 1000, 512
MAX_ERRORS = 20
MOST_CLOCKED = 5
RUNS_BACK = timedelta(hours=1)
_LEAD_CHARS = 300
_BUCKETS = 1000  # divisible by the parts of a silence, so each has the same number
_DROPPED = re.compile(r"Railway rate limit of [0-9,]+ logs/sec reached", re.IGNORECASE)
DROPPED_WORD = "ate limit of "


class LogCoverage:
    """When there were lines: the first and last of each thousandth of the window, in any order of lines."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._length_s = start, max((end - start).total_seconds(), 0.0)
        self._start_s = start.timestamp()
        self._per_s = _BUCKETS / self._length_s if self._length_s else 0.0
        self.earliest: list[float | None] = [None] * (_BUCKETS + 1)
        self._latest: list[float] = [0.0] * (_BUCKETS + 1)
        self._lines = [0] * (_BUCKETS + 1)

    def add(self, at_s: float) -> None:
        """Note the time of a line; one from just before the window counts as its start."""
        offset_s = max(at_s - self._start_s, 0.0)
        bucket = int(offset_s * self._per_s)
        self._lines[bucket] += 1
        earliest = self.earliest[bucket]
        if earliest is None or offset_s < earliest:
            self.earliest[bucket] = offset_s
        if earliest is None or offset_s > self._latest[bucket]:
            self._latest[bucket] = offset_s

    def add_repeats(self, count: int, first_s: float, last_s: float) -> None:
        """Note several lines within one thousandth of the window."""
        self.add(first_s)
        self.add(last_s)
        self._lines[int(max(first_s - self._start_s, 0.0) * self._per_s)] += count - 2

    def same_until_s(self, at_s: float) -> float:
        """Return until when lines fall into the same thousandth as one at this time."""
        bucket = int(max(at_s - self._start_s, 0.0) * self._per_s)
        return self._start_s + (bucket + 1) / self._per_s if self._per_s else at_s

    def longest_silence(self, speed: float) -> Silence:
        """Return the longest stretch without a dated line; exact if it spans a thousandth of the window."""
        longest, quiet_since = (0.0, 0.0), 0.0
        for earliest, latest in zip(self.earliest, self._latest, strict=True):
            if earliest is not None:
                longest = max(longest, (earliest - quiet_since, quiet_since))
                quiet_since = latest
        length_s, begin_s = max(longest, (self._length_s - quiet_since, quiet_since))
        begin = self._start + timedelta(seconds=begin_s)
        return Silence(
            start=begin, end=begin + timedelta(seconds=length_s), length_s=round(length_s * speed, 3)
        )

    def lines_by_part(self) -> tuple[int, ...]:
        """Return how many lines there were in each of PARTS parts of the window."""
        size = _BUCKETS // PARTS
        return tuple(sum(self._lines[part * size : (part + 1) * size]) for part in range(PARTS))


_ESCAPED = re.compile(r"\\u00([2-7][0-9a-fA-F])")


def _unescaped(text: str) -> str:
    """Return the text with ASCII that JSON escaped (\\u0027) written out."""
    if "\\u00" not in text:
        return text
    return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)


def _regex(pattern: LogPattern, *, loose: bool) -> re.Pattern[str]:
    """Return a text's expression.

    A forbidden text matches in any case and across lines, a wanted one exactly.
    """
    words = (pattern.text or "").lower().split() if loose else [pattern.text or ""]
    return re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE if loose else 0)


class Seeker:
    """One pattern and its matches."""

    def __init__(self, pattern: LogPattern, max_examples: int, *, loose: bool) -> None:
        self.pattern, self._max_examples = pattern, max_examples
        self.anywhere = pattern.within == "log"
        # In a text whose digits are all 0 it finds at least what the pattern finds with any digits.
        self.is_blind = not pattern.regex or is_blind_to_digits(pattern.regex)
        self._linear = LinearRegexes([pattern.regex]) if pattern.regex else None
        self._regex = _regex(pattern, loose=loose)
        self.search = self._regex.search
        self.regex = pattern.regex or f"{'(?i)' if loose else ''}{self._regex.pattern}"
        self.regex_of_shapes = self.regex if pattern.regex else re.sub("[0-9]", "0", self.regex)
        self._count = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._examples: list[LogLine] = []

    @property
    def has_examples(self) -> bool:
        """Whether no more examples are kept."""
        return len(self._examples) >= self._max_examples

    def add(self, entry: Entry, at: datetime | None, redact: Callable[[str], str]) -> None:
        """Count a match, and keep the entry as an example."""
        self.count(at)
        if not self.has_examples:
            self._examples.append(_kept(entry, redact, self._span))

    def count(self, at: datetime | None) -> None:
        """Count a match."""
        self._count += 1
        if at is not None:
            if self._first is None or at < self._first:
                self._first = at
            if self._last is None or at > self._last:
                self._last = at

    def _span(self, text: str) -> tuple[int, int] | None:
        if self._linear is not None:
            return self._linear.span(0, text)
        match = self._regex.search(text)
        return match.span() if match is not None else None

    def counted(self) -> PatternCount:
        """Return what was found."""
        return PatternCount(
            pattern=self.pattern.name,
            sought=self.pattern.sought,
            count=self._count,
            first_at=self._first,
            last_at=self._last,
            examples=tuple(self._examples),
        )


class LogTally:
    """Counts everything. `add` every entry in the order of the log, then `close`, then read.

    An entry without a time takes that of the entry before it. If that is before the window and the next one
    after its start, nobody knows on which side the entry is: what it matched is `ambiguous`.
    """

    def __init__(
        self, logs: LogRules, *, start: datetime, end: datetime, redact: Callable[[str], str]
    ) -> None:
        self.earliest, self.end, self._redact = start - CUT_TIMES, end, redact
        self._counts_errors = logs.max_errors is not None
        self._says_unlevelled = logs.unlevelled is not None
        forbidden = [Seeker(pattern, logs.examples, loose=True) for pattern in logs.must_not_appear]
        seekers = [*forbidden, *(Seeker(p, logs.examples, loose=False) for p in logs.must_appear)]
        if logs.canary is not None:
            seekers.append(Seeker(logs.canary.pattern, 1, loose=False))
        self.seekers = tuple(seekers)
        self._any_anywhere = any(seeker.anywhere for seeker in seekers)
        self._loose = [place for place, seeker in enumerate(forbidden) if seeker.pattern.text]
        self._regexes = LinearRegexes([seeker.regex for seeker in seekers])
        self.templates = Templates(redact, logs.incident.templates if logs.incident else (), logs.examples)
        self.coverage = LogCoverage(start, end)
        self.answers = AccessTally(start, end, redact)
        self._alike = _Alike()
        self.lines_read = self.lines_in_window = self.undated = self.unzoned = 0
        self.tracebacks = self.dropped = self.entries = self.access = self.unlevelled = self.suspects = 0
        self.unlevelled_first: LogLine | None = None
        self.suspect_first: LogLine | None = None
        self.formats: Counter[str] = Counter()
        self.unknown_times: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()
        self.runs_back = 0
        # The times of the last lines before the file's length at T0, and of the first ones after it.
        self.written_before: deque[datetime] = deque(maxlen=MOST_CLOCKED)
        self.written_after: list[datetime] = []
        self.levels: Counter[str] = Counter()
        self.errors: list[LogLine] = []
        self.first_of_log: datetime | None = None
        self.last_of_log: datetime | None = None
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None
        self.ambiguous: Counter[str] = Counter()
        self._pending: Counter[str] = Counter()
        self._at: datetime | None = None
        self._matched: list[Seeker] = []

    def add(self, entry: Entry) -> None:
        """Count one entry, or a further part of the previous one."""
        if not entry.continued:
            self._matched.clear()
            self._date(entry)
        self.lines_read += entry.lines
        at = self._at
        if at is not None and (entry.at is not None or at >= self.earliest):
            inside: bool | None = self.earliest <= at <= self.end
        else:
            # An undated entry can be placed only by its position in the file.
            inside = entry.after_t0
        if inside is False and not self._any_anywhere:
            return
        text = entry.text
        found = self._regexes.found_in(text)
        if self._loose and not (text.isascii() and "\\u00" not in text):
            found += self._found_loosely(text, found)
        for place in found:
            self._found(self.seekers[place], entry, inside)
        if inside is not False and DROPPED_WORD in text and _DROPPED.search(text):
            self.dropped += 1
        if inside:
            self._count_inside(entry)
        elif inside is None and self._counts_errors and entry.level in ERROR_LEVELS:
            self._pending[f"level {entry.level}"] += 1

    def note_times(self, times: Sequence[float], unzoned: int, *, after_t0: bool | None) -> None:
        """Note the times of lines that are counted elsewhere, in the order of the log."""
        first, last = (datetime.fromtimestamp(at_s, UTC) for at_s in (min(times), max(times)))
        self.first_of_log = first if self.first_of_log is None else min(first, self.first_of_log)
        self.last_of_log = last if self.last_of_log is None else max(last, self.last_of_log)
        self.lines_read += len(times)
        self.unzoned += unzoned
        if after_t0 is not None:
            for at_s in times[:MOST_CLOCKED] if after_t0 else times[-MOST_CLOCKED:]:
                self._clock(datetime.fromtimestamp(at_s, UTC), after_t0=after_t0)
        self._at = datetime.fromtimestamp(times[-1], UTC)

    def count_repeats(self, line: SourceLine, count: int, first_s: float, last_s: float) -> None:
        """Count dated lines of the window whose templates and responses are counted elsewhere."""
        self.lines_in_window += count
        self.entries += count
        if line.format is not None:
            self.formats[line.format] += count
        if line.level is None:
            self.access += count
        else:
            self.levels[line.level] += count
        self.coverage.add_repeats(count, first_s, last_s)
        first, last = (datetime.fromtimestamp(at_s, UTC) for at_s in (first_s, last_s))
        self.first_at = first if self.first_at is None else min(first, self.first_at)
        self.last_at = last if self.last_at is None else max(last, self.last_at)

    def kind_of(self, entry: Entry) -> "Kind | None":
        """Return what is known of entries like this one, if only their kind matters."""
        return self._alike.of(entry.text, entry) if self.templates.is_plain else None

    @property
    def is_undecided(self) -> bool:
        """Whether the next time decides where earlier entries belong."""
        return bool(self._pending)

    def _found_loosely(self, text: str, found: Sequence[int]) -> list[int]:
        """Return forbidden texts written as escapes, or with letters whose case only Python knows."""
        lowered = _unescaped(text).lower()
        return [place for place in self._loose if place not in found and self.seekers[place].search(lowered)]

    def _date(self, entry: Entry) -> None:
        at = entry.at
        if at is None:
            self.undated += 1
            if entry.problem is not None:
                self.unknown_times[entry.problem] += 1
            return
        if entry.filled is not None:
            self._fill(entry.filled, at)
        if entry.after_t0 is not None:
            self._clock(at, after_t0=entry.after_t0)
        self._at = at
        self.unzoned += not entry.zoned
        if self.first_of_log is None or at < self.first_of_log:
            self.first_of_log = at
        if self.last_of_log is None or at > self.last_of_log:
            self.last_of_log = at
        if self._pending:
            if at >= self.earliest:
                self.ambiguous.update(self._pending)
            self._pending.clear()

    def _fill(self, filled: str, at: datetime) -> None:
        self.filled[filled] += 1
        if filled == "date" and self._at is not None and at < self._at - RUNS_BACK:
            self.runs_back += 1

    def _clock(self, at: datetime, *, after_t0: bool) -> None:
        if not after_t0:
            self.written_before.append(at)
        elif len(self.written_after) < MOST_CLOCKED:
            self.written_after.append(at)

    def _found(self, seeker: Seeker, entry: Entry, inside: bool | None) -> None:
        if seeker in self._matched:
            return
        self._matched.append(seeker)
        if inside or seeker.anywhere:
            seeker.add(entry, self._at, self._redact)
        elif inside is None:
            self._pending[seeker.pattern.name] += 1

    def _count_inside(self, entry: Entry) -> None:
        self.lines_in_window += entry.lines
        self.tracebacks += entry.kind == "crash" and not entry.continued
        if entry.continued:
            return
        self.entries += 1
        level, at = entry.level, entry.at
        at_s = self._at.timestamp() if self._at is not None else None
        self._count_kind(entry, at_s)
        if entry.format is not None:
            self.formats[entry.format] += 1
        if level is None or not entry.is_named:
            self._count_unlevelled(entry)
        if level is not None:
            self.levels[level] += 1
            if level in ERROR_LEVELS and len(self.errors) < MAX_ERRORS:
                self.errors.append(_kept(entry, self._redact, None))
        if at is not None and at_s is not None:
            self.coverage.add(at_s)
            if self.first_at is None or at < self.first_at:
                self.first_at = at
            if self.last_at is None or at > self.last_at:
                self.last_at = at

    def _count_kind(self, entry: Entry, at_s: float | None) -> None:
        """Count an entry's template and the response in it; quickly, if one like it came before."""
        text = entry.text
        alike = self.kind_of(entry)
        if alike is not None and alike.template is not None:
            alike.template.add(self._at, self.templates.minute(at_s))
            if alike.path is not None:
                alike.path.add(text[alike.status_at : alike.status_at + 3], at_s)
            return
        template, found = self.templates.add(entry, self._at), self.answers.find(text)
        if found is not None:
            found[0].add(text[found[1] : found[1] + 3], at_s)
        if alike is not None:
            alike.template = template
            alike.path, alike.status_at = found if found is not None else (None, 0)

    def _count_unlevelled(self, entry: Entry) -> None:
        """Count a line to which no format gives a level.

        A level that the platform gives to all of stdout is not one either.
        """
        if entry.level is None and entry.kind == "access":
            self.access += 1
            return
        if not entry.text.strip():
            return
        if entry.level is None:
            self.unlevelled += 1
            self.unlevelled_first = self.unlevelled_first or _kept(entry, self._redact, None)
        elif entry.level in ERROR_LEVELS or entry.level == UNPROVEN_LEVEL:
            return
        if not self._says_unlevelled and may_be_error(entry.text[entry.message_at :]):
            self.suspects += 1
            self.suspect_first = self.suspect_first or _kept(entry, self._redact, None)

    def close(self) -> None:
        """End the log: what is still undecided stays ambiguous."""
        self.ambiguous.update(self._pending)
        self._pending.clear()

    def pattern_counts(self) -> tuple[PatternCount, ...]:
        """Return the matches of each pattern, in the order of the plan."""
        return tuple(seeker.counted() for seeker in self.seekers)


@dataclass(slots=True)
class Kind:
    """What entries of one shape have in common; empty until the first of them was counted."""

    template: CountedTemplate | None = None
    path: PathTally | None = None
    status_at: int = 0


class _Alike:
    """Entries that differ only in ids, and in digits that neither a template nor a status shows."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str | None, str, bytes], tuple[tuple[int, ...], dict[str, Kind]]] = {}

    def of(self, text: str, entry: Entry) -> Kind | None:
        """Return what is known of such entries; None if there are too many shapes."""
        if not text.isascii() or len(text) > MAX_ALIKE_CHARS:
            return None
        zeroed = text.encode().translate(ZEROED)
        shape = self._shapes.get((entry.level, entry.kind, zeroed))
        if shape is None:
            zeroed = without_ids(zeroed)
            key = entry.level, entry.kind, zeroed
            shape = self._shapes.get(key)
            if shape is None:
                if len(self._shapes) >= MOST_ALIKE:
                    return None
                shape = self._shapes[key] = shown_digits(zeroed.decode()), {}
        places, kinds = shape
        digits = text[places[0]] if len(places) == 1 else "".join([text[place] for place in places])
        kind = kinds.get(digits)
        if kind is None:
            kind = kinds[digits] = Kind()
        return kind


def _kept(
    entry: Entry, redact: Callable[[str], str], span_of: Callable[[str], tuple[int, int] | None] | None
) -> LogLine:
    """Return an example for the evidence: redacted in full first, then cut so that the match stays in it."""
    text = redact(entry.text.encode("utf-8", "replace").decode("utf-8"))
    if len(text) > MAX_EXAMPLE_CHARS:
        span = span_of(text) if span_of is not None else None
        if span is not None and span[1] >= MAX_EXAMPLE_CHARS:
            text = f"{text[:_LEAD_CHARS]} … {text[span[0] - _LEAD_CHARS :]}"
        text = text[: MAX_EXAMPLE_CHARS - 1] + "…"
    return LogLine(at=entry.at, level=entry.level, text=text)
