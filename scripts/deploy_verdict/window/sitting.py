"""One job of the sampling matrix: every look that is due at its offsets, each at its own absolute time."""

from collections.abc import Callable, Iterator
from pathlib import Path

from deploy_verdict.actions.job_matrix import looks_at, offsets_of
from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.units import duration_s, shown_offset
from deploy_verdict.stages.registry import collect
from deploy_verdict.window.sample import is_due
from deploy_verdict.window.session import Session

AfterEach = Callable[[], None]


def offsets_asked(session: Session, text: str) -> tuple[float, ...]:
    """The offsets of "15m,30m"; raises UsageError for one that the window does not have."""
    planned = offsets_of(session.plan, dense=True)
    asked = []
    for part in text.split(","):
        try:
            offset_s = duration_s(part.strip())
        except ValueError as error:
            raise UsageError(f"--offsets: {error}") from error
        if offset_s not in planned:
            known = ", ".join(f"{known_s / 60:g}m" for known_s in planned[:20])
            raise UsageError(f"--offsets {part}: the window has no such look — it has: {known}")
        asked.append(offset_s)
    return tuple(sorted(asked))


def sit(session: Session, offsets_s: tuple[float, ...], after_each: AfterEach) -> Iterator[Path]:
    """Take every look of the sitting; `after_each` is called when one offset is done and more follow.

    A look that comes too late is a hole and not taken: it would tell of another time.
    """
    for number, offset_s in enumerate(offsets_s, 1):
        session.pace.wait_until(offset_s)
        if session.stop.requested:
            return
        yield from _looks(session, offset_s)
        if number < len(offsets_s) and not session.stop.requested:
            after_each()


def _looks(session: Session, offset_s: float) -> Iterator[Path]:
    for stage in looks_at(session.plan, offset_s):
        if session.stop.requested:
            return
        if not is_due(session, stage, offset_s):
            continue
        late_s = session.pace.offset_s() - offset_s
        session.tell(f"{stage} {shown_offset(offset_s)}, {max(0.0, late_s):.0f} s after it was due")
        yield collect(session, stage, offset_s)
