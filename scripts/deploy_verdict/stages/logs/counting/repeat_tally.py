"""Counts repeated lines many at a time, with the same result as adding each of them to the tally. Pure.

A line for which that is not certain is added by itself: the first of its kind, one that a pattern finds, an
error as long as errors are kept as examples.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from deploy_verdict.base.linear_regex import LinearRegexes
from deploy_verdict.base.log_templates import ZEROED, shown_digits, without_ids
from deploy_verdict.stages.logs.counting.tally import DROPPED_WORD, MAX_ERRORS, Kind, LogTally, Seeker
from deploy_verdict.stages.logs.counting.template_counts import CountedTemplate
from deploy_verdict.stages.logs.lines.alike import Alike, Repeats
from deploy_verdict.stages.logs.lines.entries import entry_of
from deploy_verdict.stages.logs.lines.levels import ERROR_LEVELS
from deploy_verdict.stages.logs.lines.source_lines import SourceLine

# Times this close to the end of a cell do not count as in it, as float arithmetic is not exact.
_MARGIN_S = 1e-5


@dataclass(slots=True)
class _Counted:
    """Lines of one kind that were counted since the cell began, and the statuses of their responses."""

    line: SourceLine
    kind: Kind
    template: CountedTemplate
    count: int = 0
    first_s: float = math.inf
    last_s: float = -math.inf
    statuses: dict[bytes, int] = field(default_factory=dict)


class _Lane:
    """How lines of one shape are counted: by their digits at `places`, as one of the kinds met so far."""

    __slots__ = ("is_found", "is_found_anywhere", "kinds", "only", "places")

    def __init__(self, places: Sequence[int], found: Sequence[Seeker], *, is_sure: bool) -> None:
        self.places = tuple(places)
        self.only = places[0] if len(places) == 1 else None
        self.is_found = bool(found) or not is_sure
        self.is_found_anywhere = any(seeker.anywhere for seeker in found)
        self.kinds: dict[bytes | int, _Counted] = {}

    def digits(self, body: bytes) -> bytes | int:
        """Return the digits that determine the line's kind."""
        return bytes([body[place] for place in self.places]) if self.only is None else body[self.only]


class RepeatTally:
    """Adds repeated lines to a tally.

    They are counted in cells: stretches of time within one minute, one part and one thousandth of the window,
    so that only their number matters.
    """

    def __init__(self, tally: LogTally) -> None:
        self._tally = tally
        self._earliest_s, self._end_s = tally.earliest.timestamp(), tally.end.timestamp()
        # If these find nothing in a line whose digits are all 0, they find nothing in any line of that shape.
        self._blind = [seeker for seeker in tally.seekers if seeker.is_blind]
        self._in_shapes = LinearRegexes([seeker.regex_of_shapes for seeker in self._blind])
        self._aware = [seeker for seeker in tally.seekers if not seeker.is_blind]
        self._in_lines = LinearRegexes([seeker.regex for seeker in self._aware])
        self._is_any_anywhere = any(seeker.anywhere for seeker in self._aware)
        self._lanes: dict[Alike, _Lane] = {}
        self._times: list[float] = []
        self._unzoned = 0
        self._touched: list[_Counted] = []
        self._from_s = self._until_s = 0.0

    def add(self, repeats: Repeats) -> None:
        """Count lines in the order of the log."""
        if self._tally.is_undecided and repeats.lines:
            self._add_first(repeats)
        lanes, times, found_in = self._lanes, self._times, self._in_lines.found_in
        earliest_s, end_s = self._earliest_s, self._end_s
        for alike, raw, at_s in repeats.lines:
            lane = lanes.get(alike)
            if lane is None:
                self._add_by_itself(alike, raw, at_s, repeats)
                continue
            if earliest_s <= at_s <= end_s:
                body = alike.body(raw)
                digits = body[lane.only] if lane.only is not None else lane.digits(body)
                counted = lane.kinds.get(digits)
                if counted is None or (self._aware and not self._finds_again(found_in(body), at_s)):
                    self._add_by_itself(alike, raw, at_s, repeats)
                    continue
                if not self._from_s <= at_s < self._until_s:
                    self._begin_cell(at_s)
                self._count(counted, body, at_s)
            elif lane.is_found_anywhere or (self._is_any_anywhere and found_in(alike.body(raw))):
                self._add_by_itself(alike, raw, at_s, repeats)
                continue
            times.append(at_s)
            if not alike.line.zoned:
                self._unzoned += 1
        self._close(repeats)

    def _count(self, counted: _Counted, body: bytes, at_s: float) -> None:
        if not counted.count:
            self._touched.append(counted)
        counted.count += 1
        counted.first_s = min(counted.first_s, at_s)
        counted.last_s = max(counted.last_s, at_s)
        if counted.kind.path is not None:
            place = counted.kind.status_at
            status = body[place : place + 3]
            counted.statuses[status] = counted.statuses.get(status, 0) + 1

    def _finds_again(self, found: Sequence[int], at_s: float) -> bool:
        """Count a match, unless an example of it must still be kept; return whether that was possible."""
        seekers = [self._aware[place] for place in found]
        if not all(seeker.has_examples for seeker in seekers):
            return False
        for seeker in seekers:
            seeker.count(datetime.fromtimestamp(at_s, UTC))
        return True

    def _add_first(self, repeats: Repeats) -> None:
        """Add a line that decides where the entries before it belong."""
        alike, raw, at_s = repeats.lines.pop(0)
        self._tally.add(entry_of(alike.read(raw, at_s, repeats.after_t0)))

    def _add_by_itself(self, alike: Alike, raw: bytes, at_s: float, repeats: Repeats) -> None:
        self._close(repeats)
        tally, line = self._tally, alike.read(raw, at_s, repeats.after_t0)
        entry = entry_of(line)
        tally.add(entry)
        if line.level in ERROR_LEVELS and len(tally.errors) < MAX_ERRORS:
            return
        body = alike.body(raw)
        lane = self._lanes.get(alike)
        if lane is None:
            zeroed = body.translate(ZEROED)
            found = [self._blind[place] for place in self._in_shapes.found_in(zeroed)]
            places = shown_digits(without_ids(zeroed).decode())
            lane = self._lanes[alike] = _Lane(places, found, is_sure=DROPPED_WORD not in line.text)
        if self._earliest_s <= at_s <= self._end_s and not lane.is_found:
            kind = tally.kind_of(entry)
            if kind is not None and kind.template is not None:
                lane.kinds[lane.digits(body)] = _Counted(line, kind, kind.template)

    def _begin_cell(self, at_s: float) -> None:
        self._close_cell()
        templates = self._tally.templates
        next_minute_s = (templates.minute(at_s) + 1) * templates.minute_s
        self._from_s = at_s
        self._until_s = min(self._tally.coverage.same_until_s(at_s), next_minute_s) - _MARGIN_S

    def _close_cell(self) -> None:
        tally, minute = self._tally, self._tally.templates.minute(self._from_s)
        for counted in self._touched:
            count, first_s, last_s = counted.count, counted.first_s, counted.last_s
            first, last = datetime.fromtimestamp(first_s, UTC), datetime.fromtimestamp(last_s, UTC)
            counted.template.add_repeats(count, first, last, minute)
            if counted.kind.path is not None:
                for status, answers in counted.statuses.items():
                    counted.kind.path.add(status.decode(), first_s, answers)
                counted.statuses.clear()
            tally.count_repeats(counted.line, count, first_s, last_s)
            counted.count, counted.first_s, counted.last_s = 0, math.inf, -math.inf
        self._touched.clear()
        self._from_s = self._until_s = 0.0

    def _close(self, repeats: Repeats) -> None:
        """Hand over what was counted so far."""
        self._close_cell()
        if self._times:
            self._tally.note_times(self._times, self._unzoned, after_t0=repeats.after_t0)
            self._times.clear()
            self._unzoned = 0
