"""A window that has not ended: the samples taken and due, and what failed so far. Pure.

No word and no mark of praise stands here: what has not failed yet may still fail.
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
    """What the templates of progress show. `outcome` is what failed so far, or None."""

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
    """`verdict` is that of the evidence as it is now; only its failures are shown."""
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
    """The verdict that the fails alone would make; None when nothing failed, which is no verdict."""
    failed = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    if not failed:
        return None
    is_critical = worst_severity(failed) in (Severity.P0, Severity.P1)
    return VerdictOutcome.CRITICAL if is_critical else VerdictOutcome.ATTENTION


def so_far_words(outcome: VerdictOutcome) -> str:
    """What failed so far, as people read it before the window's end."""
    return "CRITICAL SO FAR" if outcome is VerdictOutcome.CRITICAL else f"so far {outcome.shown}"


def _samples(verdict: Verdict) -> tuple[Slot, ...]:
    """The samples through the window: of the pools; without pools, of the platform; else all of them."""
    slots = verdict.coverage.slots
    for stage in ("pools", "deployment"):
        of_stage = tuple(slot for slot in slots if slot.stage == stage)
        if of_stage:
            return of_stage
    return slots


def _mark(bundle: Bundle, slot: Slot, now_s: float) -> str:
    """A sample that is missing or was interrupted may still be taken as long as it would count."""
    if slot.state == "taken":
        return TAKEN
    # Readings that are spread over minutes are written once all of them are there.
    until_s = slot.offset_s + tolerance_s(bundle.window) + (bundle.plan.window.spread_s or 0.0)
    return DUE if slot.state in ("missing", "partial") and now_s <= until_s else MISSED


def _without_reading(bundle: Bundle) -> int:
    """How many samples were taken without one reading that a pool's numbers could be read from."""
    every = (sample for samples in bundle.samples.values() for sample in samples)
    return len({sample.offset_s for sample in every if sample.pointer and not sample.levels})


def _bar(marks: Sequence[str]) -> str:
    """One cell for each sample; of very many, one for several, and the worst of them shows."""
    step = max(1, -(-len(marks) // MOST_CELLS))
    cells = [marks[start : start + step] for start in range(0, len(marks), step)]
    return "".join(next(mark for mark in (MISSED, DUE, TAKEN) if mark in cell) for cell in cells)


def _next_s(bundle: Bundle, slots: Sequence[Slot], marks: Sequence[str]) -> float | None:
    """The first sample that is still due; None when the last one was, or when the window was ended."""
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
    """The commit status in one line."""
    if outcome is not None:
        reason = f": {found[0].title}" if found else ""
        return f"{so_far_words(outcome)}{reason} ({count})"
    return f"{count}; next {shown_offset(next_s)}" if next_s is not None else f"{count}; the verdict follows"


def progress_context(shown: Progress, reason: str | None) -> dict[str, Any]:
    """For progress.md.j2, and with a reason for lost.md.j2."""
    verdict = (shown.outcome or VerdictOutcome.INCONCLUSIVE).shown
    return {"progress": shown, "reason": reason or "", "verdict": verdict}
