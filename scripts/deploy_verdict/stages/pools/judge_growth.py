"""Does a pool grow? Applies stats/growth.py to all pools together, at one significance level. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import replace

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.traffic_change import OthersRequests, traffic_change, traffic_of
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.pools.judge_blocks import (
    GrowthSeries,
    PoolBlock,
    are_single,
    lives_of,
    series_of,
    unread_blocks,
)
from deploy_verdict.stages.pools.judge_levels import judge_stability
from deploy_verdict.stats.blocks import BLOCK_S, FEWEST_BLOCKS, WARM_UP_S
from deploy_verdict.stats.bounds import exhausted_after_h
from deploy_verdict.stats.growth import (
    SMALLEST_RISE,
    STATISTICS,
    Growth,
    TrafficChange,
    ahead_words,
    effect,
    grows,
    growth_of,
    harmful_rate,
    signed,
    traffic_in_words,
    used_at_end,
    with_power,
)
from deploy_verdict.stats.shape import BEND, LEVEL, LINE, STEP, Shape, shapes
from deploy_verdict.stats.trend import holm, shown_p

UNIT = "connections"
IN_USE = {"floor": "fewest at a time", "mean": "average"}
SINGLE_FACTOR = 4
# Requests in coarser intervals than this say nothing about a burst.
FINEST_TRAFFIC_S = 300.0
# By how much (AICc) a step or a bend must fit better than a line. A dense series needs a clear difference, as
# a leak is a random walk. With few points the criterion's own correction is stricter than that: a step may
# even fit slightly worse, and a bend by more if its last blocks are level.
CLEARLY, NEARLY, ENDS_LEVEL, FEWEST_SHAPED = 8.0, 3.0, 4, 6
# A step fails if this many like it would have filled the pool.
STEPS_TO_FULL = 4
# The standard error of a whole number (1/√12).
SMALLEST_ERROR = 0.29
WARM_UP = f"the first {shown_duration(WARM_UP_S)} are left out as warm-up"


def pool_growth(
    samples: Sequence[PoolSample], traffic: OthersRequests | None = None
) -> tuple[GrowthSeries, Growth | None]:
    """Return the series of a pool's samples, and its growth (None if too few blocks can be read)."""
    series = series_of(samples, traffic)
    return series, growth_of(series.blocks, counted=True, dense=series.is_dense)


def judge_growth(bundle: Bundle) -> dict[str, Ruling]:
    """Judge the growth of each pool, by the pool's name."""
    traffic = traffic_of(bundle, FINEST_TRAFFIC_S)
    found = {pool.name: pool_growth(bundle.samples[pool.name], traffic) for pool in bundle.plan.pools}
    # Memory is one more test in the same family; its turn comes after the pools (stages/metrics/judge.py).
    others = [1.0] if bundle.plan.metrics is not None else []
    raw = (_p(bundle.samples[name], growth) for name, (_, growth) in found.items())
    p_values = holm([*raw, *others])
    return {
        pool.name: _judged(bundle, pool, *found[pool.name], p)
        for pool, p in zip(bundle.plan.pools, p_values, strict=False)
    }


def _p(samples: Sequence[PoolSample], growth: Growth | None) -> float:
    """Return the p-value of the growth, multiplied by four if bursts count as single readings.

    Elsewhere a rise of two connections is rare by chance, which prevents most of what two series at 5 % each
    would find in healthy pools. Single readings often rise that far, so p alone must prevent it (measured:
    3.8 % of healthy busy pools without the factor, 0.8 % with it). The same holds for densely sampled floors,
    which are correlated if connections are held for minutes. A block bootstrap of their slope (Künsch 1989)
    was tried instead: with 21 floors it found no fewer false alarms (20 % at a correlation of 0.6, as
    without).
    """
    if growth is None:
        return 1.0
    return min(1.0, growth.p * (SINGLE_FACTOR if are_single(samples) else 1))


def _p_before(samples: Sequence[PoolSample], series: GrowthSeries) -> float | None:
    """Return the p-value of a quarter of an hour earlier, or None if the last block can be read."""
    if series.planned[-1].is_read:
        return None
    before = series.until(3600 * series.blocks[-1].at_h - BLOCK_S + 1)
    return _p(samples, growth_of(before.blocks, counted=True, dense=series.is_dense))


def _judged(bundle: Bundle, pool: Pool, series: GrowthSeries, growth: Growth | None, p: float) -> Ruling:
    planned, samples = series.planned, bundle.samples[pool.name]
    gap = unread_blocks(planned)
    if growth is None:
        text = f"{len(planned)} blocks after the first {shown_duration(WARM_UP_S)} cannot show a trend; "
        return unknown(f"not known: {gap}" if gap else f"{text}it takes {FEWEST_BLOCKS}")
    read = [block for block in planned if block.is_read]
    last = _last_read(read)
    free = last.levels[-1].limit - used_at_end([block.block for block in read])
    change = traffic_change(bundle, planned[0].samples[0].offset_s, planned[-1].samples[-1].offset_s)
    moved = change is not None and change.moved and not series.explained
    shape = _shape(series, read)
    is_step = shape is not None and shape.kind == STEP and abs(shape.size) >= SMALLEST_RISE
    if shape is not None and is_step and planned[-1].is_read:
        return _step(bundle, pool, series, shape, change if moved else None)
    if grows(p, _p_before(samples, series)):
        clear = growth.clearest
        text = f"connections in use ({IN_USE[clear.name]}) rose from {clear.first:.1f} to {clear.last:.1f}"
        text += f" in {shown_duration(3600 * growth.hours)}"
        proof = f"{STATISTICS}Mann-Kendall {shown_p(p)}, {effect(growth, UNIT)}"
        if change is not None and moved and change.rose:
            return unknown(f"{text}; but {change.text}, which may be why{proof}")
        other = _other_explanation(series, shape)
        if other is not None:
            return unknown(f"{text}; but {other}{proof}")
        text += f"; {_ahead(growth, free)}{proof}; {_traffic(series, change)}{_of_lives(series)}"
        because = "connections grow over the window, as a leak does"
        return failed(text, Severity.P2, because).at(last.pointer, last.offset_s)
    if gap is not None:
        return unknown(f"not known: {gap}")
    power = with_power(growth, UNIT)
    if change is not None and moved and not (series.is_dense and change.rose):
        return unknown(f"{power}; but {change.text}, so this says little about other times")
    return _flat(pool, growth, free, series, change)


def _last_read(read: Sequence[PoolBlock]) -> PoolSample:
    return next(sample for sample in reversed(read[-1].samples) if sample.levels)


def _traffic(series: GrowthSeries, change: TrafficChange | None) -> str:
    """Describe the traffic of others, and how the series takes it into account."""
    words = traffic_in_words(change)
    if series.ramp:
        words += ", all the way: such a ramp cannot be told from time, so no use is put down to it"
    return f"{words}; what requests explain is left out" if series.explained else words


def _of_lives(series: GrowthSeries) -> str:
    if not series.begins_s:
        return ""
    at = ", ".join(map(shown_offset, series.begins_s))
    return f"; counted within each life, as {series.why} (by {at})"


def _shape(series: GrowthSeries, read: Sequence[PoolBlock]) -> Shape | None:
    """Return a clear step or bend in the means (in the floors, where sampling is dense), else None.

    None stands for a line, a level, or more than one life of the process.
    """
    blocks = series.blocks
    if series.begins_s or len(blocks) < FEWEST_SHAPED:
        return None
    errors = [block.error_percent * block.levels[-1].limit / 100 for block in read]
    error = SMALLEST_ERROR if series.is_dense else max(SMALLEST_ERROR, statistics.median(errors))
    found = shapes([block.at_h for block in blocks], [block.mean for block in blocks], error)
    by_kind = {shape.kind: shape for shape in found}
    line, step, bend = by_kind[LINE].aicc, by_kind.get(STEP), by_kind.get(BEND)
    ends = [block.floor for block in blocks[-ENDS_LEVEL:]]
    limit = min(line - (CLEARLY if series.is_dense else -NEARLY), by_kind[LEVEL].aicc)
    if step is not None and step.aicc < limit and (bend is None or step.aicc <= bend.aicc):
        return step
    more = -CLEARLY / 2 if series.is_dense else CLEARLY if max(ends) <= ends[0] else 0.0
    return bend if bend is not None and bend.aicc < line + more else None


def _other_explanation(series: GrowthSeries, shape: Shape | None) -> str | None:
    """Return what else explains the rise, or None."""
    if series.only_rises:
        return (
            "it never fell and rises ever less: it tells its highest value, or what was ever opened; "
            "name what is in use now in used:"
        )
    if shape is not None and shape.kind == STEP:
        at = shown_offset(3600 * series.blocks[shape.at].at_h)
        return f"it rose in one step of {shape.size:.1f} by {at}, and stayed"
    if shape is not None and shape.kind == BEND:
        at = shown_offset(3600 * series.blocks[shape.at].at_h)
        return f"it levels off from {at} on, as a pool does that opens connections when it first needs them"
    return None


def _step(
    bundle: Bundle, pool: Pool, series: GrowthSeries, shape: Shape, change: TrafficChange | None
) -> Ruling:
    """Judge a step that stays. It is not a leak; a rise fails if few more like it would fill the pool."""
    from_s, to_s = (3600 * series.blocks[at].at_h for at in (shape.at - 1, shape.at))
    before, after, then = shown_offset(from_s), shown_offset(to_s), _at_that_time(bundle, from_s, to_s)
    text = f"{signed(shape.size)} {UNIT} in use between {before} and {after}, in one step that stayed"
    if series.only_rises:
        return unknown(f"{text}; but {_other_explanation(series, None)}")
    read = [block for block in series.planned if block.is_read]
    last = _last_read(read)
    level = statistics.fmean(block.mean for block in series.blocks[: shape.at])
    free = last.levels[-1].limit - level
    if change is not None:
        return unknown(f"{text}; {change.text}, which may be why")
    if shape.size * STEPS_TO_FULL < free:
        stayed = f"{text}: no leak, and {then}"
        free = last.levels[-1].limit - used_at_end([block.block for block in read])
        return passed(f"{stayed}; {_ALLOWED}") if _is_allowed(pool, series, shape, free) else unknown(stayed)
    text += (
        f"; {level:.1f} before, and {free / shape.size - 1:.1f} more such steps would fill the pool; {then}"
    )
    because = "use rose in one step and stayed"
    return failed(text, Severity.P2, because).at(last.pointer, last.offset_s)


_ALLOWED = "the level stays within what the plan allows (stays_within), and nothing grows beside the step"


def _is_allowed(pool: Pool, series: GrowthSeries, shape: Shape, free: float) -> bool:
    """Return whether the level stays within the plan's limit and grows neither before nor after the step."""
    samples = [sample for block in series.planned for sample in block.samples]
    if pool.stays_within is None or judge_stability(pool, samples).outcome is not Outcome.PASS:
        return False
    blocks = [replace(block, life=int(number >= shape.at)) for number, block in enumerate(series.blocks)]
    beside = growth_of(blocks, counted=True, dense=series.is_dense)
    return beside is not None and beside.high < harmful_rate(free, pool.safe_for)


def _at_that_time(bundle: Bundle, from_s: float, to_s: float) -> str:
    """Describe what else the evidence has from the time of a step."""
    found = [
        f"{name}: {why} by {shown_offset(at_s)}"
        for name, samples in bundle.samples.items()
        for at_s, why in lives_of(samples)
        if from_s <= at_s <= to_s + BLOCK_S
    ]
    suite = [at_s for at_s in (bundle.plan.e2e.at if bundle.plan.e2e else ()) if from_s <= at_s <= to_s]
    found += [f"our own E2E suite ran at {shown_offset(at_s)}" for at_s in suite]
    errors = [
        item
        for item in bundle.sent_to_service
        if (item.exchange.status or 0) >= 500 and from_s <= item.offset_s <= to_s
    ]
    if errors:
        found.append(f"{len(errors)} of our requests answered 5xx ({shown_offset(errors[0].offset_s)})")
    return f"at that time {'; '.join(found)}" if found else "nothing in the evidence says what it was"


def _flat(
    pool: Pool, growth: Growth, free: float, series: GrowthSeries, change: TrafficChange | None
) -> Ruling:
    traffic = _traffic(series, change)
    power = with_power(growth, UNIT)
    harmful = harmful_rate(free, pool.safe_for)
    would = f"{harmful:.1f}/h would use up the {free:.0f} free within {shown_duration(pool.safe_for)}"
    if growth.high < harmful:
        return passed(f"{power}; {would}; {traffic}; {WARM_UP}")
    more = f"; {traffic}" if series.ramp else ""
    return unknown(f"{power}; {growth.high:.1f}/h cannot be excluded, and {would}{more}; {WARM_UP}")


def _ahead(growth: Growth, free: float) -> str:
    """Describe when the pool will be full if growth continues: a range, as a leak is a random walk."""
    if free <= 0:
        return "the pool is full"
    rise = growth.rate * growth.hours
    soonest, latest = exhausted_after_h(rise, growth.hours, free)
    return f"if this continues, the pool will be full {ahead_words(soonest, latest)}"
