"""How full was a pool at each sample, and did it stay level? Pure.

A single reading over a limit is noise in a busy pool: of 720 readings of a healthy one, 31 % of windows
have one at 80 %. What counts is a burst's mean, or a tenth of its readings; where bursts follow each other
(121 of them, each with its chance to be unlucky), more of them; and where samples are single readings, those
of their block.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.pool_samples import PoolLevel, PoolSample
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.pools.judge_blocks import (
    BURST_READINGS,
    PoolBlock,
    are_single,
    enough,
    pool_blocks,
    short_of,
)
from deploy_verdict.stats.blocks import WARM_UP_S

FILLING_UP = "the pool is filling up"
SPIKE_SHARE = 0.1
# With a tenth, a healthy busy pool was critical in 4 of 100 windows of a burst every minute.
DENSE_SPIKE_SHARE = 0.15
# A block is outside of its band beyond doubt by two standard errors; by three of a count (Poisson), as the
# upper end of a few connections is far away.
CLEAR_ERRORS, CLEAR_COUNTS = 2.0, 3.0
# The median of absolute deviations as a standard deviation; a difference of two has the root of 2 of it.
OF_MEDIAN = 1.4826 / math.sqrt(2)


@dataclass(frozen=True)
class _Use:
    """The mean of some readings, and how many of them are at the critical limit or above."""

    mean: float
    high: int
    count: int


def _use(pool: Pool, levels: Sequence[PoolLevel]) -> _Use:
    percents = [level.percent for level in levels]
    high = sum(percent >= pool.critical for percent in percents)
    return _Use(sum(percents) / len(percents), high, len(percents)) if percents else _Use(0.0, 0, 0)


def judge_bands(pool: Pool, samples: Sequence[PoolSample]) -> Iterator[Ruling]:
    """Of each sample; a fail of a few readings stands only where its block fails too."""
    single = are_single(samples)
    for block in pool_blocks(samples, warm_up_s=0.0):
        of_block = _use(pool, block.levels)
        share = SPIKE_SHARE if len(block.samples) == 1 and not single else DENSE_SPIKE_SHARE
        for sample in block.samples:
            own = _use(pool, sample.levels)
            ruling = _band(pool, sample, own, share)
            is_burst = sample.planned_readings >= BURST_READINGS and not single
            lone = is_burst or len(block.samples) == 1
            if ruling.outcome is Outcome.FAIL and enough(sample) and not lone:
                ruling = _band(pool, sample, of_block, SPIKE_SHARE)
                if ruling.outcome is Outcome.PASS:
                    text = f"{own.mean:.1f} % at {shown_offset(sample.offset_s)}"
                    around = f"{of_block.mean:.1f} % in the {of_block.count} readings around it"
                    ruling = passed(f"{text}, but {around}")
            yield ruling.at(sample.pointer, sample.offset_s)


def _band(pool: Pool, sample: PoolSample, use: _Use, spike_share: float) -> Ruling:
    if not enough(sample):
        text = short_of(sample)
        return failed(text, Severity.P1, FILLING_UP) if sample.target_failed else unknown(text)
    text = f"{use.mean:.1f} % at {shown_offset(sample.offset_s)}"
    if use.mean >= pool.critical:
        return failed(f"{text} (critical from {pool.critical:g} %)", Severity.P1, FILLING_UP)
    if use.high >= max(2.0, spike_share * use.count):
        spikes = f"{use.high} of {use.count} readings at {pool.critical:g} % or more"
        return failed(f"{text} on average, {spikes}", Severity.P1, FILLING_UP)
    if use.mean >= pool.attention:
        return failed(f"{text} (attention from {pool.attention:g} %)", Severity.P2, FILLING_UP)
    return passed(text)


def judge_stability(pool: Pool, samples: Sequence[PoolSample]) -> Ruling:
    """Every block's mean within so many points of their median; the warm-up is left out.

    A mean of a burst is not exact: outside by less than its own error is neither in nor out.
    """
    planned = pool_blocks(samples)
    read = [block for block in planned if block.is_read]
    warm = shown_duration(WARM_UP_S)
    if not read:
        unread = next((sample for sample in samples if not enough(sample)), None)
        if unread is None:
            return unknown(f"there is no sample after the first {warm}")
        return unknown(short_of(unread)).at(unread.pointer, unread.offset_s)
    band = pool.stays_within
    points, severity = (band.points, band.severity) if band else (100.0, None)
    median = statistics.median(block.mean_percent for block in read)
    far = max(read, key=lambda block: abs(block.mean_percent - median))
    outside = [block for block in read if abs(block.mean_percent - median) > points]
    least = CLEAR_COUNTS * _by_chance_percent(read) if are_single(samples) else 0.0
    scatter = _scatter_percent(read)
    clear = [
        block
        for block in outside
        if abs(block.mean_percent - median) - points
        > max(least, CLEAR_ERRORS * max(block.error_percent, scatter))
    ]
    sample = far.samples[0]
    where = f"{far.mean_percent:.1f} % at {shown_offset(sample.offset_s)}, median {median:.1f} %"
    if clear:
        text = f"{where} ({len(outside)} of {len(read)} blocks outside)"
        because = "utilization does not stay level"
        return failed(text, severity, because).at(sample.pointer, sample.offset_s)
    if outside:
        text = f"{where}: outside, but within the random scatter of this pool's readings"
        return unknown(text).at(sample.pointer, sample.offset_s)
    unread = next((sample for sample in samples if not enough(sample)), None)
    if unread is not None:
        text = f"not known, as a sample is unreadable ({short_of(unread)})"
        return unknown(text).at(unread.pointer, unread.offset_s)
    widest = abs(far.mean_percent - median)
    return passed(f"within ± {widest:.1f} points of {median:.1f} % after the first {warm}")


def _scatter_percent(blocks: Sequence[PoolBlock]) -> float:
    """How far block means lie apart by chance where connections are held for longer than a burst.

    From the differences of neighbours, by medians, so that neither a single swing nor a steady rise excuses
    itself; never more than connections scatter that come independently of each other (Poisson: the root of
    their mean).
    """
    steps = [later.mean_percent - earlier.mean_percent for earlier, later in pairwise(blocks)]
    if not steps:
        return 0.0
    usual = statistics.median(steps)
    scatter = OF_MEDIAN * statistics.median(abs(step - usual) for step in steps)
    return min(scatter, _by_chance_percent(blocks))


def _by_chance_percent(blocks: Sequence[PoolBlock]) -> float:
    """How far single readings scatter where connections come independently of each other."""
    levels = [level for block in blocks for level in block.levels]
    size = statistics.fmean(level.limit for level in levels)
    return 100 * math.sqrt(statistics.fmean(level.used for level in levels)) / size
