"""When each sample of a plan is due, and in which order. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.plan import Plan, layout_of
from deploy_verdict.stages.registry import COLLECTORS

# The order of looks at one offset; the suite comes last, as it takes longest.
ORDER = ("deployment", "health", "pools", "exercise", "e2e", "floor", "top_up")


def looks_at(plan: Plan, offset_s: float) -> tuple[str, ...]:
    """The stages that a sitting asks at one offset, in their order.

    T+0 belongs to the job "verify", one look after the other, unless one job takes every look.
    """
    layout = layout_of(plan)
    if offset_s == 0 and not (layout is not None and layout.one_job):
        return ()
    planned = plan.planned_offsets_s
    return tuple(stage for stage in ORDER if offset_s in planned.get(stage, ()))


def offsets_of(plan: Plan, *, dense: bool) -> tuple[float, ...]:
    """Every offset at which a sitting has something to ask."""
    stages = [offsets for stage, offsets in plan.planned_offsets_s.items() if stage in ORDER]
    wanted = sorted({offset_s for offsets in stages for offset_s in offsets})
    coarse = {*plan.window.offsets_s, *(plan.e2e.at if plan.e2e else ()), plan.window.end_s}
    return tuple(
        offset_s for offset_s in wanted if looks_at(plan, offset_s) and (dense or offset_s in coarse)
    )


# At the same offset the health checks come first, then the sample, then the suite, which takes longest.
_ORDER = ("deployment", "health", "pools", "exercise", "e2e", "floor", "top_up")


_AT_THE_END = ("traffic", "metrics")


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
            yield from (Look(offset_s, rank, stage) for offset_s in plan.planned_offsets_s[stage])

    return tuple(sorted(planned()))
