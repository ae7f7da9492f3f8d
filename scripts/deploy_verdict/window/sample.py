"""A sitting: one or more samples of a window, each at its own absolute time."""

from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.base.window import tolerance_s
from deploy_verdict.model import DRIVES
from deploy_verdict.stages.registry import collect
from deploy_verdict.window.session import Session, is_taken


def wanted(session: Session, asked: list[float] | None) -> tuple[float, ...]:
    """The offsets to sample: those that were asked for, or all of the plan; raises UsageError."""
    planned = session.plan.window.pool_offsets_s
    for offset_s in asked or ():
        if offset_s not in planned:
            known = ", ".join(f"{offset / 60:g}m" for offset in planned)
            raise UsageError(
                f"--offset {shown_duration(offset_s)}: the plan has no such sample — it has: {known}"
            )
    return tuple(asked or planned)


def is_due_here(session: Session, stage: str, offset_s: float) -> bool:
    """The same, for the job that takes T+0: nothing where one job takes every look."""
    if session.file.layout is not None and session.file.layout.one_job:
        session.tell(f"{stage} {shown_offset(offset_s)}: left to the job that sees the whole window")
        return False
    return is_due(session, stage, offset_s)


def is_due(session: Session, stage: str, offset_s: float) -> bool:
    """Whether a look is planned, not taken yet, and not too late; tells why not."""
    planned = session.plan.planned_offsets_s.get(stage, ())
    late_s = session.pace.offset_s() - offset_s
    # A drive follows another one, and speaks of no moment.
    drives_s = session.plan.drives_s * session.pace.speed if stage in DRIVES else 0.0
    if offset_s not in planned or stage in session.file.left_out:
        reason = "the window has no such look"
    elif is_taken(session, stage, offset_s):
        reason = "it is already taken"
    elif late_s > tolerance_s(session.file.window, offset_s) + drives_s:
        reason = f"it was due {shown_duration(late_s)} ago, so it is a hole"
    else:
        return True
    session.tell(f"{stage} {shown_offset(offset_s)}: {reason}")
    return False


def take(session: Session, offset_s: float) -> Path | None:
    """Wait for one sample's time and take it; None when it is there already, too late, or was stopped."""
    if is_taken(session, "pools", offset_s):
        session.tell(f"{shown_offset(offset_s)} is already taken")
        return None
    session.pace.wait_until(offset_s)
    late_s = session.pace.offset_s() - offset_s
    if session.stop.requested:
        return None
    if late_s > tolerance_s(session.file.window, offset_s):
        session.tell(f"{shown_offset(offset_s)} was due {shown_duration(late_s)} ago, so it is a hole")
        return None
    return collect(session, "pools", offset_s)
