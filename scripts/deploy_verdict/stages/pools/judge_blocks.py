"""A pool's samples in blocks (the unit for trend, band, level), and as the series that may grow. Pure.

Sampled every quarter of an hour, each burst is a point of the series. Sampled densely, the lowest reading in
five minutes is one: load only ever adds to what has leaked, so the floor follows the leak and not the load
(false growth under a diurnal load: 25 % with means, 1 % with floors). A series is split by life of the
process.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.platform.traffic_change import OthersRequests
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, PoolSample
from deploy_verdict.stats.blocks import BLOCK_S, WARM_UP_S, block_offsets
from deploy_verdict.stats.covariate import is_a_ramp, without
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


FLOOR_S = 300.0
# With fewer readings in five minutes, their lowest is an accident.
FLOOR_READINGS = 30
# A new process that gives this share of a burst's responses has joined; with less, it was merely seldom met.
JOINED_SHARE = 0.2


@dataclass(frozen=True)
class GrowthSeries:
    """The series in which growth is looked for.

    `begins_s` has the offset at which each life after the first begins, `why` the reasons. `explained`: what
    requests of others explain is left out. `ramp`: these requests rise steadily, so nothing is left out.
    """

    planned: tuple[PoolBlock, ...]
    blocks: tuple[Block, ...]
    is_dense: bool
    begins_s: tuple[float, ...] = ()
    why: str = ""
    explained: bool = False
    ramp: bool = False
    only_rises: bool = False

    def until(self, last_s: float) -> "GrowthSeries":
        """Return the series as it was when only the samples until `last_s` had been taken."""
        return replace(self, blocks=tuple(block for block in self.blocks if 3600 * block.at_h <= last_s))


def series_of(samples: Sequence[PoolSample], traffic: OthersRequests | None) -> GrowthSeries:
    """Return the series of a pool.

    With `traffic`, what its requests explain is left out of each block, unless these requests are a ramp.
    """
    fine = pool_blocks(samples, block_s=FLOOR_S)
    is_dense = bool(fine) and all(len(block.samples) > 1 for block in fine)
    is_dense = is_dense and min(_readings(block) for block in fine) >= FLOOR_READINGS
    planned = fine if is_dense else pool_blocks(samples)
    begins = lives_of(samples)
    starts_s = tuple(at_s for at_s, _ in begins)
    read = [item for item in planned if item.is_read and not _is_across(item, starts_s)]
    by_floor = is_dense or all(_is_long(sample) for item in planned for sample in item.samples)
    blocks = [_block(item, starts_s, by_floor=by_floor) for item in read]
    series = GrowthSeries(
        planned=planned,
        blocks=tuple(blocks),
        is_dense=is_dense,
        begins_s=starts_s,
        why="; ".join(dict.fromkeys(why for _, why in begins)),
        only_rises=only_rises([level.used for sample in samples for level in sample.levels]),
    )
    if traffic is None or len(blocks) < FEWEST_EXPLAINED:
        return series
    requests = [traffic.around(*item.span_s) for item in read]
    times = [block.at_h for block in blocks]
    if is_a_ramp(times, requests):
        return replace(series, ramp=True)
    floors = without(times, requests, [block.floor for block in blocks])
    means = without(times, requests, [block.mean for block in blocks])
    both = zip(blocks, floors, means, strict=True)
    adjusted = tuple(replace(block, floor=floor, mean=mean) for block, floor, mean in both)
    return replace(series, blocks=adjusted, explained=True)


# A gauge of this kind rises in the second half of the window by at most this share of its total rise.
LATE_SHARE = 0.4


def only_rises(used: Sequence[float]) -> bool:
    """Return whether a gauge never falls and rises ever more slowly.

    A maximum does so, and a count of all connections that were ever opened.
    """
    if len(used) < 2 or any(later < earlier for earlier, later in pairwise(used)):
        return False
    first, middle, last = used[0], used[len(used) // 2], used[-1]
    return last > first and last - middle <= LATE_SHARE * (last - first)


# The fit has three parameters.
FEWEST_EXPLAINED = 6


def _readings(block: PoolBlock) -> int:
    return sum(sample.planned_readings for sample in block.samples)


def _is_long(sample: PoolSample) -> bool:
    """Return whether a burst is spread over minutes, so that it has a floor as dense sampling has."""
    return sample.planned_readings >= FLOOR_READINGS and sample.planned_s >= FLOOR_S


def _block(item: PoolBlock, starts_s: Sequence[float], *, by_floor: bool) -> Block:
    block, life = item.block, sum(start_s <= item.span_s[0] for start_s in starts_s)
    if not by_floor:
        return replace(block, life=life)
    floor = min(level.used for level in item.levels)
    return replace(block, floor=floor, mean=floor, life=life)


def _is_across(item: PoolBlock, starts_s: Sequence[float]) -> bool:
    first_s, last_s = item.span_s
    return any(first_s < start_s <= last_s for start_s in starts_s)


def lives_of(samples: Sequence[PoolSample]) -> list[tuple[float, str]]:
    """Return where each life after the first begins (offset in seconds) and why.

    A life begins with another process, an additional process, a restart of the server, or another limit.
    """
    return sorted([*_processes_begin(samples), *_others_begin(samples)])


def _processes_begin(samples: Sequence[PoolSample]) -> list[tuple[float, str]]:
    """Yield the starts of processes that follow one another; several that answer in turn give none."""
    found, known, every = [], frozenset[str](), frozenset[str]()
    for sample in samples:
        who = _processes_in(sample)
        if who and known and not who & known:
            if who & every:
                return []
            found.append((sample.offset_s, "the process restarted"))
            known = who
        elif who and known and not who <= known:
            found.append((sample.offset_s, "another process joined"))
        known, every = known | who, every | who
    return found


def _others_begin(samples: Sequence[PoolSample]) -> list[tuple[float, str]]:
    found, born, limit = [], None, None
    for sample in samples:
        state = sample.states[-1].born if sample.states else born
        size = sample.levels[-1].limit if sample.levels else limit
        if born is not None and state != born:
            found.append((sample.offset_s, "the server restarted"))
        elif limit is not None and size != limit:
            found.append((sample.offset_s, f"the limit changed from {limit:g} to {size:g}"))
        born, limit = state, size
    return found


def _processes_in(sample: PoolSample) -> frozenset[str]:
    named = sample.processes
    least = JOINED_SHARE * len(named) if len(named) >= BURST_READINGS else 0.0
    return frozenset(who for who in set(named) if named.count(who) >= least)
