"""How full was a pool at each sample, and did it stay level? Pure.

A single reading above a limit is noise in a busy pool: 31 % of the windows of a healthy one, 720 readings
each, have one at 80 %. What counts is the mean of a burst, or a tenth of its readings; where bursts follow
each other (121 of them, each with its own bad luck), a larger share; and where samples are single readings,
those of their block.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.pools.judge_blocks import (
    BURST_READINGS,
    PoolBlock,
    are_single,
    enough,
    lives_of,
    pool_blocks,
    short_of,
)
from deploy_verdict.stats.blocks import FEWEST_BLOCKS, WARM_UP_S
from deploy_verdict.stats.scatter import lies_apart, usual_scatter

FILLING_UP = "the pool is filling up"
SPIKE_SHARE = 0.1
# With a tenth, a healthy busy pool sampled every minute was critical in 4 of 100 windows.
DENSE_SPIKE_SHARE = 0.15
# In a sample of few readings that share is two; it takes this many, or the same share of its block.
FEWEST_SPIKES = 5
# A block is clearly outside its band by two standard errors. For counts it takes three (Poisson), as the
# distribution of a small count has a long upper tail.
CLEAR_ERRORS, CLEAR_COUNTS = 2.0, 3.0
# By chance, one of nine values lies up to this many standard deviations from their median.
WIDEST = 3.0
# With fewer blocks, a third is a single burst.
FEWEST_OF_THIRDS = 6
# This many consecutive readings count as one independent reading, if a burst's readings are not nearly alike.
READINGS_FOR_ONE = 3


@dataclass(frozen=True)
class _Use:
    """The mean of some readings, and how many of them reach the critical limit."""

    mean: float
    high: int
    count: int


def _use(pool: Pool, samples: Sequence[PoolSample]) -> _Use:
    percents = [percent for sample in samples for percent in sample.percents]
    high = sum(percent >= pool.critical for percent in percents)
    return _Use(sum(percents) / len(percents), high, len(percents)) if percents else _Use(0.0, 0, 0)


def judge_bands(pool: Pool, samples: Sequence[PoolSample]) -> Iterator[Ruling]:
    """Yield a ruling for each sample.

    A fail that rests on few readings stands only if its block fails too.
    """
    single = are_single(samples)
    for block in pool_blocks(samples, warm_up_s=0.0):
        of_block = _use(pool, block.samples)
        share = SPIKE_SHARE if len(block.samples) == 1 and not single else DENSE_SPIKE_SHARE
        for sample in block.samples:
            own = _use(pool, [sample])
            is_spiky = len(block.samples) == 1 or of_block.high >= DENSE_SPIKE_SHARE * of_block.count
            ruling = _band(pool, sample, own, max(2 if is_spiky else FEWEST_SPIKES, share * own.count))
            is_burst = sample.planned_readings >= BURST_READINGS and not single
            lone = is_burst or len(block.samples) == 1
            if ruling.outcome is Outcome.FAIL and enough(sample) and not lone:
                ruling = _band(pool, sample, of_block, max(2, SPIKE_SHARE * of_block.count))
                if ruling.outcome is Outcome.PASS:
                    text = f"{own.mean:.1f} % at {shown_offset(sample.offset_s)}"
                    around = f"{of_block.mean:.1f} % in the {of_block.count} readings around it"
                    ruling = passed(f"{text}, but {around}")
            yield ruling.at(sample.pointer, sample.offset_s)


def _band(pool: Pool, sample: PoolSample, use: _Use, spikes: float) -> Ruling:
    if not enough(sample):
        text = short_of(sample)
        return failed(text, Severity.P1, FILLING_UP) if sample.target_failed else unknown(text)
    text = f"{use.mean:.1f} % at {shown_offset(sample.offset_s)}"
    if use.mean >= pool.critical:
        return failed(f"{text} (critical from {pool.critical:g} %)", Severity.P1, FILLING_UP)
    if use.high >= spikes:
        reached = f"{use.high} of {use.count} readings at {pool.critical:g} % or more"
        return failed(f"{text} on average, {reached}", Severity.P1, FILLING_UP)
    if use.mean >= pool.attention:
        return failed(f"{text} (attention from {pool.attention:g} %)", Severity.P2, FILLING_UP)
    return passed(text)


def judge_stability(pool: Pool, samples: Sequence[PoolSample]) -> Ruling:
    """Judge whether the level stays within the plan's points of its median; the warm-up is left out.

    A burst is one moment of fifteen minutes. If it is outside by less than its own error, it is neither in
    nor out; if it is the only one, it may be a cron job. Only two in a row are a level. Where bursts scatter
    more than their own errors explain (stats/scatter.py), each is one draw of a fluctuating load, and the
    thirds of the window are its level.
    """
    planned = pool_blocks(samples)
    read = [block for block in planned if block.is_read]
    warm = shown_duration(WARM_UP_S)
    unread = next((sample for sample in samples if not enough(sample)), None)
    if len(read) < FEWEST_BLOCKS:
        if unread is not None:
            text = f"not known, as a sample is unreadable ({short_of(unread)})" if read else short_of(unread)
            return unknown(text).at(unread.pointer, unread.offset_s)
        return unknown(f"{len(read)} blocks after the first {warm} are no level; it takes {FEWEST_BLOCKS}")
    band = pool.stays_within
    points, severity = (band.points, band.severity) if band else (100.0, None)
    found = _Level(read, points, single=are_single(samples))
    sample = found.shown.samples[0]
    where = f"{found.shown.mean_percent:.1f} % at {shown_offset(sample.offset_s)}"
    where += f", median {found.median:.1f} %"
    if found.left:
        text = f"{where} ({len(found.outside)} of {len(read)} blocks outside)"
        lives = lives_of(samples)
        if lives:
            at_s, why = lives[0]
            return unknown(f"{text}; but {why} by {shown_offset(at_s)}").at(sample.pointer, sample.offset_s)
        because = "utilization does not stay level"
        return failed(text, severity, because).at(sample.pointer, sample.offset_s)
    if found.outside and not found.only_wanders:
        why = "outside, but within the random scatter of this pool's readings"
        if found.clear:
            why = "outside once: it came and went, as a scheduled job does"
            if found.clear[-1]:
                why = "outside in the last sample alone: only the next one would show whether it stays"
        return unknown(f"{where}: {why}").at(sample.pointer, sample.offset_s)
    if unread is not None:
        text = f"not known, as a sample is unreadable ({short_of(unread)})"
        return unknown(text).at(unread.pointer, unread.offset_s)
    widest = abs(found.farthest.mean_percent - found.median)
    text = f"within ± {widest:.1f} points of {found.median:.1f} % after the first {warm}"
    if found.outside:
        text = f"{where}: its load wanders by ± {found.scatter:.1f} points from moment to moment, and each "
        text += f"third of the window within ± {max(found.thirds):.1f}"
    return passed(text)


@dataclass(frozen=True)
class _Level:
    """How the means of a window's blocks lie around their median, in percent."""

    blocks: Sequence[PoolBlock]
    points: float
    single: bool

    @cached_property
    def means(self) -> tuple[float, ...]:
        return tuple(block.mean_percent for block in self.blocks)

    @cached_property
    def median(self) -> float:
        return statistics.median(self.means)

    @cached_property
    def scatter(self) -> float:
        """The typical standard deviation from block to block."""
        return usual_scatter(self.means)

    @cached_property
    def farthest(self) -> PoolBlock:
        return max(self.blocks, key=lambda block: abs(block.mean_percent - self.median))

    @cached_property
    def shown(self) -> PoolBlock:
        """The farthest of the blocks that are clearly outside, or of all blocks."""
        clear = [block for block, side in zip(self.blocks, self.clear, strict=False) if side]
        return max(clear, key=lambda block: abs(block.mean_percent - self.median), default=self.farthest)

    @cached_property
    def wanders(self) -> bool:
        errors = [block.error_percent for block in self.blocks]
        readings = sum(len(block.levels) for block in self.blocks) / READINGS_FOR_ONE
        return self.single or lies_apart(self.means, errors, readings)

    @cached_property
    def outside(self) -> tuple[PoolBlock, ...]:
        return tuple(block for block in self.blocks if abs(block.mean_percent - self.median) > self.points)

    @cached_property
    def clear(self) -> tuple[int, ...]:
        """For each block: 1 if it is above the band beyond its own error, -1 if below, else 0.

        Empty if all are 0.
        """
        least = CLEAR_COUNTS * _by_chance_percent(self.blocks) if self.single else 0.0
        filled = False
        scatter = self.scatter if self.wanders else 0.0
        found = []
        for block in self.blocks:
            away = block.mean_percent - self.median
            sure = abs(away) - self.points > max(least, CLEAR_ERRORS * max(block.error_percent, scatter))
            # Low blocks at the start belong to a pool that still fills up.
            filled = filled or not (sure and away < 0)
            found.append((1 if away > 0 else -1) if sure and filled else 0)
        return tuple(found) if any(found) else ()

    @cached_property
    def left(self) -> bool:
        """Whether the level left its band: two bursts in a row, one block of many samples, or a third."""
        dense = any(len(block.samples) > 1 for block in self.blocks)
        if any(side and (dense or side == after) for side, after in pairwise((*self.clear, 0))):
            return True
        error = CLEAR_ERRORS * self.scatter / math.sqrt(len(self.blocks) // 3)
        enough_blocks = len(self.blocks) >= FEWEST_OF_THIRDS
        return enough_blocks and self.wanders and max(self.thirds) - self.points > error

    @cached_property
    def thirds(self) -> tuple[float, ...]:
        """How far the mean of each third of the window is from the overall mean."""
        third, middle = len(self.means) // 3, statistics.fmean(self.means)
        parts = (self.means[:third], self.means[third:-third], self.means[-third:])
        return tuple(abs(statistics.fmean(part) - middle) for part in parts)

    @cached_property
    def only_wanders(self) -> bool:
        """Whether the blocks only fluctuate: none farther out than chance allows, and no third outside."""
        widest = abs(self.farthest.mean_percent - self.median)
        level = self.wanders and len(self.blocks) >= FEWEST_OF_THIRDS
        return level and max(self.thirds) <= self.points and widest <= WIDEST * self.scatter


def _by_chance_percent(blocks: Sequence[PoolBlock]) -> float:
    """Return the scatter (percentage points) of single readings if connections are independent (Poisson)."""
    levels = [level for block in blocks for level in block.levels]
    size = statistics.fmean(level.limit for level in levels)
    return 100 * math.sqrt(statistics.fmean(level.used for level in levels)) / size
