"""What the demo's Railway records: every request to the backend, and every line of its log."""

import logging
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from demo.railway.switches import Switches

PROBE_AGENT = "deploy-verdict/"
USERS_AGENT = "Mozilla/5.0 (demo)"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as the edge sees it; times in milliseconds."""

    at: datetime
    request_id: str
    method: str
    path: str
    host: str
    status: int
    total_ms: int
    user_agent: str
    upstream_errors: str = ""
    response_details: str = ""

    @property
    def is_probe(self) -> bool:
        """Whether the watcher sent it."""
        return self.user_agent.startswith(PROBE_AGENT)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the service's output."""

    at: datetime
    text: str
    severity: str


class Records(logging.Handler):
    """Both logs; `probed_at` is when the first probe came, which begins the window's time.

    `switches` are those of the platform and its edge.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.requests: list[Request] = []
        self.lines: list[Line] = []
        self.probed_at: datetime | None = None
        self.started_at = datetime.now(UTC)
        self.switches = Switches()
        self._asked_s: float | None = None
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Record a log record; a traceback becomes one line for each of its lines, as a platform sees it."""
        at = datetime.fromtimestamp(record.created, UTC)
        first, *rest = self.format(record).splitlines() or [""]
        severity = _severity(record.levelno)
        with self._guard:
            self.lines.append(Line(at=at, text=first, severity=severity))
            self.lines += [Line(at=at, text=text, severity="info") for text in rest]

    def switch(self, switches: Switches) -> None:
        """Set the switches; a service that sleeps falls asleep."""
        self.switches, self._asked_s = switches, None

    def is_awake(self, *, asked: bool = False) -> bool:
        """Whether the service runs; a sleeping one takes some time after the first request."""
        if not self.switches.sleeping:
            return True
        with self._guard:
            if asked and self._asked_s is None:
                self._asked_s = time.monotonic()
            asked_s = self._asked_s
        return asked_s is not None and time.monotonic() - asked_s >= self.switches.waking_s

    def add(self, request: Request) -> None:
        """Record a request that was answered."""
        with self._guard:
            self.requests.append(request)
            if request.is_probe and self.probed_at is None:
                self.probed_at = request.at


def _severity(level: int) -> str:
    # By the line's own level, as on stdout; on stderr each line would be an error.
    return "error" if level >= logging.ERROR else "warn" if level >= logging.WARNING else "info"


def new_request_id() -> str:
    """Return an id like the edge's."""
    return secrets.token_urlsafe(16)
