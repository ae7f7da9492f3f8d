"""Planned against taken, drawn: a line for each stage, a sign for each planned look. Pure.

As text in fixed width, so that it shows in a terminal, a mail and a comment alike.
"""

from collections.abc import Mapping, Sequence

from deploy_verdict.markup.markdown import Safe
from deploy_verdict.model import Slot, Verdict
from deploy_verdict.stages.registry import is_at_end

TAKEN, LATE, LOST, CUT, UNREAD, NOT_DUE, NONE = "▓", "▸", "✕", "◐", "?", "░", "·"
_OF_STATE = {"taken": TAKEN, "late": LATE, "missing": LOST, "partial": CUT, "unreadable": UNREAD}
# The worst of several looks in one cell shows.
_WORST = (LOST, CUT, UNREAD, LATE, NOT_DUE, TAKEN, NONE)
_WORDS = {
    TAKEN: "taken",
    LATE: "too late to count",
    LOST: "lost",
    CUT: "interrupted",
    UNREAD: "not readable",
    NOT_DUE: "not due any more",
    NONE: "none planned",
}
MOST_LABELLED = 16
MOST_CELLS = 60


def strip(verdict: Verdict) -> Safe | None:
    """Every stage of the plan that was not left out; None where nothing was planned."""
    slots = verdict.coverage.slots
    offsets_s = sorted({slot.offset_s for slot in slots})
    if not offsets_s:
        return None
    ended_s = _ended_s(verdict)
    signs: dict[str, dict[float, str]] = {}
    for slot in slots:
        signs.setdefault(slot.stage, {})[slot.offset_s] = _sign(slot, ended_s)
    labels, width = _labels(offsets_s)
    name_width = max(len("minutes"), *map(len, signs))
    lines = [f"{'minutes':<{name_width}}  {labels}".rstrip()]
    for stage, mine in signs.items():
        cells = "".join(f"{sign:>{width}}" for sign in _cells(offsets_s, mine))
        lines.append(f"{stage:<{name_width}}  {cells}")
    return Safe("\n".join(["```text", *lines, "", _key(signs), "```"]))


def _ended_s(verdict: Verdict) -> float | None:
    """When the last look was begun in a window that was stopped or ended: none was due after it."""
    if not (verdict.interrupted or verdict.ended):
        return None
    begun = (
        slot.offset_s for slot in verdict.coverage.slots if slot.state != "missing" and not _at_end(slot)
    )
    return max(begun, default=-1.0)


def _at_end(slot: Slot) -> bool:
    """What reads the whole window is read at once where the window is ended."""
    return is_at_end(slot.stage)


def _sign(slot: Slot, ended_s: float | None) -> str:
    if slot.state == "missing" and ended_s is not None and slot.offset_s > ended_s:
        return NOT_DUE
    return _OF_STATE[slot.state]


def _step(offsets_s: Sequence[float]) -> int:
    return max(1, -(-len(offsets_s) // MOST_CELLS))


def _cells(offsets_s: Sequence[float], mine: Mapping[float, str]) -> list[str]:
    step = _step(offsets_s)
    groups = (offsets_s[start : start + step] for start in range(0, len(offsets_s), step))
    return [min((mine.get(offset_s, NONE) for offset_s in group), key=_WORST.index) for group in groups]


def _labels(offsets_s: Sequence[float]) -> tuple[str, int]:
    """The line of minutes, and the width of a cell; of many, only the first and the last are named."""
    minutes = [f"{offset_s / 60:.4g}" for offset_s in offsets_s]
    if len(minutes) <= MOST_LABELLED:
        width = max(map(len, minutes)) + 2
        return "".join(f"{minute:>{width}}" for minute in minutes), width
    cells = -(-len(offsets_s) // _step(offsets_s))
    return f"{minutes[0]}{minutes[-1]:>{max(cells, 8) - len(minutes[0])}}", 1


def _key(signs: Mapping[str, Mapping[float, str]]) -> str:
    """What the signs mean: of those that may stand there, the ones that do."""
    used = {sign for mine in signs.values() for sign in mine.values()}
    every = {offset_s for mine in signs.values() for offset_s in mine}
    if any(len(mine) < len(every) for mine in signs.values()):
        used.add(NONE)
    return ", ".join(f"{sign} {word}" for sign, word in _WORDS.items() if sign in used)
