"""Computes when each sample of a plan is due, and in which order. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy_verdict.plan import Plan
from deploy_verdict.stages.registry import during, is_at_end


@dataclass(frozen=True, order=True)
class ScheduledSample:
    """One scheduled sample; `rank` orders samples of the same offset."""

    offset_s: float
    rank: int
    stage: str


def scheduled_samples(plan: Plan, left_out: tuple[str, ...]) -> tuple[ScheduledSample, ...]:
    """Return every sample of the window that the report counts: all but those of stages read at the end."""
    return _scheduled(plan, lambda stage: stage not in left_out and not is_at_end(stage))


def interim_readings(plan: Plan, left_out: tuple[str, ...]) -> tuple[ScheduledSample, ...]:
    """Return the interim readings of the stages that are read at the end; the report counts none of them."""
    return _scheduled(plan, lambda stage: stage not in left_out and is_at_end(stage))


def _scheduled(plan: Plan, is_wanted: Callable[[str], bool]) -> tuple[ScheduledSample, ...]:
    def due() -> Iterator[ScheduledSample]:
        for rank, (stage, offsets_s) in enumerate(during(plan).items()):
            if is_wanted(stage):
                yield from (ScheduledSample(offset_s, rank, stage) for offset_s in offsets_s)

    return tuple(sorted(due()))


def stages_at(plan: Plan, offset_s: float) -> tuple[str, ...]:
    """Return the stages that a job samples at one offset, in their order.

    A job has no log file, so it samples the stages that are read at the end only if there is a platform.
    """
    return tuple(
        stage
        for stage, offsets_s in during(plan).items()
        if offset_s in offsets_s and (plan.railway is not None or not is_at_end(stage))
    )


def offsets_of(plan: Plan, *, dense: bool) -> tuple[float, ...]:
    """Return every offset at which a job has samples; without `dense`, not those of the pools alone."""
    wanted = sorted({offset_s for offsets_s in during(plan).values() for offset_s in offsets_s})
    suite = plan.e2e.at if plan.e2e else ()
    coarse = {*plan.window.offsets_s, *plan.health_offsets_s, *suite, plan.window.end_s}
    return tuple(
        offset_s for offset_s in wanted if stages_at(plan, offset_s) and (dense or offset_s in coarse)
    )
