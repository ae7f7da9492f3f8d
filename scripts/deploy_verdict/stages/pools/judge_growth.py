"""Does a pool grow? The rule of stats/growth.py on all pools at once, at one significance level. Pure."""

from collections.abc import Sequence

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.pool_samples import PoolSample
from deploy_verdict.evidence.traffic_change import traffic_change
from deploy_verdict.model import Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.pools.judge_blocks import PoolBlock, are_single, pool_blocks, unread_blocks
from deploy_verdict.stats.blocks import FEWEST_BLOCKS, WARM_UP_S
from deploy_verdict.stats.bounds import exhausted_after_h
from deploy_verdict.stats.growth import (
    Growth,
    TrafficChange,
    effect,
    grows,
    growth_of,
    harmful_rate,
    traffic_in_words,
    used_at_end,
    with_power,
)
from deploy_verdict.stats.trend import holm, shown_p

UNIT = "connections"
SINGLE_FACTOR = 4
WARM_UP = f"the first {shown_duration(WARM_UP_S)} are left out as warm-up"


def pool_growth(samples: Sequence[PoolSample]) -> tuple[tuple[PoolBlock, ...], Growth | None]:
    """All planned blocks, and what the readable ones say of growth."""
    planned = pool_blocks(samples)
    return planned, growth_of([block.block for block in planned if block.is_read], counted=True)


def judge_growth(bundle: Bundle) -> dict[str, Ruling]:
    """By the pool's name."""
    found = {pool.name: pool_growth(bundle.samples[pool.name]) for pool in bundle.plan.pools}
    p_values = holm([_p(bundle, pool, found[pool.name][1]) for pool in bundle.plan.pools])
    return {
        pool.name: _judged(bundle, pool, *found[pool.name], p)
        for pool, p in zip(bundle.plan.pools, p_values, strict=True)
    }


def _p(bundle: Bundle, pool: Pool, growth: Growth | None) -> float:
    """That of the growth; four times that where bursts are single readings.

    Elsewhere a rise of two connections is rare by chance, and holds back most of what two series at 5 % each
    would find in healthy pools; single readings rise so far often, so that p alone must (measured: 3.8 % of
    healthy busy pools as it is, 0.8 % with four times p).
    """
    if growth is None:
        return 1.0
    return min(1.0, growth.p * (SINGLE_FACTOR if are_single(bundle.samples[pool.name]) else 1))


def _judged(
    bundle: Bundle, pool: Pool, planned: Sequence[PoolBlock], growth: Growth | None, p: float
) -> Ruling:
    gap = unread_blocks(planned)
    if growth is None:
        text = f"{len(planned)} blocks after the first {shown_duration(WARM_UP_S)} cannot show a trend; "
        return unknown(f"not known: {gap}" if gap else f"{text}it takes {FEWEST_BLOCKS}")
    read = [block for block in planned if block.is_read]
    blocks = [block.block for block in read]
    last = next(sample for sample in reversed(read[-1].samples) if sample.levels)
    free = last.levels[-1].limit - used_at_end(blocks)
    change = traffic_change(bundle, planned[0].samples[0].offset_s, planned[-1].samples[-1].offset_s)
    power = with_power(growth, UNIT)
    if grows(blocks, growth, p, complete=planned[-1].is_read):
        clear = growth.clearest
        rose = f"{clear.name} in use rose from {clear.first:.1f} to {clear.last:.1f}"
        text = f"{rose} (Mann-Kendall {shown_p(p)}): {effect(growth, UNIT)}"
        if change is not None and change.moved and change.rose:
            return unknown(f"{text}; but {change.text}, which may be why")
        text += f"; {_ahead(growth, free)}; {traffic_in_words(change)}"
        because = "connections grow over the window, as a leak does"
        return failed(text, Severity.P2, because).at(last.pointer, last.offset_s)
    if gap is not None:
        return unknown(f"not known: {gap}")
    if change is not None and change.moved:
        return unknown(f"{power}; but {change.text}, so this says little about other times")
    return _flat(pool, growth, free, change)


def _flat(pool: Pool, growth: Growth, free: float, change: TrafficChange | None) -> Ruling:
    power = with_power(growth, UNIT)
    harmful = harmful_rate(free, pool.safe_for)
    would = f"{harmful:.1f}/h would use up the {free:.0f} free within {shown_duration(pool.safe_for)}"
    if growth.high < harmful:
        return passed(f"{power}; {would}; {traffic_in_words(change)}; {WARM_UP}")
    return unknown(f"{power}; {growth.high:.1f}/h cannot be excluded, and {would}; {WARM_UP}")


def _ahead(growth: Growth, free: float) -> str:
    """When the pool will be full if it goes on: a range, as a leak is a random walk."""
    if free <= 0:
        return "the pool is full"
    rise = growth.rate * growth.hours
    soonest, latest = exhausted_after_h(rise, growth.hours, free)
    return f"if this continues, the pool will be full {soonest:.1f} to {latest:.1f} h after the last sample"
