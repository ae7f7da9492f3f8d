"""When the deployment that a log is of began: what its lines say of that. Pure."""

import re
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from deploy_verdict.base.linear_regex import LinearRegexes
from deploy_verdict.stages.logs.source_lines import SourceLine

# What usual servers write when they have started; a process that is started anew writes it too.
_USUAL = re.compile(
    r"Started server process \[|Application startup complete|Uvicorn running on|Listening at: http|"
    r"Starting gunicorn|Puma starting in|Nest application successfully started|Now listening on: http|"
    r"Application started\. Press|Tomcat started on port|Started \w+ in [\d.]+ seconds|"
    r"(?:[Ss]erver|[Aa]pp\w*) (?:is )?(?:running|listening|started) (?:on|at) |"
    r"[Ll]istening on (?:port |https?:|0\.0\.0\.0|:\d|\[?::)|"
    r"[Rr]eady to accept connections|ready for connections"
)
# Several processes of one deployment start within so much of each other.
TOGETHER = timedelta(minutes=5)
MOST_STARTS = 10_000


class StartLines:
    """The lines by which a service says that it starts."""

    def __init__(self, regex: str | None, t0: datetime) -> None:
        self._t0 = t0
        self._search: Callable[[str], object] = LinearRegexes((regex,)).found_in if regex else _USUAL.search
        self._at: deque[datetime] = deque(maxlen=MOST_STARTS)

    def add(self, line: SourceLine) -> None:
        """Take in a line, if the service says by it that it starts."""
        at = line.at
        if at is not None and self._search(line.text):
            self._at.append(at)

    def starts(self, start: datetime, end: datetime, together: timedelta) -> int:
        """How often the service started in a stretch; lines within `together` are of one start."""
        count, last = 0, None
        for at in sorted(at for at in self._at if start < at <= end):
            count += last is None or at - last > together
            last = at
        return count

    def began_at(self) -> datetime | None:
        """When the last start before T0 began, all of its processes taken together."""
        began: datetime | None = None
        for at in sorted((at for at in self._at if at <= self._t0), reverse=True):
            if began is not None and began - at > TOGETHER:
                break
            began = at
        return began
