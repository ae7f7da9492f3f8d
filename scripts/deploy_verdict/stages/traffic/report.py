"""Real traffic as the edge logged it: each path's responses and latency, and the canary. Pure."""

from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import errors_of, readings_of
from deploy_verdict.expect import fault_text
from deploy_verdict.markup.labels import counted, files_of, listed, not_checked, observed_moment
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Outcome, PathTraffic, TrafficObservation, Verdict
from deploy_verdict.model.observations import INTERIM

MOST_ROWS = 15


@dataclass(frozen=True, kw_only=True)
class ShownTraffic:
    """The section; `reason` says why nothing is known, and then there is no table."""

    reason: str
    table: Table | None
    more: str
    canary: str
    upstream: str
    fallbacks: str
    examples: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    files: str


def shown_traffic(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> ShownTraffic | None:
    """Return the section; None if the plan has no traffic."""
    if bundle.plan.traffic is None:
        return None
    readings = readings_of(bundle, "traffic", TrafficObservation, "traffic")
    reading = readings[-1][1] if readings else None
    reason = not_checked(bundle, "traffic") or _why_unknown(reading)
    shown = None if reason else reading
    paths = sorted(shown.paths, key=_worst_first) if shown else []
    hidden = len(paths) - MOST_ROWS
    fallbacks = sum(path.edge_fallbacks for path in paths)
    findings = [finding for finding in verdict.findings if finding.stage == "traffic"]
    canary = next((item.actual for item in findings if (item.check, item.rule) == ("log", "canary")), "")
    return ShownTraffic(
        reason=reason,
        table=_table(paths[:MOST_ROWS]) if paths else None,
        more=f"And {counted(hidden, 'more path')}, with fewer errors." if hidden > 0 else "",
        canary=canary or "not judged",
        upstream=_upstream(shown),
        fallbacks=counted(fallbacks, "answer") if shown else "",
        examples=tuple(
            (observed_moment(bundle.window, line.at) if line.at else "no time", line.text)
            for line in (shown.examples if shown else ())
        ),
        notes=shown.notes if shown else (),
        lines=lines(item for item in findings if item.outcome is not Outcome.PASS),
        files=files_of(bundle, "traffic"),
    )


def _why_unknown(reading: TrafficObservation | None) -> str:
    if reading is None:
        return "not checked: the evidence holds no reading of the edge's log"
    if reading.fault is not None and not reading.paths:
        return f"not known: {fault_text(reading.fault)}"
    return "" if reading.entries_read else "not known: the edge's log has no request in the window"


def _worst_first(path: PathTraffic) -> tuple[int, int]:
    return -errors_of(path), -path.requests


def _table(paths: list[PathTraffic]) -> Table:
    rows = tuple(
        (
            f"{path.method} {path.path}",
            f"{path.requests:,}",
            str(errors_of(path)),
            *(_milliseconds(value) for value in (path.p50_ms, path.p95_ms, path.p99_ms)),
        )
        for path in paths
    )
    return Table(headers=("Path", "Requests", "5xx", "p50", "p95", "p99"), rows=rows)


def _milliseconds(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.0f} ms"


def _upstream(reading: TrafficObservation | None) -> str:
    if reading is None:
        return ""
    text = [f"{text} ({count})" for text, count in reading.upstream_errors.items()]
    return listed(text, 5) if text else "none"


def in_short(bundle: Bundle, verdict: Verdict, offset_s: float) -> tuple[Outcome, str]:
    """Return how many requests of others came since the previous sample, and how many got a 5xx."""
    found = readings_of(bundle, "traffic", TrafficObservation, INTERIM, offset_s=offset_s)
    if not found or found[-1][1].fault is not None:
        return Outcome.INCONCLUSIVE, "not read"
    reading = found[-1][1]
    errors = sum(errors_of(path) for path in reading.paths)
    return Outcome.PASS, f"{counted(reading.requests, 'new request')} of others, {errors:,} answered 5xx"
