"""Which of our own requests a log holds, so that other people's lines cannot pass for ours. Pure.

A line is ours by the request's id or our User-Agent, if the log has them; else by its path and time: it
stands at the moment when the request ran. If others request the same path all the time, some line stands at
any moment: how often that happens by chance is measured and subtracted.

The same lines show whether the log's clock agrees with ours. Our requests are like a bar code in time: the
shift that explains most of them is the clock's error.
"""

import bisect
import math
import re
import statistics
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.evidence.answers.exchanges import OwnRequest
from deploy_verdict.model import CanaryPath, CanaryReading, UnseenRequests
from deploy_verdict.stages.logs.lines.alike import Repeats
from deploy_verdict.stages.logs.lines.source_lines import SourceLine

AGENT = "deploy-verdict/"
# Time zones reach from -12 h to +14 h, and the clock may be wrong on top of that.
REACH_S = 16 * 3600.0
MOST_LINES = 100_000
# If lines stand at more than this share of moments by chance, they say nothing of ours.
CROWDED = 0.5
# This share of the window must be free of our requests, to show how often others send theirs.
LEAST_ELSEWHERE = 0.1
# With fewer requests there is no bar code.
FEWEST = 5
WRONG_CLOCK_S = 1.0
# With more lines than this per request of ours, most are of others.
MOST_FOR_ONE = 3
_BIN_S = 0.25
_SLACK_S, _WHOLE_SECONDS_SLACK_S = 0.5, 1.0
_MOST_PAIRS = 400_000
_MOST_SHIFTS = 24
_ID = re.compile(r"[0-9a-f]{32}")


class CanaryLines:
    """Takes in the log's canary lines as they come; `reading` then compares them with our requests.

    `window_id` stands in our User-Agent; `search` recognizes a canary line.
    """

    def __init__(
        self,
        own: Sequence[OwnRequest],
        search: Callable[[str], object],
        *,
        window_id: str,
        start: datetime,
        end: datetime,
    ) -> None:
        self._own, self._search, self._agent = own, search, f"(window {window_id})"
        self._start_s, self._end_s = start.timestamp(), end.timestamp()
        self._ids = {
            item.request_id: number for number, item in enumerate(own) if _ID.fullmatch(item.request_id)
        }
        self._by_id: dict[int, float] = {}
        self._by_agent: array[float] = array("d")
        paths = sorted({item.path for item in own if len(item.path) > 1}, key=len, reverse=True)
        self._path = re.compile(f"(?:{'|'.join(map(re.escape, paths))})(?![\\w/.-])") if paths else None
        self._by_path: dict[str, array[float]] = {}
        self._at_s: float | None = None

    def add(self, line: SourceLine) -> None:
        """Take in a line, if it is one that a request leaves."""
        if not self._own:
            return
        if line.at is not None:
            self._at_s = line.at.timestamp()
        if line.glued or line.after_t0 is False or self._at_s is None or not self._search(line.text):
            return
        at_s, text = self._at_s, line.text
        if not self._start_s - REACH_S <= at_s <= self._end_s + REACH_S:
            return
        for found in _ID.findall(text) if self._ids else ():
            if found in self._ids:
                self._by_id.setdefault(self._ids[found], at_s)
        if AGENT in text and self._agent in text:
            self._by_agent.append(at_s)
        match = self._path.search(text) if self._path else None
        times = self._by_path.setdefault(match[0] if match else "", array("d"))
        if len(times) < MOST_LINES:
            times.append(at_s)

    def add_repeats(self, repeats: Repeats) -> None:
        """Take in lines that repeat earlier ones."""
        if self._own and repeats.after_t0 is not False:
            for alike, raw, at_s in repeats.lines:
                if self._search(alike.body(raw).decode()):
                    self.add(alike.read(raw, at_s, repeats.after_t0))
        if repeats.lines:
            self._at_s = repeats.lines[-1][2]

    def reading(self) -> CanaryReading:
        """Return which requests have a line, by the best proof in the log, and how wrong its clock is."""
        if self._by_id:
            return self._by_ids()
        if len(self._by_agent) >= FEWEST:
            return self._by_time("user-agent", [_Group.of("", self._own, self._by_agent)])
        named = [path for path in self._by_path if path]
        if not named:
            # No canary line names a path of ours, so only the time is left.
            every = self._by_path.get("", array("d"))
            return self._by_time("time", [_Group.of("", self._own, every)])
        paths = sorted({item.path for item in self._own})
        of_path = {path: [item for item in self._own if item.path == path] for path in paths}
        groups = [_Group.of(path, of_path[path], self._by_path.get(path, array("d"))) for path in paths]
        return self._by_time("path and time", groups)

    def _by_ids(self) -> CanaryReading:
        own = [item for item in self._own if _ID.fullmatch(item.request_id)]
        numbers = {self._own[number].request_id: number for number in self._by_id}
        seen = [item.request_id in numbers for item in own]
        late = [self._by_id[number] - self._own[number].ended_at.timestamp() for number in self._by_id]
        return CanaryReading(
            by="request id",
            requests=len(own),
            found=sum(seen),
            clock_ahead_s=round(statistics.median(late), 3),
            paths=tuple(_counted(own, seen)),
            unseen=_longest_unseen(own, seen),
        )

    def _by_time(self, by: str, groups: "Sequence[_Group]") -> CanaryReading:
        length_s = max(self._end_s - self._start_s, 1e-3)
        ahead_s = _clock_ahead_s(
            [group for group in groups if len(group.times) <= MOST_FOR_ONE * len(group.own)]
        )
        clear = [group for group in groups if not group.is_crowded(length_s, ahead_s or 0.0)]
        own = [(item, is_seen) for group in clear for item, is_seen in group.matched(ahead_s or 0.0)]
        own.sort(key=lambda pair: pair[0].sent_at)
        requests, seen = [item for item, _ in own], [is_seen for _, is_seen in own]
        found = sum(group.found(length_s, ahead_s or 0.0) for group in clear)
        return CanaryReading(
            by=by,
            requests=len(requests),
            found=round(found),
            crowded=tuple(group.path or "any" for group in groups if group not in clear),
            clock_ahead_s=None if ahead_s is None else round(ahead_s, 3),
            paths=tuple(_counted(requests, seen)),
            unseen=_longest_unseen(requests, seen),
        )


@dataclass(frozen=True)
class _Group:
    """Our requests to one path, and the sorted times (Unix seconds) of the lines that name it."""

    path: str
    own: Sequence[OwnRequest]
    times: Sequence[float]
    slack_s: float

    @classmethod
    def of(cls, path: str, own: Sequence[OwnRequest], times: Sequence[float]) -> "_Group":
        whole = bool(times) and all(at_s == int(at_s) for at_s in times[:200])
        if whole:
            # A time that was cut to its second is, on average, half a second later.
            return cls(path, own, sorted(at_s + 0.5 for at_s in times), _WHOLE_SECONDS_SLACK_S)
        return cls(path, own, sorted(times), _SLACK_S)

    def matched(self, ahead_s: float) -> list[tuple[OwnRequest, bool]]:
        """Return each request in the order of time, and whether it has a line of its own."""
        return [(item, at_s is not None) for item, at_s in self._lines(ahead_s)]

    def late_s(self, ahead_s: float) -> list[float]:
        """Return how many seconds after its request's end each line stands, with the clock corrected."""
        lines = ((item, at_s) for item, at_s in self._lines(ahead_s) if at_s is not None)
        return [at_s - ahead_s - item.ended_at.timestamp() for item, at_s in lines]

    def _lines(self, ahead_s: float) -> Iterator[tuple[OwnRequest, float | None]]:
        place = 0
        for item in self.own:
            earliest_s = item.sent_at.timestamp() + ahead_s - self.slack_s
            latest_s = item.ended_at.timestamp() + ahead_s + self.slack_s
            place = bisect.bisect_left(self.times, earliest_s, place)
            if place < len(self.times) and self.times[place] <= latest_s:
                yield item, self.times[place]
                place += 1
            else:
                yield item, None

    def by_chance(self, length_s: float, ahead_s: float = 0.0) -> float:
        """Return the probability that a line of others stands at the moment of a request."""
        moments_s = [(item.ended_at - item.sent_at).total_seconds() + 2 * self.slack_s for item in self.own]
        if not moments_s:
            return 1.0
        inside, inside_s = self._at_our_moments(ahead_s)
        if length_s - inside_s >= LEAST_ELSEWHERE * length_s:
            # Lines beyond one per moment, such as those of two shippers, are not counted as others'.
            others_per_s = (len(self.times) - inside) / (length_s - inside_s)
        else:
            ours = sum(is_seen for _, is_seen in self.matched(ahead_s))
            others_per_s = (len(self.times) - ours) / length_s
        return min(1.0, others_per_s * statistics.fmean(moments_s))

    def _at_our_moments(self, ahead_s: float) -> tuple[int, float]:
        """Return how many lines stand at moments of our requests, and how many seconds these cover."""
        lines, seconds, until_s = 0, 0.0, -math.inf
        for item in self.own:
            begins_s = max(until_s, item.sent_at.timestamp() + ahead_s - self.slack_s)
            ends_s = item.ended_at.timestamp() + ahead_s + self.slack_s
            if ends_s > begins_s:
                lines += bisect.bisect_right(self.times, ends_s) - bisect.bisect_left(self.times, begins_s)
                seconds, until_s = seconds + ends_s - begins_s, ends_s
        return lines, seconds

    def is_crowded(self, length_s: float, ahead_s: float = 0.0) -> bool:
        """Return whether lines of others would hide missing ones of ours."""
        return self.by_chance(length_s, ahead_s) > CROWDED

    def found(self, length_s: float, ahead_s: float) -> float:
        """Return how many requests have a line, without those that have one by chance."""
        seen, total = sum(is_seen for _, is_seen in self.matched(ahead_s)), len(self.own)
        chance = self.by_chance(length_s, ahead_s)
        return max(0.0, (seen - chance * total) / (1 - chance)) if chance < 1 else 0.0


def _clock_ahead_s(groups: Sequence[_Group]) -> float | None:
    """Return the shift of the log's times that explains most requests; None if none explains half of them."""
    groups = [group for group in groups if group.own and group.times]
    requests = sum(len(group.own) for group in groups)
    if requests < FEWEST:
        return None
    counts: dict[int, int] = {}
    for group in groups:
        for shift_s in _shifts(group):
            number = round(shift_s / _BIN_S)
            counts[number] = counts.get(number, 0) + 1
    likely = sorted(counts, key=lambda number: (-_around(counts, number), abs(number)))[:_MOST_SHIFTS]
    fits = [_Fit.of(groups, shift_s) for shift_s in (0.0, *(number * _BIN_S for number in likely))]
    best = max(fits, key=lambda fit: (fit.seen, -round(fit.spread_s, 2), -abs(fit.ahead_s)))
    return best.ahead_s if best.seen * 2 >= requests else None


@dataclass(frozen=True)
class _Fit:
    """How many requests a shift explains, and how closely.

    Our samples resemble each other, so wrong shifts explain many too, but less closely.
    """

    seen: int
    ahead_s: float
    spread_s: float

    @classmethod
    def of(cls, groups: Sequence[_Group], shift_s: float) -> "_Fit":
        late = [late_s for group in groups for late_s in group.late_s(shift_s)]
        middle = statistics.median(late) if late else 0.0
        spread_s = statistics.fmean(abs(late_s - middle) for late_s in late) if late else 0.0
        return cls(len(late), shift_s + middle, spread_s)


def _shifts(group: _Group) -> Iterator[float]:
    """Yield the distance of each line from each request; if there are very many, of some."""
    step = max(1, len(group.own) * len(group.times) // _MOST_PAIRS)
    for item in group.own[::step]:
        ended_s = item.ended_at.timestamp()
        for at_s in group.times:
            if abs(at_s - ended_s) <= REACH_S:
                yield at_s - ended_s


def _around(counts: dict[int, int], number: int) -> int:
    return sum(counts.get(number + step, 0) for step in (-2, -1, 0, 1, 2))


def _counted(own: Sequence[OwnRequest], seen: Sequence[bool]) -> Iterator[CanaryPath]:
    paths = dict.fromkeys(item.path for item in own)
    for path in paths:
        of_path = [is_seen for item, is_seen in zip(own, seen, strict=True) if item.path == path]
        yield CanaryPath(path=path, requests=len(of_path), found=sum(of_path))


def _longest_unseen(own: Sequence[OwnRequest], seen: Sequence[bool]) -> UnseenRequests | None:
    """Return the longest run of requests without a line.

    A path that the log never names, such as a health check's, may not be logged, or not meant by the canary.
    If most other requests have their lines, it says nothing of a gap.
    """
    logged = {item.path for item, is_seen in zip(own, seen, strict=True) if is_seen}
    is_mostly_seen = 2 * sum(seen) > len(seen)
    best: list[OwnRequest] = []
    row: list[OwnRequest] = []
    for item, is_seen in zip(own, seen, strict=True):
        if is_mostly_seen and item.path not in logged:
            continue
        row = [] if is_seen else [*row, item]
        best = max(best, row, key=len)
    if not best:
        return None
    return UnseenRequests(count=len(best), first_at=best[0].sent_at, last_at=best[-1].sent_at)
