"""A log's clock beside ours: corrected by what the canary found, or held against T0 and now. Pure."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from deploy_verdict.model import Fault
from deploy_verdict.stages.logs.review import LogSource
from deploy_verdict.stages.logs.source_lines import SourceLine

MOST_SLACK = timedelta(seconds=60)
# At high speed a window has few real seconds, and a clock that is seconds off moves much of it.
SLACK_OF_WINDOW = 1 / 20
EDGE_LINES, FEWEST_LINES = 20, 5


class LineWatch(Protocol):
    """Something that is shown every line."""

    def add(self, line: SourceLine) -> None:
        """Take in a line."""


class WatchedSource:
    """A source whose lines are shown to others as they pass, with their times corrected by `ahead`."""

    def __init__(self, source: LogSource, *watches: LineWatch, ahead: timedelta = timedelta(0)) -> None:
        self._source, self._watches, self._ahead = source, watches, ahead

    @property
    def name(self) -> str:
        """The source's own."""
        return self._source.name

    @property
    def fault(self) -> Fault | None:
        """The source's own."""
        return self._source.fault

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The source's own."""
        return self._source.incomplete

    def lines(self) -> Iterator[SourceLine]:
        """The source's lines."""
        for line in self._source.lines():
            seen = line
            if self._ahead and line.at is not None:
                seen = line._replace(at=line.at - self._ahead)
            for watch in self._watches:
                watch.add(seen)
            yield seen


class ClockEdges:
    """The first and the last lines that were written after T0: none can be of before T0, or of after now.

    A few lines with odd times are a service's own affair, so that the middle one of several counts.
    """

    def __init__(self, t0: datetime, end: datetime) -> None:
        self._t0, self._end = t0, end
        self._first: list[datetime] = []
        self._last: deque[datetime] = deque(maxlen=EDGE_LINES)

    def add(self, line: SourceLine) -> None:
        """Take in a line, if it is known to have been written after T0."""
        if line.after_t0 and line.at is not None:
            if len(self._first) < EDGE_LINES:
                self._first.append(line.at)
            self._last.append(line.at)

    def problem(self) -> str | None:
        """Why the clock cannot be ours; None where nothing shows that."""
        if len(self._first) < FEWEST_LINES:
            return None
        slack = min(MOST_SLACK, (self._end - self._t0) * SLACK_OF_WINDOW)
        first, last = (sorted(times)[len(times) // 2] for times in (self._first, self._last))
        add = "set it right, or add a canary, by which its times are corrected"
        if last > self._end + slack:
            dated = f"its last lines are dated {last:%H:%M:%SZ}, and were read at {self._end:%H:%M:%SZ}"
            return f"{dated}: its clock is wrong — {add}"
        if first < self._t0 - slack:
            dated = f"its first lines after T0 ({self._t0:%H:%M:%SZ}) are dated {first:%H:%M:%SZ}"
            return f"{dated}: its clock is wrong — {add}"
        return None
