"""Counting the edge's HTTP log: for each path of others, and our own probes apart. No opinions.

Beside it, what the deployment before still answers by its own log.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from deploy_verdict.model import (
    Fault,
    LogLine,
    PathTraffic,
    PreviousTrafficObservation,
    TrafficObservation,
    Whose,
)
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.railway import HttpEntry, RailwayClient, RailwayError, http_log
from deploy_verdict.railway.paging import PAGE, LogGapError, pages
from deploy_verdict.stages.context import Context, Keep, Platform
from deploy_verdict.stages.traffic.edge_entries import has_upstream_error, is_fallback, is_ours
from deploy_verdict.stages.traffic.previous_deployment import read_previous

COMPLETE = "traffic"
MOST_PATHS, MOST_EXAMPLES, MOST_IDS, MOST_TIMES = 100, 20, 20_000, 200_000
OTHER = ("*", "other paths")
_NAMED = re.compile(r"^(?:\d+|[0-9a-fA-F-]{8,}|(?=.*\d).{4,})$")
Key = tuple[str, str]


class _Path:
    """What is counted of one method and path; percentiles are exact up to MOST_TIMES requests."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.times_ms: list[int] = []
        self.upstream_errors = self.fallbacks = 0

    def add(self, entry: HttpEntry) -> None:
        self.statuses[str(entry.status)] += 1
        if len(self.times_ms) < MOST_TIMES:
            self.times_ms.append(entry.total_ms)
        self.upstream_errors += has_upstream_error(entry)
        self.fallbacks += is_fallback(entry)

    def counted(self, method: str, path: str) -> PathTraffic:
        times = sorted(self.times_ms)
        ranks = {name: _rank(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
        return PathTraffic(
            method=method,
            path=path,
            requests=self.statuses.total(),
            statuses=dict(sorted(self.statuses.items())),
            p50_ms=ranks["p50"],
            p95_ms=ranks["p95"],
            p99_ms=ranks["p99"],
            upstream_errors=self.upstream_errors,
            edge_fallbacks=self.fallbacks,
        )


class TrafficTally:
    """Takes entries in any order. Entries outside of the window are not counted."""

    def __init__(
        self, *, window_id: str, redact: Callable[[str], str], start: datetime, end: datetime
    ) -> None:
        self._mark, self._redact = f"(window {window_id})", redact
        self._start, self._end = start, end
        self.entries = 0
        self._own_ids: list[str] = []
        self._own = self._other_windows = self._undated = 0
        self._paths: dict[Key, _Path] = defaultdict(_Path)
        self._upstream: Counter[str] = Counter()
        self._examples: list[LogLine] = []
        self._times: list[datetime] = []

    def add(self, entry: HttpEntry) -> None:
        """Count one request."""
        if entry.at is None:
            self._undated += 1
        elif not self._start <= entry.at <= self._end:
            return
        self.entries += 1
        if entry.at is not None:
            self._times = [min([*self._times[:1], entry.at]), max([*self._times[1:], entry.at])]
        if is_ours(entry):
            self._add_own(entry)
            return
        key = entry.method[:10], path_shape(self._redact(entry.path))
        if key not in self._paths and len(self._paths) >= MOST_PATHS:
            key = OTHER
        self._paths[key].add(entry)
        if has_upstream_error(entry):
            self._upstream[self._redact(entry.upstream_errors)[:160]] += 1
        if entry.status >= 500 or has_upstream_error(entry):
            self._example(entry)

    def _add_own(self, entry: HttpEntry) -> None:
        if self._mark not in entry.user_agent:
            self._other_windows += 1
            return
        self._own += 1
        if len(self._own_ids) < MOST_IDS:
            self._own_ids.append(entry.request_id[:80])

    def _example(self, entry: HttpEntry) -> None:
        if len(self._examples) < MOST_EXAMPLES:
            counted = f"{entry.method[:10]} {entry.path[:200]} {entry.status} {entry.total_ms} ms"
            counted += f": {entry.upstream_errors[:200]}" if has_upstream_error(entry) else ""
            self._examples.append(LogLine(at=entry.at, text=self._redact(counted)))

    def observation(
        self, source: str, *, fault: Fault | None, incomplete: tuple[str, ...]
    ) -> TrafficObservation:
        """All that was counted."""
        paths = sorted(self._paths.items(), key=lambda item: -item[1].statuses.total())
        return TrafficObservation(
            source=source,
            start=self._start,
            end=self._end,
            entries_read=self.entries,
            own_requests=self._own,
            own_ids=tuple(self._own_ids),
            requests=sum(path.statuses.total() for _, path in paths),
            first_at=self._times[0] if self._times else None,
            last_at=self._times[-1] if self._times else None,
            paths=tuple(path.counted(*key) for key, path in paths),
            paths_left_out=int(OTHER in self._paths),
            upstream_errors=dict(self._upstream.most_common(MOST_EXAMPLES)),
            examples=tuple(self._examples),
            notes=tuple(self._notes()),
            incomplete=incomplete,
            fault=fault,
        )

    def _notes(self) -> Iterator[str]:
        if self._other_windows:
            yield f"{self._other_windows} requests of other windows of this tool were left out"
        if self._undated:
            yield f"{self._undated} requests have no readable time; they were counted"
        if any(len(path.times_ms) == MOST_TIMES for path in self._paths.values()):
            yield f"percentiles of the busiest paths are of {MOST_TIMES:,} requests each, the newest read"


def path_shape(path: str) -> str:
    """A path without its query, its ids as {id}, so that requests of one route are counted together."""
    parts = path.split("?", 1)[0].split("/")
    return "/".join("{id}" if _NAMED.match(part) else part for part in parts)[:200]


def _rank(times: list[int], share: float) -> float | None:
    """The nearest rank."""
    return float(times[max(0, math.ceil(share * len(times)) - 1)]) if times else None


def collect_traffic(
    context: Context, offset_s: float = 0.0, keep: Keep | None = None, *, page: int = PAGE
) -> tuple[TrafficObservation | PreviousTrafficObservation, ...]:
    """A reading of the window, or of what is new, of the subject and its successors of the same commit."""
    platform, since = context.platform, context.since
    end = context.pace.clock.now()
    start = since or context.pace.t0
    check = INTERIM if since else COMPLETE
    if platform is None or platform.railway is None or not platform.deployment_ids:
        return (_unread(platform, start, end).model_copy(update={"check": check}),)
    tally = TrafficTally(window_id=platform.window.id, redact=context.redact, start=start, end=end)
    fault: Fault | None = None
    incomplete: list[str] = []
    for identity in platform.deployment_ids:
        try:
            for found in _pages(platform.railway, identity, start, end, page):
                for entry in found:
                    tally.add(entry)
                context.tell(f"traffic: {tally.entries} requests read from Railway so far")
        except RailwayError as error:
            fault = fault or error.fault
        except LogGapError as error:
            incomplete.append(str(error))
    ids = ", ".join(identity[:8] for identity in platform.deployment_ids)
    source = f"Railway's HTTP log of {ids}"
    observation = tally.observation(source, fault=fault, incomplete=tuple(incomplete))
    observation = observation.model_copy(update={"check": check})
    if keep is not None:
        # The window's own log is safe before another one is read.
        keep((observation,))
    # Where Railway did not answer, the next sample asks for both.
    return observation, *(() if fault and since else read_previous(context, end))


def _pages(
    railway: RailwayClient, identity: str, start: datetime, end: datetime, page: int
) -> Iterator[Sequence[HttpEntry]]:
    def ask(until: datetime, limit: int) -> Sequence[HttpEntry]:
        return http_log(railway, identity, start=start, end=until, limit=limit)

    return pages(ask, lambda entry: (entry.timestamp, entry.request_id), start=start, end=end, limit=page)


def _unread(platform: Platform | None, start: datetime, end: datetime) -> TrafficObservation:
    detail = "no deployment of this window is known, so there is no HTTP log to read"
    unknown = Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
    fault = (platform.fault if platform else None) or unknown
    return TrafficObservation(source="Railway", start=start, end=end, fault=fault)
