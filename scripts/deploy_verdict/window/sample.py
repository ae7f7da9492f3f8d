"""A sample job: one or more samples of a window, each at its own absolute time."""

from collections.abc import Callable, Iterator
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.units import duration_s, shown_duration, shown_offset
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.stages.registry import driven
from deploy_verdict.window.collect import collect
from deploy_verdict.window.schedule import looks_at, offsets_of
from deploy_verdict.window.session import Session, is_taken


def wanted(session: Session, requested: list[float] | None) -> tuple[float, ...]:
    """The offsets to sample: those that were requested, or all of the plan; raises UsageError."""
    planned = session.plan.window.pool_offsets_s
    for offset_s in requested or ():
        if offset_s not in planned:
            known = ", ".join(f"{offset / 60:g}m" for offset in planned)
            raise UsageError(
                f"--offset {shown_duration(offset_s)}: the plan has no such sample — it has: {known}"
            )
    return tuple(requested or planned)


def is_due_here(session: Session, stage: str, offset_s: float) -> bool:
    """The same, for the job that takes T+0: nothing where one job takes every sample."""
    if session.file.layout is not None and session.file.layout.one_job:
        session.tell(f"{stage} {shown_offset(offset_s)}: skipped: the long-running sampling job takes it")
        return False
    return is_due(session, stage, offset_s)


def is_due(session: Session, stage: str, offset_s: float) -> bool:
    """Whether a sample is scheduled, not taken yet, and not too late; says why not."""
    planned = session.plan.planned_offsets_s.get(stage, ())
    late_s = session.pace.offset_s() - offset_s
    # A drive follows another one, and shows no particular moment.
    drives_s = session.plan.drives_s * session.pace.speed if stage in driven() else 0.0
    if offset_s not in planned or stage in session.file.left_out:
        reason = "no sample is scheduled at this offset"
    elif is_taken(session, stage, offset_s):
        reason = "already taken"
    elif late_s > tolerance_s(session.file.window, offset_s) + drives_s:
        reason = f"missed: due {shown_duration(late_s)} ago, too late to count"
    else:
        return True
    session.tell(f"{stage} {shown_offset(offset_s)}: {reason}")
    return False


def take(session: Session, offset_s: float) -> Path | None:
    """Wait for one sample's time and take it; None when it is there already, too late, or was stopped."""
    if is_taken(session, "pools", offset_s):
        session.tell(f"{shown_offset(offset_s)}: already taken")
        return None
    session.pace.wait_until(offset_s)
    late_s = session.pace.offset_s() - offset_s
    if session.stop.requested:
        return None
    if late_s > tolerance_s(session.file.window, offset_s):
        session.tell(f"{shown_offset(offset_s)}: missed: due {shown_duration(late_s)} ago, too late to count")
        return None
    return collect(session, "pools", offset_s)


AfterEach = Callable[[], None]


def offsets_asked(session: Session, text: str) -> tuple[float, ...]:
    """The offsets of "15m,30m"; raises UsageError for one that the window does not have."""
    planned = offsets_of(session.plan, dense=True)
    requested = []
    for part in text.split(","):
        try:
            offset_s = duration_s(part.strip())
        except ValueError as error:
            raise UsageError(f"--offsets: {error}") from error
        if offset_s not in planned:
            known = ", ".join(f"{known_s / 60:g}m" for known_s in planned[:20])
            raise UsageError(f"--offsets {part}: no sample is scheduled at this offset — scheduled: {known}")
        requested.append(offset_s)
    return tuple(sorted(requested))


def sit(session: Session, offsets_s: tuple[float, ...], after_each: AfterEach) -> Iterator[Path]:
    """Take every sample of the job; `after_each` is called when one offset is done and more follow.

    A sample that comes too late is missed and not taken: it would show another moment.
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
