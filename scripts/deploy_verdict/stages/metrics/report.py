"""CPU, memory and HTTP counts as the platform measured them, with a chart of the memory. Pure."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import points_of, readings_of
from deploy_verdict.expect import fault_text
from deploy_verdict.markup.chart import COLOURS, MAX_POINTS, percents
from deploy_verdict.markup.labels import files_of, not_checked
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.markdown import Safe
from deploy_verdict.markup.tables import Table, kept
from deploy_verdict.model import MetricsObservation, Outcome, Verdict
from deploy_verdict.model.observations import INTERIM
from deploy_verdict.plan import Metrics

TITLE = "Memory in % of its limit"
MOST_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class Resources:
    """The section; `reason` says why nothing is known."""

    reason: str
    statistics: tuple[tuple[str, str], ...]
    chart: Safe | None
    table: Table | None
    attention: str
    critical: str
    notes: tuple[str, ...]
    lines: tuple[Line, ...]
    files: str


def resources(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> Resources | None:
    """Return the section; None if the plan has no metrics."""
    section = bundle.plan.metrics
    if section is None:
        return None
    readings = readings_of(bundle, "metrics", MetricsObservation, "metrics")
    reading = readings[-1][1] if readings else None
    reason = not_checked(bundle, "metrics") or _why_unknown(reading)
    shown = None if reason else reading
    points = _memory(shown, bundle.subject.deployment) if shown else []
    findings = [finding for finding in verdict.findings if finding.stage == "metrics"]
    return Resources(
        reason=reason,
        statistics=tuple(_statistics(shown, bundle.subject.deployment)) if shown else (),
        chart=percents(TITLE, [at_s for at_s, _ in points], _series(section, points)) if points else None,
        table=_table(points) if points else None,
        attention=f"{section.memory_attention:g}%",
        critical=f"{section.memory_critical:g}%",
        notes=shown.notes if shown else (),
        lines=lines(item for item in findings if item.outcome is not Outcome.PASS or item.rule == "growth"),
        files=files_of(bundle, "metrics"),
    )


def _why_unknown(reading: MetricsObservation | None) -> str:
    if reading is None:
        return "not checked: the evidence holds no metrics"
    if reading.fault is not None:
        return f"not known: {fault_text(reading.fault)}"
    return "" if reading.series else "not known: the platform returned no series"


def _statistics(reading: MetricsObservation, deployment: str | None) -> Iterator[tuple[str, str]]:
    for title, name, limit_name, unit in (
        ("Memory", "memory_gb", "memory_limit_gb", "GB"),
        ("CPU", "cpu_vcpu", "cpu_limit_vcpu", "vCPU"),
    ):
        values = [point.value for point in points_of(reading, name, deployment)]
        limits = [point.value for point in points_of(reading, limit_name, deployment)]
        yield title, _summary(values, limits, unit)
    slow = [point.value for point in points_of(reading, "http_p95_ms", deployment)]
    if slow:
        text = f"{statistics.fmean(slow):.0f} ms on average, {max(slow):.0f} ms at most"
        yield "p95 of all answers, as the platform measured it", text
    counts: Counter[str] = Counter()
    for item in reading.series:
        status = item.name.removeprefix("http_")
        if status.isdigit():
            counts[f"{status[0]}xx"] += round(sum(point.value for point in item.points))
    if counts:
        text = ", ".join(f"{group} {count:,}" for group, count in sorted(counts.items()))
        yield "Answers the platform counted (earlier deployments and our own requests included)", text


def _summary(values: Sequence[float], limits: Sequence[float], unit: str) -> str:
    if not values:
        return "not measured"
    text = f"{statistics.fmean(values):.2f} {unit} on average, {max(values):.2f} at most"
    return f"{text}, limit {min(limits):g}" if limits else f"{text}, limit not known"


def _memory(reading: MetricsObservation, deployment: str | None) -> list[tuple[float, float]]:
    """Return (offset in seconds, percent of the limit) of each point to draw; empty if there is none."""
    points = points_of(reading, "memory_gb", deployment)
    limits = [point.value for point in points_of(reading, "memory_limit_gb", deployment) if point.value > 0]
    if len(points) < 2 or not limits:
        return []
    highest = sorted(range(len(points)), key=lambda index: -points[index].value)[:5]
    shown = (points[index] for index in kept(len(points), highest, MAX_POINTS))
    return [(max(0.0, point.offset_s), 100 * point.value / min(limits)) for point in shown]


def _series(section: Metrics, points: Sequence[tuple[float, float]]) -> dict[str, Sequence[float]]:
    return {
        COLOURS["mean"]: [percent for _, percent in points],
        COLOURS["attention"]: [section.memory_attention] * len(points),
        COLOURS["critical"]: [section.memory_critical] * len(points),
    }


def _table(points: Sequence[tuple[float, float]]) -> Table:
    """Return the table for readers who cannot see the chart: the highest point, and others at intervals."""
    highest = max(range(len(points)), key=lambda index: points[index][1])
    shown = (points[index] for index in kept(len(points), [highest], MOST_ROWS))
    rows = tuple((shown_offset(at_s), f"{percent:.0f} %") for at_s, percent in shown)
    return Table(headers=("Time", "Memory"), rows=rows)


def in_short(bundle: Bundle, verdict: Verdict, offset_s: float) -> tuple[Outcome, str]:
    """Return the newest memory against its limit."""
    found = readings_of(bundle, "metrics", MetricsObservation, INTERIM, offset_s=offset_s)
    reading = found[-1][1] if found else None
    memory, limit = (
        points_of(reading, name, bundle.subject.deployment) if reading else ()
        for name in ("memory_gb", "memory_limit_gb")
    )
    if not memory or not limit:
        return Outcome.INCONCLUSIVE, "memory not measured"
    return Outcome.PASS, f"memory {memory[-1].value:.2f} of {limit[-1].value:g} GB"
