"""When the deployment of a log began, and its restarts, by the log's lines. Pure."""

from collections import deque
from datetime import datetime, timedelta

from deploy_verdict.base.linear_regex import LinearRegexes, is_blind_to_digits
from deploy_verdict.base.start_lines import SERVICE_STARTS, WORKER_STARTS
from deploy_verdict.stages.logs.lines.alike import Alike, Repeats
from deploy_verdict.stages.logs.lines.source_lines import SourceLine

# Processes of one deployment start within this time of each other.
TOGETHER = timedelta(minutes=5)
MOST_STARTS = 10_000


class StartLines:
    """The lines with which a service says that it starts, by the plan's expression or a common server's."""

    def __init__(self, regex: str | None, t0: datetime) -> None:
        self._t0 = t0
        self._found_in = LinearRegexes((regex or SERVICE_STARTS.pattern, WORKER_STARTS.pattern)).found_in
        self._is_blind = is_blind_to_digits(regex or "")
        self._starts: dict[Alike, bool] = {}
        self._at: tuple[deque[datetime], ...] = (deque(maxlen=MOST_STARTS), deque(maxlen=MOST_STARTS))

    def add(self, line: SourceLine) -> None:
        """Take in a line, if it says that the service or a worker starts."""
        if line.at is not None:
            for place in self._found_in(line.text):
                self._at[place].append(line.at)

    def add_repeats(self, repeats: Repeats) -> None:
        """Take in lines that repeat earlier ones.

        Of one kind, either all say that something starts, or none.
        """
        for alike, raw, at_s in repeats.lines:
            is_start = self._starts.get(alike)
            if is_start is None:
                is_start = not self._is_blind or bool(self._found_in(alike.line.text))
                self._starts[alike] = is_start
            if is_start:
                self.add(alike.read(raw, at_s, repeats.after_t0))

    def starts(self, start: datetime, end: datetime, together: timedelta, *, of_workers: bool = False) -> int:
        """Return how often it started in a stretch; lines within `together` count as one start."""
        count, last = 0, None
        for at in sorted(at for at in self._at[of_workers] if start < at <= end):
            count += last is None or at - last > together
            last = at
        return count

    def began_at(self) -> datetime | None:
        """Return when the last start before T0 began, counting all its processes as one."""
        began: datetime | None = None
        for at in sorted((at for at in self._at[0] if at <= self._t0), reverse=True):
            if began is not None and began - at > TOGETHER:
                break
            began = at
        return began
