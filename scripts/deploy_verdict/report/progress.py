"""A window that has not ended: what was taken, what is due, and what failed so far. Pure.

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
    planned_moment,
    seen_moment,
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
    "timer": "by a job for each sample, which a timer starts",
    "sleep": "by a job for each sample, which sleeps until it is due",
    "single": "by one job through the whole window",
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What the templates of progress show. `outcome` is what failed so far, or None."""

    title: str
    period: str
    seen: str
    notes: tuple[str, ...]
    outcome: VerdictOutcome | None
    so_far: str
    bar: str
    count: str
    unseen: str
    taken: int
    looks: int
    next_look: str
    current: tuple[tuple[str, str], ...]
    sampled: str
    issues: tuple[Issue, ...]
    issues_hidden: int
    table: Table | None
    unreadable: int
    line: str


def progress(bundle: Bundle, verdict: Verdict, now: datetime) -> Progress:
    """`verdict` is that of the evidence as it is now; only what failed in it is told."""
    now_s = (now - bundle.window.t0).total_seconds() * bundle.window.speed
    slots = _samples(verdict)
    marks = [_mark(bundle, slot, now_s) for slot in slots]
    taken, missed = marks.count(TAKEN), marks.count(MISSED)
    found, outcome = issues(bundle, verdict).issues, so_far(verdict.findings)
    next_s = _next_s(bundle, slots, marks)
    holes = f"{missed} missed" if missed else "", f"{blind} not readable" if (blind := _blind(bundle)) else ""
    unseen = " and ".join(hole for hole in holes if hole)
    count = f"{taken} of {counted(len(slots), 'sample')}" + (f", {unseen}" if unseen else "")
    return Progress(
        title=bundle.plan.report.title or bundle.plan.name,
        period=_period(bundle),
        seen=seen_moment(bundle.window, now),
        notes=notes(bundle, verdict),
        outcome=outcome,
        so_far=outcome.shown if outcome else "",
        bar=_bar(marks),
        count=count,
        unseen=unseen,
        taken=taken,
        looks=verdict.coverage.taken,
        next_look=_next_words(bundle, next_s, now_s),
        current=tuple(current_words(bundle)),
        sampled=_SAMPLED.get(bundle.plan.window.mode, ""),
        issues=found[:MOST_ISSUES],
        issues_hidden=max(0, len(found) - MOST_ISSUES),
        table=sample_rows(bundle, verdict, _told(slots, marks), MOST_ROWS),
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


def _samples(verdict: Verdict) -> tuple[Slot, ...]:
    """The looks through the window: at the pools; without pools at the platform; else all there are."""
    slots = verdict.coverage.slots
    for stage in ("pools", "deployment"):
        mine = tuple(slot for slot in slots if slot.stage == stage)
        if mine:
            return mine
    return slots


def _mark(bundle: Bundle, slot: Slot, now_s: float) -> str:
    """A look that is missing, or was interrupted, may still be taken for as long as it counts."""
    if slot.state == "taken":
        return TAKEN
    may_come = slot.state in ("missing", "partial") and now_s <= slot.offset_s + tolerance_s(bundle.window)
    return DUE if may_come else MISSED


def _blind(bundle: Bundle) -> int:
    """How many samples were taken without one reading that a pool's numbers could be read from."""
    every = (sample for samples in bundle.samples.values() for sample in samples)
    return len({sample.offset_s for sample in every if sample.pointer and not sample.levels})


def _told(slots: Sequence[Slot], marks: Sequence[str]) -> tuple[float, ...]:
    """The samples that have their row: all but those that are still due."""
    return tuple(slot.offset_s for slot, mark in zip(slots, marks, strict=True) if mark != DUE)


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
        told = f"So far {outcome.shown}: {found[0].title}" if found else f"So far {outcome.shown}"
        return f"{told} ({count})"
    return f"{count}; next {shown_offset(next_s)}" if next_s is not None else f"{count}; the verdict follows"


def progress_context(shown: Progress, reason: str | None) -> dict[str, Any]:
    """For progress.md.j2, and with a reason for lost.md.j2."""
    verdict = shown.so_far or VerdictOutcome.INCONCLUSIVE.shown
    return {"progress": shown, "reason": reason or "", "verdict": verdict}
