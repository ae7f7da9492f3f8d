"""When each sample of a plan is due, and in which order. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.plan import Plan
from deploy_verdict.stages.registry import in_turn


@dataclass(frozen=True, order=True)
class ScheduledSample:
    """One scheduled sample: `rank` orders samples of the same offset."""

    offset_s: float
    rank: int
    stage: str


def looks(plan: Plan, left_out: tuple[str, ...]) -> tuple[ScheduledSample, ...]:
    """Every sample of the window but those that read all of it at its end."""

    def due() -> Iterator[ScheduledSample]:
        planned = plan.planned_offsets_s
        for rank, stage in enumerate(in_turn()):
            if stage.name not in left_out:
                yield from (
                    ScheduledSample(offset_s, rank, stage.name) for offset_s in planned.get(stage.name, ())
                )

    return tuple(sorted(due()))


def stages_at(plan: Plan, offset_s: float) -> tuple[str, ...]:
    """The stages that a job samples at one offset, in their order."""
    planned = plan.planned_offsets_s
    return tuple(stage.name for stage in in_turn() if offset_s in planned.get(stage.name, ()))


def offsets_of(plan: Plan, *, dense: bool) -> tuple[float, ...]:
    """Every offset at which a job has something to sample."""
    planned = plan.planned_offsets_s
    wanted = sorted({offset_s for stage in in_turn() for offset_s in planned.get(stage.name, ())})
    coarse = {*plan.window.offsets_s, *(plan.e2e.at if plan.e2e else ()), plan.window.end_s}
    return tuple(
        offset_s for offset_s in wanted if stages_at(plan, offset_s) and (dense or offset_s in coarse)
    )
