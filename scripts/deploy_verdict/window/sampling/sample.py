"""Takes the samples of one job, each at its own absolute time."""

from collections.abc import Iterator
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.model.window import tolerance_s
from deploy_verdict.stages.registry import driven, during, is_at_end
from deploy_verdict.window.directory.session import Session, is_taken
from deploy_verdict.window.sampling.collect import collect, has_source
from deploy_verdict.window.sampling.heartbeat import Heartbeat
from deploy_verdict.window.sampling.schedule import offsets_of, stages_at


def wanted(session: Session, requested: list[float] | None) -> tuple[float, ...]:
    """Return the offsets to sample: the requested ones, or all of the plan; raise UsageError."""
    scheduled = session.plan.window.pool_offsets_s
    for offset_s in requested or ():
        if offset_s not in scheduled:
            known = ", ".join(f"{offset / 60:g}m" for offset in scheduled)
            raise UsageError(
                f"--offset {shown_duration(offset_s)}: the plan has no such sample — it has: {known}"
            )
    return tuple(requested or scheduled)


def is_due(session: Session, stage: str, offset_s: float) -> bool:
    """Whether a sample is scheduled, not yet taken and not too late; otherwise print the reason."""
    scheduled = during(session.plan).get(stage, ())
    late_s = session.pace.offset_s() - offset_s
    # Drives run one after the other at no set time, so one may wait for all the others.
    drives_s = session.plan.drives_s * session.pace.speed if stage in driven() else 0.0
    drives_s += session.plan.waits_s(stage, offset_s)
    if offset_s not in scheduled or stage in session.file.left_out:
        reason = "no sample is scheduled at this offset"
    elif is_taken(session, stage, offset_s):
        reason = "already taken"
    elif late_s > tolerance_s(session.file.window, offset_s) + drives_s:
        reason = missed(late_s)
    else:
        return True
    session.tell(f"{stage} {shown_offset(offset_s)}: {reason}")
    return False


def take(session: Session, offset_s: float) -> Path | None:
    """Wait for a pool sample's time and take it; None if it is already there, too late, or stopped."""
    if is_taken(session, "pools", offset_s):
        session.tell(f"pools {shown_offset(offset_s)}: already taken")
        return None
    session.pace.wait_until(offset_s)
    late_s = session.pace.offset_s() - offset_s
    if session.stop.requested:
        return None
    if late_s > tolerance_s(session.file.window, offset_s):
        session.tell(f"pools {shown_offset(offset_s)}: {missed(late_s)}")
        return None
    return collect(session, "pools", offset_s)


def missed(late_s: float) -> str:
    """Say that a sample was due this long ago and is missed."""
    return f"missed: due {shown_duration(late_s)} ago, too late to count"


def offsets_named(session: Session, name: str) -> tuple[float, ...]:
    """Return the offsets of a sample job: "015" is T+15min, "all" every offset, "due" the last one.

    Raise UsageError for an offset that the window does not have.
    """
    scheduled = offsets_of(session.plan, dense=True)
    if name == "all":
        return scheduled
    if name == "due":
        return scheduled[-1:]
    try:
        offset_s = round(float(name) * 60, 3)
    except ValueError as error:
        raise UsageError(f"--samples {name}: write minutes, such as 015, or all, or due") from error
    if offset_s not in scheduled:
        known = ", ".join(f"{known_s / 60:g}" for known_s in scheduled[:20])
        raise UsageError(f"--samples {name}: no sample is due then — it has, in minutes: {known}")
    return (offset_s,)


def sit(session: Session, offsets_s: tuple[float, ...]) -> Iterator[Path]:
    """Take every sample of the job, and yield each one's file before taking the next.

    A sample that is too late is missed: taken now, it would describe another time. A job of several offsets
    takes heartbeats between them.
    """
    wait_until = Heartbeat(session).wait_until if len(offsets_s) > 1 else session.pace.wait_until
    for offset_s in offsets_s:
        wait_until(offset_s)
        if session.stop.requested:
            return
        yield from _samples_at(session, offset_s)


def _samples_at(session: Session, offset_s: float) -> Iterator[Path]:
    for stage in stages_at(session.plan, offset_s):
        if session.stop.requested:
            return
        if is_at_end(stage) and not has_source(session, stage):
            continue
        if not is_due(session, stage, offset_s):
            continue
        late_s = session.pace.offset_s() - offset_s
        session.tell(f"{stage} {shown_offset(offset_s)}: started {max(0.0, late_s):.0f} s after it was due")
        yield collect(session, stage, offset_s)
