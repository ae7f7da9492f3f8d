"""One pool's section of the report: each sample, the statistics, the alerts. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import is_pool_rule
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.markup.chart import chart
from deploy_verdict.markup.labels import counted, files_of, listed, not_checked
from deploy_verdict.markup.lines import Line, lines
from deploy_verdict.markup.markdown import Safe
from deploy_verdict.markup.tables import Table, kept
from deploy_verdict.model import (
    ExerciseObservation,
    Finding,
    FloorObservation,
    Outcome,
    Severity,
    Slot,
    Verdict,
)
from deploy_verdict.plan import Pool


def driven(bundle: Bundle, pool: Pool) -> tuple[tuple[str, str], ...]:
    """Return the row about the return to floor; nothing for a pool that is not driven."""
    if pool.return_to_floor is None:
        return ()
    found = readings_of(bundle, "floor", FloorObservation, pool.name)
    if not found:
        return (("Return to floor", "did not run"),)
    pointer, observation = found[-1]
    took = shown_duration(round(observation.took_s))
    text = f"{counted(observation.cycles, 'cycle')} of {pool.return_to_floor.test} in {took}"
    return (("Return to floor", f"{text} ({pointer})"),)


def exercised(bundle: Bundle, pool: Pool) -> tuple[tuple[str, str], ...]:
    """Return the row about the exercise; nothing for a pool without one. Its result is among the findings."""
    if pool.exercise is None:
        return ()
    found = readings_of(bundle, "exercise", ExerciseObservation, pool.name)
    if not found:
        return (("Exercise of the gauge", "did not run"),)
    pointer, observation = found[-1]
    answered = sum(answer.fault is None for answer in observation.answers)
    rounds = f"{counted(len(observation.rounds), 'round')} of {observation.at_once} requests at once"
    return (("Exercise of the gauge", f"{rounds}, {answered:,} answered ({pointer})"),)


# Enough for the rows of an ordinary window; in a longer table the file names follow from the rows.
MOST_POINTERS = 24


@dataclass(frozen=True, kw_only=True)
class ShownPool:
    """One pool's section; `reason` says why there is nothing to show."""

    title: str
    reason: str
    table: Table
    shortened: str
    chart: Safe | None
    not_drawn: str
    attention: str
    critical: str
    statistics: tuple[tuple[str, str], ...]
    alerts: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    files: str
    pointers: tuple[str, ...]


def shown_pools(bundle: Bundle, verdict: Verdict, generated_at: datetime) -> tuple[ShownPool, ...]:
    """Return the section of every pool in the plan."""
    slots = {slot.offset_s: slot for slot in verdict.coverage.slots if slot.stage == "pools"}
    return tuple(_shown(bundle, verdict, pool, slots) for pool in bundle.plan.pools)


def _shown(bundle: Bundle, verdict: Verdict, pool: Pool, slots: dict[float, Slot]) -> ShownPool:
    samples = bundle.samples.get(pool.name, ())
    found = [
        finding
        for finding in verdict.findings
        if finding.check == pool.name and is_pool_rule(bundle, finding)
    ]
    bands = {finding.offset_s: finding for finding in found if finding.rule == "band"}
    statuses = [_status(sample, bands.get(sample.offset_s)) for sample in samples]
    rows = kept(len(samples), _worst_first(samples, statuses))
    hidden = len(samples) - len(rows)
    blind = [shown_offset(sample.offset_s) for sample in samples if not sample.levels]
    return ShownPool(
        title=pool.title or pool.name,
        reason=not_checked(bundle, "pools") or "",
        table=_table(samples, statuses, rows, slots),
        shortened=f"{hidden:,} of {len(samples):,} samples are left out: the table has the worst, "
        "and others at regular intervals."
        if hidden
        else "",
        chart=chart(pool, samples),
        not_drawn=listed(blind, 10),
        attention=f"{pool.attention:g}%",
        critical=f"{pool.critical:g}%",
        statistics=(*_statistics(samples), *exercised(bundle, pool), *driven(bundle, pool)),
        alerts=_alerts(pool, samples, statuses),
        lines=lines(
            finding for finding in found if finding.rule != "band" or finding.outcome is not Outcome.PASS
        ),
        files=files_of(bundle, "pools"),
        pointers=tuple(samples[index].pointer or "none" for index in rows[:MOST_POINTERS]),
    )


def _status(sample: PoolSample, band: Finding | None) -> str:
    """Return the status of a sample in one word; "OK" only if its band passed."""
    if sample.pointer is None:
        return "MISSING"
    if sample.target_failed and not sample.levels:
        return "NO ANSWER"
    if not sample.levels:
        return "NOT READABLE"
    if any(level.used >= level.limit for level in sample.levels):
        return "EXHAUSTED"
    if band is None or band.outcome is Outcome.INCONCLUSIVE:
        return "NOT KNOWN"
    if band.outcome is Outcome.PASS:
        return "OK"
    return "HIGH" if band.severity is Severity.P2 else "CRITICAL"


def _worst_first(samples: Sequence[PoolSample], statuses: Sequence[str]) -> list[int]:
    """Return the indices of the samples: those that are not OK first, the fullest first."""

    def rank(index: int) -> tuple[bool, float]:
        sample = samples[index]
        return statuses[index] == "OK", -(sample.peak_percent if sample.levels else 1e9)

    return sorted(range(len(samples)), key=rank)


def _table(
    samples: Sequence[PoolSample], statuses: Sequence[str], rows: Sequence[int], slots: dict[float, Slot]
) -> Table:
    return Table(
        headers=("Time", "Active Connections", "Utilization %", "Status"),
        rows=tuple(
            _row(samples[index], statuses[index], slots.get(samples[index].offset_s)) for index in rows
        ),
    )


def _row(sample: PoolSample, status: str, slot: Slot | None) -> tuple[str, ...]:
    time = shown_offset(sample.offset_s)
    text = f"{status}{_notes(sample, slot)}"
    if not sample.levels:
        return time, "not measured", "not measured", text
    used = _with_peak(sample.mean_used, sample.peak_used, "")
    return time, used, _with_peak(sample.mean_percent, sample.peak_percent, "%"), text


def _with_peak(mean: float, peak: float, unit: str) -> str:
    """Write "4.2 (peak 6)", or one number if the mean is the peak."""
    if abs(mean - peak) < 0.05:
        return f"{_number(peak)}{unit}"
    return f"{mean:.1f}{unit} (peak {_number(peak)}{unit})"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def _notes(sample: PoolSample, slot: Slot | None) -> str:
    notes = []
    if slot is not None and slot.state in ("late", "partial", "unreadable"):
        notes.append(f"{slot.state}: {slot.note}" if slot.note else slot.state)
    elif slot is not None and slot.state == "taken" and slot.note:
        notes.append(slot.note)
    if sample.pointer and len(sample.levels) < sample.planned_readings:
        notes.append(f"{len(sample.levels)} of {sample.planned_readings} readings")
        notes += sample.reasons[:1]
    return f" ({'; '.join(notes)})" if notes else ""


def _statistics(samples: Sequence[PoolSample]) -> tuple[tuple[str, str], ...]:
    good = [sample for sample in samples if sample.levels]
    names = (
        "Average active connections",
        "Peak active connections",
        "Average utilization",
        "Peak utilization",
    )
    if not good:
        return tuple((name, "not measured") for name in names)
    used = max(good, key=lambda sample: sample.peak_used)
    full = max(good, key=lambda sample: sample.peak_percent)
    values = (
        f"{sum(sample.mean_used for sample in good) / len(good):.1f}",
        f"{_number(used.peak_used)} (at {shown_offset(used.offset_s)})",
        f"{sum(sample.mean_percent for sample in good) / len(good):.1f}%",
        f"{_number(full.peak_percent)}% (at {shown_offset(full.offset_s)})",
    )
    readings = sum(len(sample.levels) for sample in good)
    basis = f"{counted(readings, 'reading')} in {len(good):,} of {counted(len(samples), 'scheduled sample')}"
    return (*zip(names, values, strict=True), ("Measured in", basis))


def _alerts(
    pool: Pool, samples: Sequence[PoolSample], statuses: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    blind = sum(not sample.levels for sample in samples)
    if blind == len(samples):
        return ("High utilization warnings", "not measured"), ("Connection exhaustion", "not measured")
    high = sum(status in ("HIGH", "CRITICAL", "EXHAUSTED") for status in statuses)
    full = statuses.count("EXHAUSTED")
    note = f" in the samples that could be read; {counted(blind, 'sample')} not known" if blind else ""
    return (
        (
            f"High utilization warnings (from {pool.attention:g}%; critical from {pool.critical:g}%)",
            f"{counted(high, 'occurrence')}{note}",
        ),
        ("Connection exhaustion (every connection in use)", f"{counted(full, 'occurrence')}{note}"),
    )


def current_words(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Yield each pool's title and its newest readable sample."""
    for pool in bundle.plan.pools:
        if "pools" in bundle.stages:
            good = [sample for sample in bundle.samples.get(pool.name, ()) if sample.levels]
            text = "not measured yet"
            if good:
                newest = good[-1]
                used = _with_peak(newest.mean_percent, newest.peak_percent, "%")
                text = f"{used} at {shown_offset(newest.offset_s)}"
            yield pool.title or pool.name, text


def sample_rows(bundle: Bundle, verdict: Verdict, offsets_s: Collection[float], limit: int) -> Table | None:
    """Return the newest `limit` samples of each pool at these offsets; None if the plan has no pools."""
    slots = {slot.offset_s: slot for slot in verdict.coverage.slots if slot.stage == "pools"}
    rows = []
    for pool in bundle.plan.pools if slots else ():
        bands = {
            finding.offset_s: finding
            for finding in verdict.findings
            if (finding.stage, finding.check, finding.rule) == ("pools", pool.name, "band")
        }
        found = [sample for sample in bundle.samples.get(pool.name, ()) if sample.offset_s in offsets_s]
        for sample in found[-limit:]:
            status = (
                f"{_status(sample, bands.get(sample.offset_s))}{_notes(sample, slots.get(sample.offset_s))}"
            )
            rows.append(
                (shown_offset(sample.offset_s), pool.title or pool.name, *_mean_and_peak(sample), status)
            )
    headers = ("Time", "Pool", "Mean", "Peak", "Status")
    return Table(headers=headers, rows=tuple(rows)) if rows else None


def _mean_and_peak(sample: PoolSample) -> tuple[str, str]:
    if not sample.levels:
        return "not measured", "not measured"
    return f"{sample.mean_percent:.1f}%", f"{_number(sample.peak_percent)}%"


def in_short(bundle: Bundle, verdict: Verdict, offset_s: float) -> tuple[Outcome, str]:
    """Return what is in use of each pool at one sample; inconclusive if one could not be read."""
    found = [
        (pool, sample)
        for pool in bundle.plan.pools
        for sample in bundle.samples.get(pool.name, ())
        if sample.offset_s == offset_s
    ]
    read = all(sample.levels for _, sample in found)
    return Outcome.PASS if read else Outcome.INCONCLUSIVE, ", ".join(_in_use(*one) for one in found)


def _in_use(pool: Pool, sample: PoolSample) -> str:
    if not sample.levels:
        return f"{pool.name} not measured"
    used = _with_peak(sample.mean_used, sample.peak_used, "")
    return f"{pool.name} {used} of {_number(sample.levels[-1].limit)} in use"
