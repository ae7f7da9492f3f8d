"""A limit that changes within the window, and readings that are copies from a cache. Pure.

A raised limit makes any use look small, so use is judged against the smallest limit until then.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.model import BurstObservation, Severity
from deploy_verdict.plan import Pool

BECAUSE = "the pool's limit was raised, and its use with it"


def judge_limit(pool: Pool, samples: Sequence[PoolSample]) -> Ruling | None:
    """Judge the use against the smallest limit so far; None if the limit never changes."""
    read = [sample for sample in samples if sample.levels]
    sizes = {level.limit for sample in read for level in sample.levels}
    if len(sizes) < 2:
        return None
    smallest, worst, at = min(level.limit for level in read[0].levels), 0.0, read[0]
    first = smallest
    changed = next(sample for sample in read if any(level.limit != first for level in sample.levels))
    for sample in read:
        smallest = min(smallest, *(level.limit for level in sample.levels))
        percent = 100 * sample.mean_used / smallest
        if percent > worst:
            worst, at = percent, sample
    limits = " and ".join(f"{size:g}" for size in sorted(sizes)[:4])
    text = (
        f"the limit is {limits}, changed by {shown_offset(changed.offset_s)}; of the smallest until then, "
        f"{worst:.0f} % in use at {shown_offset(at.offset_s)}"
    )
    if worst >= pool.critical:
        return failed(text, Severity.P1, BECAUSE).at(at.pointer, at.offset_s)
    if worst >= pool.attention:
        return failed(text, Severity.P2, BECAUSE).at(at.pointer, at.offset_s)
    return passed(text).at(changed.pointer, changed.offset_s)


def judge_copies(bundle: Bundle, pool: Pool) -> Iterator[Ruling]:
    """Yield an inconclusive ruling if readings came from a cache, by their headers."""
    found = readings_of(bundle, "pools", BurstObservation, pool.name)
    readings = [(pointer, reading) for pointer, burst in found for reading in burst.readings]
    copies = [(pointer, reading) for pointer, reading in readings if reading.copy_by is not None]
    if copies:
        pointer, first = copies[0]
        text = f"{len(copies)} of {len(readings)} readings are copies out of a cache ({first.copy_by})"
        yield unknown(f"{text}: they say nothing of the pool").at(pointer, first.offset_s)
