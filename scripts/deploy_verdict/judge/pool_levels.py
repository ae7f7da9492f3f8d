"""How full was a pool at each sample, and did it stay level? Pure.

A single reading over a limit is noise in a busy pool: of 720 readings of a healthy one, 31 % of windows
have one at 80 %. What counts is a burst's mean, or a tenth of its readings; and where samples are single
readings, those of their block.
"""

import statistics
from collections.abc import Iterator, Sequence

from deploy_verdict.blocks import WARM_UP_S
from deploy_verdict.judge.pool_blocks import BURST_READINGS, PoolBlock, enough, pool_blocks, told
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.pool_samples import Level, PoolSample
from deploy_verdict.units import shown_duration, shown_offset

SPIKE_SHARE = 0.1
# A block is outside of its band beyond doubt by two standard errors; or when so many blocks are outside.
CLEAR_ERRORS = 2.0
MANY, MANY_SHARE = 3, 0.25

Result = tuple[Outcome, Severity | None, str, PoolSample | None]


def judge_bands(pool: Pool, samples: Sequence[PoolSample]) -> Iterator[tuple[PoolSample, Result]]:
    """Each sample with its result."""
    blocks = {
        sample.offset_s: block for block in pool_blocks(samples, warm_up_s=0.0) for sample in block.samples
    }
    for sample in samples:
        result = _band(pool, sample, sample.levels)
        block = blocks[sample.offset_s]
        lone = sample.planned_readings >= BURST_READINGS or len(block.samples) == 1
        if result[0] is Outcome.FAIL and enough(sample) and not lone:
            result = _confirmed(pool, sample, block, result)
        yield sample, result


def _confirmed(pool: Pool, sample: PoolSample, block: PoolBlock, result: Result) -> Result:
    """A fail of a few readings stands only where its whole block fails too."""
    of_block = _band(pool, sample, block.levels)
    if of_block[0] is Outcome.FAIL:
        return of_block
    text = f"{sample.mean_percent:.1f} % at {shown_offset(sample.offset_s)}, but"
    return (
        Outcome.PASS,
        None,
        f"{text} {block.mean_percent:.1f} % in its {len(block.levels)} readings",
        sample,
    )


def _band(pool: Pool, sample: PoolSample, levels: Sequence[Level]) -> Result:
    if not enough(sample):
        if sample.target_failed:
            return Outcome.FAIL, Severity.P1, told(sample), sample
        return Outcome.INCONCLUSIVE, None, told(sample), sample
    mean = sum(level.percent for level in levels) / len(levels)
    high = sum(level.percent >= pool.critical for level in levels)
    text = f"{mean:.1f} % at {shown_offset(sample.offset_s)}"
    if mean >= pool.critical:
        return Outcome.FAIL, Severity.P1, f"{text} (critical from {pool.critical:g} %)", sample
    if high >= max(2.0, SPIKE_SHARE * len(levels)):
        spikes = f"{high} of {len(levels)} readings at {pool.critical:g} % or more"
        return Outcome.FAIL, Severity.P1, f"{text} on average, {spikes}", sample
    if mean >= pool.attention:
        return Outcome.FAIL, Severity.P2, f"{text} (attention from {pool.attention:g} %)", sample
    return Outcome.PASS, None, text, sample


def judge_stability(pool: Pool, samples: Sequence[PoolSample]) -> Result:
    """Every block's mean within so many points of their median; the warm-up is left out.

    A mean of a burst is not exact: outside by less than its own error is neither in nor out.
    """
    planned = pool_blocks(samples)
    seen = [block for block in planned if block.seen]
    warm = shown_duration(WARM_UP_S)
    if not seen:
        unread = next((sample for sample in samples if not enough(sample)), None)
        why = told(unread) if unread else f"there is no sample after the first {warm}"
        return Outcome.INCONCLUSIVE, None, why, unread
    band = pool.stays_within
    points, severity = (band.points, band.severity) if band else (100.0, None)
    median = statistics.median(block.mean_percent for block in seen)
    far = max(seen, key=lambda block: abs(block.mean_percent - median))
    outside = [block for block in seen if abs(block.mean_percent - median) > points]
    clear = [
        block
        for block in outside
        if abs(block.mean_percent - median) - points > CLEAR_ERRORS * block.error_percent
    ]
    sample = far.samples[0]
    where = f"{far.mean_percent:.1f} % at {shown_offset(sample.offset_s)}, median {median:.1f} %"
    if clear or len(outside) >= max(MANY, MANY_SHARE * len(seen)):
        return Outcome.FAIL, severity, f"{where} ({len(outside)} of {len(seen)} blocks outside)", sample
    if outside:
        text = f"{where}: that far by chance too, as readings of this pool scatter"
        return Outcome.INCONCLUSIVE, None, text, sample
    unread = next((sample for sample in samples if not enough(sample)), None)
    if unread is not None:
        text = f"not known, as a sample could not be read: {told(unread)}"
        return Outcome.INCONCLUSIVE, None, text, unread
    widest = abs(far.mean_percent - median)
    text = f"within ± {widest:.1f} points of {median:.1f} % after the first {warm}"
    return Outcome.PASS, None, text, None
