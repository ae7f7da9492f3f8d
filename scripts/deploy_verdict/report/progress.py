"""Describes a window that has not ended: samples taken and due, and failures so far. Pure.

Nothing here sounds like success: what has not failed yet may still fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import (
    counted,
    length_words,
    observed_moment,
    planned_moment,
    worst_severity,
)
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Finding, Outcome, Severity, Slot, Verdict, VerdictOutcome
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.report.context import notes
from deploy_verdict.report.issues import Issue, issues
from deploy_verdict.stages.pools.report import current_words, sample_rows

MOST_ISSUES = 5
MOST_ROWS = 24
MOST_CELLS = 60
TAKEN, MISSED, DUE = "▓", "✕", "░"
_SAMPLED = {
    "timer": "by one job per sample, started by a wait timer",
    "sleep": "by one job per sample, which sleeps until it is due",
    "single": "by one job for the complete window",
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What the progress templates show; `outcome` is the outcome of the failures so far, or None."""

    title: str
    period: str
    observed_at: str
    notes: tuple[str, ...]
    outcome: VerdictOutcome | None
    so_far: str
    bar: str
    count: str
    missing: str
    taken: int
    taken_of_all_stages: int
    next_sample: str
    current: tuple[tuple[str, str], ...]
    sampled: str
    issues: tuple[Issue, ...]
    issues_hidden: int
    table: Table | None
    unreadable: int
    line: str


def progress(bundle: Bundle, verdict: Verdict, now: datetime) -> Progress:
    """Describe the window now; of `verdict`, judged on the evidence so far, only the failures are shown."""
    now_s = (now - bundle.window.t0).total_seconds() * bundle.window.speed
    slots = _samples(verdict)
    marks = [_mark(bundle, slot, now_s) for slot in slots]
    taken, missed = marks.count(TAKEN), marks.count(MISSED)
    found, outcome = issues(bundle, verdict).issues, so_far(verdict.findings)
    next_s = _next_s(bundle, slots, marks)
    unread = _without_reading(bundle)
    gaps = f"{missed} missed" if missed else "", f"{unread} unreadable" if unread else ""
    missing = " and ".join(filter(None, gaps))
    with_row = tuple(slot.offset_s for slot, mark in zip(slots, marks, strict=True) if mark != DUE)
    count = f"{taken} of {counted(len(slots), 'sample')}" + (f", {missing}" if missing else "")
    return Progress(
        title=bundle.plan.report.title or bundle.plan.name,
        period=_period(bundle),
        observed_at=observed_moment(bundle.window, now),
        notes=notes(bundle, verdict),
        outcome=outcome,
        so_far=so_far_words(outcome) if outcome else "",
        bar=_bar(marks),
        count=count,
        missing=missing,
        taken=taken,
        taken_of_all_stages=verdict.coverage.taken,
        next_sample=_next_words(bundle, next_s, now_s),
        current=tuple(current_words(bundle)),
        sampled=_SAMPLED.get(bundle.plan.window.mode, ""),
        issues=found[:MOST_ISSUES],
        issues_hidden=max(0, len(found) - MOST_ISSUES),
        table=sample_rows(bundle, verdict, with_row, MOST_ROWS),
        unreadable=len(bundle.unreadable),
        line=_line(outcome, found, count, next_s),
    )


def so_far(findings: Sequence[Finding]) -> VerdictOutcome | None:
    """Return the outcome of the failures alone; None if nothing failed, which is no verdict."""
    failed = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    if not failed:
        return None
    is_critical = worst_severity(failed) in (Severity.P0, Severity.P1)
    return VerdictOutcome.CRITICAL if is_critical else VerdictOutcome.ATTENTION


def so_far_words(outcome: VerdictOutcome) -> str:
    """Return the outcome so far in words."""
    return "CRITICAL SO FAR" if outcome is VerdictOutcome.CRITICAL else f"so far {outcome.shown}"


def _samples(verdict: Verdict) -> tuple[Slot, ...]:
    """Return the samples to count: the pools'; without pools, the platform's; else all of them."""
    slots = verdict.coverage.slots
    for stage in ("pools", "deployment"):
        of_stage = tuple(slot for slot in slots if slot.stage == stage)
        if of_stage:
            return of_stage
    return slots


def _mark(bundle: Bundle, slot: Slot, now_s: float) -> str:
    """Return a sample's mark; one that is missing or was interrupted is due for as long as it would count."""
    if slot.state == "taken":
        return TAKEN
    # Readings spread over minutes are written only when all of them have been taken.
    until_s = slot.offset_s + tolerance_s(bundle.window) + (bundle.plan.window.spread_s or 0.0)
    return DUE if slot.state in ("missing", "partial") and now_s <= until_s else MISSED


def _without_reading(bundle: Bundle) -> int:
    """Count the samples that were taken without a single readable pool reading."""
    every = (sample for samples in bundle.samples.values() for sample in samples)
    return len({sample.offset_s for sample in every if sample.pointer and not sample.levels})


def _bar(marks: Sequence[str]) -> str:
    """Draw one cell for each sample; with very many, a cell shows the worst of several."""
    step = max(1, -(-len(marks) // MOST_CELLS))
    cells = [marks[start : start + step] for start in range(0, len(marks), step)]
    return "".join(next(mark for mark in (MISSED, DUE, TAKEN) if mark in cell) for cell in cells)


def _next_s(bundle: Bundle, slots: Sequence[Slot], marks: Sequence[str]) -> float | None:
    """Return the first sample that is still due; None after the last one, or in a window that ended early."""
    if bundle.ended:
        return None
    due = (slot.offset_s for slot, mark in zip(slots, marks, strict=True) if mark == DUE)
    return min(due, default=None)


def _next_words(bundle: Bundle, next_s: float | None, now_s: float) -> str:
    if next_s is None:
        end = planned_moment(bundle.window, bundle.window.length_s)
        return f"none; the verdict follows at the window's end ({end})"
    when = "due now" if next_s <= now_s else f"at {planned_moment(bundle.window, next_s)}"
    return f"{shown_offset(next_s)}, {when}"


def _period(bundle: Bundle) -> str:
    window = bundle.window
    start, end = planned_moment(window, 0), planned_moment(window, window.length_s)
    return f"{start} to {end} ({length_words(window.length_s)})"


def _line(outcome: VerdictOutcome | None, found: Sequence[Issue], count: str, next_s: float | None) -> str:
    """Return the commit status in one line."""
    if outcome is not None:
        reason = f": {found[0].title}" if found else ""
        return f"{so_far_words(outcome)}{reason} ({count})"
    return f"{count}; next {shown_offset(next_s)}" if next_s is not None else f"{count}; the verdict follows"


def progress_context(shown: Progress, reason: str | None) -> dict[str, Any]:
    """Return the context of progress.md.j2 and, with a reason, of lost.md.j2."""
    verdict = (shown.outcome or VerdictOutcome.INCONCLUSIVE).shown
    return {"progress": shown, "reason": reason or "", "verdict": verdict}
