"""The whole window in one process: every look at its time, in the order of the plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy_verdict.plan import Plan
from deploy_verdict.progress import Progress
from deploy_verdict.session import Session, is_taken
from deploy_verdict.stages import COLLECTORS, collect, collect_logs
from deploy_verdict.units import shown_duration, shown_offset
from deploy_verdict.window import tolerance_s

# At the same offset the health checks come first, then the sample, then the suite, which takes longest.
_ORDER = ("health", "pools", "e2e")


@dataclass(frozen=True, order=True)
class Look:
    """One planned look: `rank` orders looks of the same offset."""

    offset_s: float
    rank: int
    stage: str


def looks(plan: Plan, left_out: tuple[str, ...]) -> tuple[Look, ...]:
    """Every look of the window but the logs, which are read at its end."""

    def planned() -> Iterator[Look]:
        for rank, stage in enumerate(_ORDER):
            if stage not in plan.stages or stage in left_out or stage not in COLLECTORS:
                continue
            e2e = plan.e2e.at if plan.e2e else ()
            offsets = {"health": (0.0,), "pools": plan.window.offsets_s, "e2e": e2e}[stage]
            yield from (Look(offset_s, rank, stage) for offset_s in offsets)

    return tuple(sorted(planned()))


def watch(session: Session, progress: Progress, logs: Path | None) -> bool:
    """Take every look that is not taken yet; False when it was stopped before the end."""
    left_out = session.file.left_out
    _announce(session, progress, logs)
    for look in looks(session.plan, left_out):
        if is_taken(session, look.stage, look.offset_s):
            progress.took()
            continue
        progress.due(look.offset_s)
        session.pace.wait_until(look.offset_s)
        if session.stop.requested:
            break
        late_s = session.pace.offset_s() - look.offset_s
        if look.stage == "pools" and late_s > tolerance_s(session.file.window):
            progress.tell(f"{look.stage}: due {shown_duration(late_s)} ago, so it is a hole")
            continue
        collect(session, look.stage, look.offset_s)
        progress.took()
        if look.stage == "health":
            progress.tell(f"health {shown_offset(look.offset_s)}: {len(session.plan.health)} checks asked")
    session.pace.wait_until(session.plan.window.length)
    stopped = session.stop.requested
    if "logs" in session.plan.stages and "logs" not in left_out:
        collect_logs(session, logs)
    return not stopped


def _announce(session: Session, progress: Progress, logs: Path | None) -> None:
    """Say what begins, and at once what will be missing at the end."""
    plan, window = session.plan, session.file.window
    told = f"watching {session.redactor.text(plan.service.base_url)} for {shown_duration(plan.window.length)}"
    if window.speed > 1:
        told += f", {window.speed:g} times as fast"
    progress.tell(f"{told}; Ctrl-C stops, and the same command goes on")
    if "logs" in plan.stages and "logs" not in session.file.left_out:
        if logs is None:
            progress.tell(
                "no --logs FILE is given, so the log review will be inconclusive (or: --without logs)"
            )
        elif not logs.is_file():
            progress.tell(
                f"{logs}: there is no such file yet; without it the log review will be inconclusive"
            )
