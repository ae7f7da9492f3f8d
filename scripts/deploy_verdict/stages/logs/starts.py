"""When the deployment that a log is of began: what its lines say of that. Pure."""

import re
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
MOST_STARTS = 1000


class StartLines:
    """The lines before T0 by which a service says that it starts."""

    def __init__(self, regex: str | None, t0: datetime) -> None:
        self._t0 = t0
        self._search: Callable[[str], object] = LinearRegexes((regex,)).found_in if regex else _USUAL.search
        self._at: list[datetime] = []

    def add(self, line: SourceLine) -> None:
        """Take in a line, if the service says by it that it starts."""
        at = line.at
        if at is not None and at <= self._t0 and self._search(line.text):
            self._at = [*self._at[-MOST_STARTS:], at]

    def began_at(self) -> datetime | None:
        """When the last start before T0 began, all of its processes taken together."""
        began: datetime | None = None
        for at in sorted(self._at, reverse=True):
            if began is not None and began - at > TOGETHER:
                break
            began = at
        return began
