"""A pool's samples in blocks: the unit for trend, band and level. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, PoolSample
from deploy_verdict.stats.blocks import BLOCK_S, WARM_UP_S, block_offsets
from deploy_verdict.stats.growth import Block
from deploy_verdict.stats.scatter import likeness

GOOD_SHARE = 0.5
# "It does not grow" needs this share of the planned blocks, and the last of them.
FEWEST_READ = 7 / 9
FLOOR_SHARE = 0.1
# A sample of fewer readings is not a burst: it has neither a floor nor a spike.
BURST_READINGS = 10


def enough(sample: PoolSample) -> bool:
    """Return whether at least half of the planned readings are good."""
    return len(sample.levels) >= max(1.0, GOOD_SHARE * sample.planned_readings)


def short_of(sample: PoolSample) -> str:
    """Return why a sample is not complete, with its offset."""
    why = "; ".join(sample.reasons) or f"{sample.readings} of {sample.planned_readings} readings taken"
    return f"{shown_offset(sample.offset_s)}: {why}"


@dataclass(frozen=True)
class PoolBlock:
    """The samples of one planned block, including missed ones."""

    samples: tuple[PoolSample, ...]

    @property
    def is_read(self) -> bool:
        """Whether at least half of its samples can be read."""
        return 2 * sum(enough(sample) for sample in self.samples) >= len(self.samples)

    @cached_property
    def levels(self) -> tuple[PoolLevel, ...]:
        """All good readings."""
        return tuple(level for sample in self.samples for level in sample.levels)

    @cached_property
    def percents(self) -> tuple[float, ...]:
        """The utilization of each good reading, in percent."""
        return tuple(percent for sample in self.samples for percent in sample.percents)

    @cached_property
    def mean_percent(self) -> float:
        """The mean utilization, in percent."""
        return statistics.fmean(self.percents)

    @cached_property
    def error_percent(self) -> float:
        """The standard error of the mean utilization, in percentage points.

        Consecutive readings resemble each other, so n of them count as n (1 - r) / (1 + r), where r is the
        correlation of neighbours (Bayley and Hammersley 1946, for a first-order process).
        """
        values = self.percents
        r, n = likeness(values), len(values)
        if r is None:
            return 0.0
        alike = min(max(r, 0.0), 0.95)
        return math.sqrt(statistics.variance(values) / max(1.0, n * (1 - alike) / (1 + alike)))

    @property
    def span_s(self) -> tuple[float, float]:
        """The offsets of its first and last sample, in seconds."""
        return self.samples[0].offset_s, self.samples[-1].offset_s

    @property
    def block(self) -> Block:
        """The block as a point of a series.

        Its floor is the mean floor of its bursts. Where samples are single readings it is their 10th
        percentile, as the lowest of hundreds of readings is an accident.
        """
        read = [sample for sample in self.samples if sample.levels]
        if read[0].planned_readings >= BURST_READINGS or len(self.samples) == 1:
            floor = statistics.fmean(sample.floor_used for sample in read)
        else:
            used = sorted(level.used for level in self.levels)
            floor = used[int(FLOOR_SHARE * (len(used) - 1))]
        mean = statistics.fmean(level.used for level in self.levels)
        return Block(at_h=(read[0].offset_s + read[-1].offset_s) / 7200, floor=floor, mean=mean)


def pool_blocks(
    samples: Sequence[PoolSample], warm_up_s: float = WARM_UP_S, block_s: float = BLOCK_S
) -> tuple[PoolBlock, ...]:
    """Return every planned block after the warm-up."""
    by_offset = {sample.offset_s: sample for sample in samples}
    planned = block_offsets([sample.offset_s for sample in samples], warm_up_s, block_s)
    return tuple(PoolBlock(tuple(by_offset[offset_s] for offset_s in block)) for block in planned)


def unread_blocks(blocks: Sequence[PoolBlock]) -> str | None:
    """Return why these blocks cannot show that nothing grows, or None: it takes 7 of 9, and the last one."""
    unread = [block for block in blocks if not block.is_read]
    if not unread:
        return None
    count = len(blocks) - len(unread)
    first = next(sample for sample in unread[0].samples if not enough(sample))
    if blocks[-1] is unread[-1]:
        last = next(sample for sample in blocks[-1].samples if not enough(sample))
        return f"the window's end could not be read: {short_of(last)}"
    if count < FEWEST_READ * len(blocks) - 1e-9:
        return f"only {count} of {len(blocks)} blocks could be read: {short_of(first)}"
    return None


# The median likeness of nine simulated bursts of 30 readings in 30 s: 0.32 to 0.65 if connections are held
# for 2 s, at least 0.57 for 10 s, at least 0.63 for 30 s (each in 99 of 100 windows).
ALIKE = 0.65
FEWEST_BURSTS = 3


def are_single(samples: Sequence[PoolSample]) -> bool:
    """Return whether each burst counts as one reading, as its readings are nearly alike.

    The median burst decides, which no single jump or leak moves. Only bursts of the largest size count: those
    in between have few readings, seconds apart.
    """
    most = max((sample.planned_readings for sample in samples), default=0)
    bursts = [
        sample
        for sample in samples
        if sample.planned_readings == most and len(sample.levels) >= BURST_READINGS
    ]
    found = [burst.likeness for burst in bursts if burst.likeness is not None]
    return len(found) >= FEWEST_BURSTS and statistics.median(found) >= ALIKE
