"""Counts the edge's HTTP log by path: requests of others, and our own separately. No opinions.

Also what the previous deployment still answers, by its own log: only that shows whether a removed container
still takes traffic, which it may for hours.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Fault,
    LogLine,
    PathTraffic,
    PreviousTrafficObservation,
    TrafficObservation,
    Whose,
)
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.model.platform import BEFORE, WHOLE
from deploy_verdict.railway import HttpEntry, RailwayClient, RailwayError, http_log
from deploy_verdict.railway.paging import PAGE, LogGapError, pages
from deploy_verdict.stages.context import Context, Keep, Platform
from deploy_verdict.stages.deployment.state import SERVING, before, deployment_readings, standing
from deploy_verdict.stats.pauses import PARTS as PAUSE_PARTS

MOST_PATHS, MOST_EXAMPLES, MOST_IDS, MOST_TIMES = 100, 20, 20_000, 200_000
OTHER = ("*", "other paths")
PARTS = 8
BEFORE_FOR = timedelta(hours=1)
Key = tuple[str, str]


class _Path:
    """The counts of one method and path. Percentiles are exact up to MOST_TIMES requests."""

    def __init__(self) -> None:
        self.parts: list[Counter[str]] = [Counter() for _ in range(PARTS)]
        self.times_ms: list[int] = []
        self.upstream_errors = self.fallbacks = 0

    def add(self, entry: HttpEntry, part: int) -> None:
        self.parts[part][str(entry.status)] += 1
        if len(self.times_ms) < MOST_TIMES:
            self.times_ms.append(entry.total_ms)
        self.upstream_errors += _has_upstream_error(entry)
        self.fallbacks += _is_fallback(entry)

    def counted(self, method: str, path: str) -> PathTraffic:
        times, statuses = sorted(self.times_ms), sum(self.parts, Counter[str]())
        ranks = {name: _rank(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
        return PathTraffic(
            method=method,
            path=path,
            requests=statuses.total(),
            statuses=dict(sorted(statuses.items())),
            parts=tuple(dict(sorted(part.items())) for part in self.parts),
            p50_ms=ranks["p50"],
            p95_ms=ranks["p95"],
            p99_ms=ranks["p99"],
            upstream_errors=self.upstream_errors,
            edge_fallbacks=self.fallbacks,
        )


class TrafficTally:
    """Counts entries in any order; entries outside of the window do not count."""

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
        self._by_part = [0] * PAUSE_PARTS

    def add(self, entry: HttpEntry) -> None:
        """Count one request."""
        if entry.at is None:
            self._undated += 1
        elif not self._start <= entry.at <= self._end:
            return
        self.entries += 1
        if entry.at is not None:
            self._times = [min([*self._times[:1], entry.at]), max([*self._times[1:], entry.at])]
        if _is_ours(entry):
            self._add_own(entry)
            return
        key = entry.method[:10], path_shape(self._redact(entry.path))
        if key not in self._paths and len(self._paths) >= MOST_PATHS:
            key = OTHER
        self._paths[key].add(entry, self._part(entry.at, PARTS))
        self._by_part[self._part(entry.at, PAUSE_PARTS)] += entry.at is not None
        if _has_upstream_error(entry):
            self._upstream[self._redact(entry.upstream_errors)[:160]] += 1
        if entry.status >= 500 or _has_upstream_error(entry):
            self._example(entry)

    def _part(self, at: datetime | None, parts: int) -> int:
        """Return in which part of the reading a request falls. One without a time falls in the first."""
        length_s = (self._end - self._start).total_seconds()
        share = (at - self._start).total_seconds() / length_s if at is not None and length_s > 0 else 0.0
        return min(parts - 1, max(0, int(share * parts)))

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
            counted += f": {entry.upstream_errors[:200]}" if _has_upstream_error(entry) else ""
            self._examples.append(LogLine(at=entry.at, text=self._redact(counted)))

    def observation(
        self, source: str, *, fault: Fault | None, incomplete: tuple[str, ...]
    ) -> TrafficObservation:
        """Return all counts as one observation."""
        counted = (path.counted(*key) for key, path in self._paths.items())
        paths = tuple(sorted(counted, key=lambda path: -path.requests))
        return TrafficObservation(
            source=source,
            start=self._start,
            end=self._end,
            entries_read=self.entries,
            own_requests=self._own,
            own_ids=tuple(self._own_ids),
            requests=sum(path.requests for path in paths),
            requests_by_part=tuple(self._by_part),
            first_at=self._times[0] if self._times else None,
            last_at=self._times[-1] if self._times else None,
            paths=paths,
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


def _rank(times: list[int], share: float) -> float | None:
    """Return the nearest rank."""
    return float(times[max(0, math.ceil(share * len(times)) - 1)]) if times else None


def collect_traffic(
    context: Context, offset_s: float = 0.0, keep: Keep | None = None, *, page: int = PAGE
) -> tuple[TrafficObservation | PreviousTrafficObservation, ...]:
    """Read the window, or what is new in it, of the subject and its successors of the same commit."""
    platform, since = context.platform, context.since
    end = context.pace.clock.now()
    start = since or context.pace.t0
    check = INTERIM if since else WHOLE
    if platform is None or platform.railway is None or not platform.deployment_ids:
        return (_unread(platform, start, end).model_copy(update={"check": check}),)
    observation = _read(context, platform.railway, platform.deployment_ids, (start, end), page)
    found = observation.model_copy(update={"check": check})
    if keep is not None:
        # Save the window's own log before another one is read.
        keep((found,))
    # If Railway did not answer, the next sample requests both.
    previous = () if found.fault and since else _read_previous(context, end)
    earlier = None if since else _before_deployment(context, platform, page)
    return (found, *previous, *((earlier,) if earlier is not None else ()))


def _before_deployment(context: Context, platform: Platform, page: int) -> TrafficObservation | None:
    """Read the hour before the deployment from the one that served until then; None if none is known."""
    readings = deployment_readings(context.evidence())
    reading = next((item for item in readings if item.deployment and item.recent), None)
    earlier = before(reading.deployment, reading.recent) if reading and reading.deployment else None
    if reading is None or reading.deployment is None or earlier is None or platform.railway is None:
        return None
    end = min(context.pace.t0, reading.deployment.created_at or context.pace.t0)
    found = _read(context, platform.railway, (earlier.id,), (end - BEFORE_FOR, end), page)
    return found.model_copy(update={"check": BEFORE})


def _read(
    context: Context, railway: RailwayClient, ids: Sequence[str], when: tuple[datetime, datetime], page: int
) -> TrafficObservation:
    """Read all that the logs of these deployments have between two moments."""
    window_id = context.platform.window.id if context.platform else ""
    tally = TrafficTally(window_id=window_id, redact=context.redact, start=when[0], end=when[1])
    fault: Fault | None = None
    incomplete: list[str] = []
    for identity in ids:
        try:
            for found in _pages(railway, identity, *when, page):
                for entry in found:
                    tally.add(entry)
                context.tell(f"traffic: {tally.entries} requests read from Railway so far")
        except RailwayError as error:
            fault = fault or error.fault
        except LogGapError as error:
            incomplete.append(str(error))
    source = f"Railway's HTTP log of {', '.join(identity[:8] for identity in ids)}"
    return tally.observation(source, fault=fault, incomplete=tuple(incomplete))


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


_OURS = "deploy-verdict/"
_NO_ERROR = ("", "[]", "null", "{}")


def _is_ours(entry: HttpEntry) -> bool:
    """Return whether this tool sent the request."""
    return entry.user_agent.startswith(_OURS)


def _has_upstream_error(entry: HttpEntry) -> bool:
    """Return whether the edge recorded an error reaching the service."""
    return entry.upstream_errors.strip() not in _NO_ERROR


def _is_fallback(entry: HttpEntry) -> bool:
    """Return whether the edge answered in the service's place; responseDetails is set only then."""
    return entry.status in (404, 502) and entry.response_details.strip() not in _NO_ERROR


MOST_PREVIOUS = 5


def _read_previous(context: Context, end: datetime) -> tuple[PreviousTrafficObservation, ...]:
    """Read the previous deployment's log.

    Returns nothing if the plan does not want that, nothing was replaced, or it is too early to tell. It takes
    one request if that deployment is silent (for its newest entry), and two if it is not.
    """
    section, platform = context.plan.traffic, context.platform
    if section is None or not section.previous or platform is None or platform.railway is None:
        return ()
    readings = deployment_readings(context.evidence())
    if readings and not any(standing(item, platform.subject).state in SERVING for item in readings):
        return ()
    reading = next((item for item in readings if item.deployment is not None), None)
    start = _gone_from(context, reading)
    is_interim = context.since is not None
    # The job of a sample has no evidence of the others, and the window's end is still to come.
    if is_interim and (reading is None or not reading.recent or start >= end):
        return ()
    earlier = before(reading.deployment, reading.recent) if reading and reading.deployment else None
    if earlier is None:
        known = reading is not None and reading.recent_whole
        fault = None if known else _not_known(reading)
        return (PreviousTrafficObservation(start=start, end=max(start, end), fault=fault),)
    return (_read_replaced(context, platform.railway, earlier, start, end),)


def _gone_from(context: Context, reading: DeploymentObservation | None) -> datetime:
    """Return from when it should answer nobody: after fresh_within, or what the service's settings grant."""
    settings = reading.settings if reading else None
    granted_s = (settings.overlap_s or 0.0) + (settings.draining_s or 0.0) if settings else 0.0
    fresh_s = context.plan.fresh_within_s / context.pace.speed
    return context.pace.t0 + timedelta(seconds=max(fresh_s, granted_s))


def _read_replaced(
    context: Context, railway: RailwayClient, earlier: Deployment, start: datetime, end: datetime
) -> PreviousTrafficObservation:
    observation = PreviousTrafficObservation(
        deployment=earlier.id, commit=earlier.commit, start=start, end=max(start, end)
    )
    try:
        newest = http_log(railway, earlier.id, start=None, end=end, limit=1)
        last_at = newest[-1].at if newest else None
        observation = observation.model_copy(update={"last_at": last_at})
        if newest and (last_at is None or last_at >= start):
            entries = http_log(railway, earlier.id, start=start, end=end, limit=PAGE)
            counted = _counted(context, entries, start)
            observation = observation.model_copy(update={**counted, "is_cut": len(entries) >= PAGE})
            context.tell(f"the deployment before: {observation.answered} answers since {start:%H:%M:%SZ}")
    except RailwayError as error:
        return observation.model_copy(update={"fault": error.fault})
    return observation


def _counted(context: Context, entries: Iterable[HttpEntry], start: datetime) -> dict[str, object]:
    """Count its own responses.

    Those of the edge, or to requests from before, do not show where requests go.
    """
    answered = [entry for entry in entries if _is_answer(entry, start)]
    examples = (
        LogLine(
            at=entry.at,
            text=context.redact(f"{entry.method[:10]} {entry.path[:200]} {entry.status} {entry.total_ms} ms"),
        )
        for entry in answered[-MOST_PREVIOUS:]
    )
    own = sum(_is_ours(entry) for entry in answered)
    return {"answered": len(answered), "own_answered": own, "examples": tuple(examples)}


def _is_answer(entry: HttpEntry, start: datetime) -> bool:
    if entry.at is None or entry.at - timedelta(milliseconds=max(0, entry.total_ms)) < start:
        return False
    return not (_is_fallback(entry) or _has_upstream_error(entry))


def _not_known(reading: DeploymentObservation | None) -> Fault:
    reason = "no sample of the deployment lists earlier ones"
    if reading is not None and reading.recent:
        reason = f"none of the {len(reading.recent)} newest was live"
    detail = f"the deployment before this one is not known: {reason}"
    return Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
