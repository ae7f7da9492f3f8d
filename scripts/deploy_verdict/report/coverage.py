"""The evidence section: which samples were taken, in which files, and who judged by which plan. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import counted, moment, planned_moment
from deploy_verdict.markup.markdown import Safe
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import Slot, Verdict
from deploy_verdict.stages.registry import is_at_end

MAX_SLOTS = 50
MAX_FILES = 60
# The strip's signs.
TAKEN, LATE, MISSED, CUT, UNREAD, NOT_DUE, NONE = "▓", "▸", "✕", "◐", "?", "░", "·"
_OF_STATE = {"taken": TAKEN, "late": LATE, "missing": MISSED, "partial": CUT, "unreadable": UNREAD}
# Where several samples share a cell, the first of these shows.
_WORST = (MISSED, CUT, UNREAD, LATE, NOT_DUE, TAKEN, NONE)
_WORDS = {
    TAKEN: "taken",
    LATE: "too late to count",
    MISSED: "missed",
    CUT: "interrupted",
    UNREAD: "unreadable",
    NOT_DUE: "no longer due",
    NONE: "none scheduled",
}
MOST_LABELLED = 16
MOST_CELLS = 60


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The closing section."""

    coverage: str
    strip: Safe | None
    slots: Table | None
    slots_hidden: int
    files: tuple[str, ...]
    files_hidden: int
    unreadable: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]


def trace(bundle: Bundle, verdict: Verdict, tool_version: str) -> Trace:
    """Return the coverage; every sample in another state than `taken` has a row."""
    not_taken = [slot for slot in verdict.coverage.slots if slot.state != "taken"]
    rows = tuple(
        (
            slot.stage,
            shown_offset(slot.offset_s),
            planned_moment(bundle.window, slot.offset_s),
            slot.state,
            slot.note,
        )
        for slot in not_taken[:MAX_SLOTS]
    )
    names = [item.name for item in bundle.loaded]
    return Trace(
        coverage=f"{verdict.coverage.taken} of {counted(verdict.coverage.planned, 'scheduled sample')} taken",
        strip=strip(verdict),
        slots=Table(headers=("Stage", "Offset", "Due", "State", "Note"), rows=rows) if rows else None,
        slots_hidden=max(0, len(not_taken) - MAX_SLOTS),
        files=tuple(names[:MAX_FILES]),
        files_hidden=max(0, len(names) - MAX_FILES),
        unreadable=tuple((item.name, item.reason) for item in bundle.unreadable),
        facts=_facts(bundle, verdict, tool_version),
    )


def _facts(bundle: Bundle, verdict: Verdict, tool_version: str) -> tuple[tuple[str, str], ...]:
    subject = bundle.subject
    facts = {
        "Target": subject.target,
        "Service": subject.service,
        "Environment": subject.environment,
        "Commit": subject.commit,
        "Window": bundle.window.id,
        "Plan": bundle.plan.name,
        "Plan sha256": bundle.plan.sha256,
        "Judged": f"{moment(verdict.judged_at)} by deploy-verdict {verdict.tool_version}",
        "Report by": f"deploy-verdict {tool_version}",
        "Run": next((item.evidence.run_url for item in bundle.loaded if item.evidence.run_url), None),
    }
    return tuple((name, value) for name, value in facts.items() if value)


def strip(verdict: Verdict) -> Safe | None:
    """Draw scheduled against taken samples: a line for each stage, a sign for each sample.

    The strip is fixed-width text, so that it looks the same in a terminal, a mail and a comment. None if
    nothing was scheduled.
    """
    slots = verdict.coverage.slots
    offsets_s = sorted({slot.offset_s for slot in slots})
    if not offsets_s:
        return None
    last_s = ended_s(verdict)
    signs: dict[str, dict[float, str]] = {}
    for slot in slots:
        signs.setdefault(slot.stage, {})[slot.offset_s] = _sign(slot, last_s)
    labels, width = _labels(offsets_s)
    name_width = max(len("minutes"), *map(len, signs))
    lines = [f"{'minutes':<{name_width}}  {labels}".rstrip()]
    for stage, by_offset in signs.items():
        cells = "".join(f"{sign:>{width}}" for sign in _cells(offsets_s, by_offset))
        lines.append(f"{stage:<{name_width}}  {cells}")
    return Safe("\n".join(["```text", *lines, "", _key(signs), "```"]))


def ended_s(verdict: Verdict) -> float | None:
    """Return when the last sample began in a window that was stopped or ended early; else None."""
    if not (verdict.interrupted or verdict.ended):
        return None
    begun_s = (
        # A stage that reads the complete window reads it at once when the window ends early.
        slot.offset_s
        for slot in verdict.coverage.slots
        if slot.state != "missing" and not is_at_end(slot.stage)
    )
    return max(begun_s, default=-1.0)


def _sign(slot: Slot, last_s: float | None) -> str:
    if slot.state == "missing" and last_s is not None and slot.offset_s > last_s:
        return NOT_DUE
    return _OF_STATE[slot.state]


def _step(offsets_s: Sequence[float]) -> int:
    return max(1, -(-len(offsets_s) // MOST_CELLS))


def _cells(offsets_s: Sequence[float], by_offset: Mapping[float, str]) -> list[str]:
    step = _step(offsets_s)
    groups = (offsets_s[start : start + step] for start in range(0, len(offsets_s), step))
    return [min((by_offset.get(offset_s, NONE) for offset_s in group), key=_WORST.index) for group in groups]


def _labels(offsets_s: Sequence[float]) -> tuple[str, int]:
    """Return the line of minutes and a cell's width; of many minutes, only the first and last show."""
    minutes = [f"{offset_s / 60:.4g}" for offset_s in offsets_s]
    if len(minutes) <= MOST_LABELLED:
        width = max(map(len, minutes)) + 2
        return "".join(f"{minute:>{width}}" for minute in minutes), width
    cells = -(-len(offsets_s) // _step(offsets_s))
    return f"{minutes[0]}{minutes[-1]:>{max(cells, 8) - len(minutes[0])}}", 1


def _key(signs: Mapping[str, Mapping[float, str]]) -> str:
    """Explain the signs that occur in the strip."""
    used = {sign for by_offset in signs.values() for sign in by_offset.values()}
    every = {offset_s for by_offset in signs.values() for offset_s in by_offset}
    if any(len(by_offset) < len(every) for by_offset in signs.values()):
        used.add(NONE)
    return ", ".join(f"{sign} {word}" for sign, word in _WORDS.items() if sign in used)
