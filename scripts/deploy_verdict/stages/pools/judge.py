"""Pools: can the gauge be read and trusted, how full was the pool, did it grow, did it stay level? Pure.

Did the limit change, and are readings copies from a cache? Did a server that was queried directly keep
running, refuse anybody, run out of memory? A raised limit makes any use look small, so use is judged against
the smallest limit until then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.pool_samples import PoolSample, ServerState
from deploy_verdict.model import BurstObservation, Finding, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.health.judge import judge_beside, judge_pool_readings
from deploy_verdict.stages.pools.judge_blocks import enough, short_of
from deploy_verdict.stages.pools.judge_floor import judge_cycles, judge_floor
from deploy_verdict.stages.pools.judge_gauge import judge_gauge, rests_on_doubt
from deploy_verdict.stages.pools.judge_growth import judge_growth
from deploy_verdict.stages.pools.judge_levels import judge_bands, judge_stability


def judge_pools_and_beside(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Judge the pools, the health checks beside their samples, and the checks that pool readings answer."""
    return [*judge_pools(bundle), *judge_beside(bundle), *judge_pool_readings(bundle)]


def judge_pools(bundle: Bundle) -> Iterator[Finding]:
    """Yield the findings of every pool.

    A pass that rests on an untrusted gauge is left out; the finding about the gauge stands in its place.
    """
    growth = judge_growth(bundle)
    for pool in bundle.plan.pools:
        text = "the gauge moves" if pool.exercise is None else "the gauge moves, and shows our own load"
        gauge = judge_gauge(bundle, pool).as_finding("pools", pool.name, "gauge", text)
        for rule, text, ruling in _rulings(bundle, pool, growth[pool.name]):
            remedied = replace(
                ruling, remedy=ruling.remedy or _remedy(pool, bundle.samples[pool.name], ruling)
            )
            finding = remedied.as_finding("pools", pool.name, rule, text)
            if not rests_on_doubt(finding, gauge):
                yield finding
            if rule == "samples":
                yield gauge


def _remedy(pool: Pool, samples: Sequence[PoolSample], ruling: Ruling) -> str | None:
    """Return how to make the readings readable if they are the ruling's reason, else None."""
    named = (one for one in samples if not enough(one) and one.reasons and one.reasons[0] in ruling.actual)
    sample = next(named, None)
    if sample is None:
        return None
    if sample.limited:
        return f"Raise the rate limit of {pool.name} for this tool, or sample it less often in the plan"
    if sample.unreadable:
        return f"Correct how the plan reads {pool.name}, or the service: {sample.reasons[0]}"
    return None


def _rulings(bundle: Bundle, pool: Pool, growth: Ruling) -> Iterator[tuple[str, str, Ruling]]:
    """Yield (rule, expectation, ruling) for all rules but the gauge's; `band` once for each sample."""
    samples, drive = bundle.samples[pool.name], pool.return_to_floor
    yield "samples", "every sample can be read", judge_samples(samples)
    for band in judge_bands(pool, samples):
        yield "band", f"utilization < {pool.attention:g} %", band
    yield "exhaustion", "never exhausted", judge_exhaustion(samples)
    if pool.asks is not None:
        yield "server", "the server runs on and refuses nobody", judge_server(samples)
    yield "growth", f"no growth that would fill it within {shown_duration(pool.safe_for)}", growth
    limit = judge_limit(pool, samples)
    if limit is not None:
        yield "limit", "the limit stays as it is, or the use is small for the smallest", limit
    for copies in judge_copies(bundle, pool):
        yield "fresh", "the service itself answers", copies
    if drive is not None:
        text = f"back to its floor after {drive.cycles:,} cycles of {drive.test}"
        yield "floor", text, judge_floor(bundle, pool, drive)
        cycles = judge_cycles(bundle, pool)
        if cycles is not None:
            yield "cycles", "no request of the cycles fails at the service", cycles
    if pool.stays_within is not None:
        text = f"every block within ± {pool.stays_within.points:g} points of the median"
        yield "stability", text, judge_stability(pool, samples)


def judge_samples(samples: Sequence[PoolSample]) -> Ruling:
    """Judge whether every sample can be read."""
    silent = [sample for sample in samples if sample.target_failed]
    if silent:
        worst = min(silent, key=lambda sample: len(sample.levels))
        severity = Severity.P2 if enough(worst) else Severity.P1
        because = "the pool's numbers could not be read"
        return failed(short_of(worst), severity, because).at(worst.pointer, worst.offset_s)
    unread = [sample for sample in samples if not enough(sample) or sample.unreadable]
    if unread:
        also = f" (and {len(unread) - 1} more samples)" if len(unread) > 1 else ""
        return unknown(short_of(unread[0]) + also).at(unread[0].pointer, unread[0].offset_s)
    readings = sum(len(sample.levels) for sample in samples)
    return passed(f"{readings} readings in {len(samples)} samples")


# A single full reading among thousands is chance where load fluctuates: half of the healthy, densely sampled
# windows of such a pool have one, a tenth have two in a row (docs/explanation/calibration.md).
FULL_IN_A_ROW = 2


def judge_exhaustion(samples: Sequence[PoolSample]) -> Ruling:
    """Judge whether every connection was in use in consecutive readings.

    A single such reading is inconclusive.
    """
    refused = next((sample for sample in samples if sample.refused_as_full), None)
    if refused is not None:
        why = next(
            (reason for reason in refused.reasons if "no connection left" in reason), refused.reasons[0]
        )
        text = f"{shown_offset(refused.offset_s)}: {why}"
        return failed(text, Severity.P1, "the pool is exhausted").at(refused.pointer, refused.offset_s)
    readings = [(level, sample) for sample in samples for level in sample.levels]
    runs = [
        list(run) for full, run in groupby(readings, key=lambda item: item[0].used >= item[0].limit) if full
    ]
    if runs:
        longest = max(runs, key=len)
        level, first = longest[0]
        used = f"{level.used:g} of {level.limit:g} in use at {shown_offset(first.offset_s)}"
        text = f"{used}, {_share_of_readings(sum(map(len, runs)), len(longest), len(readings))}"
        if len(longest) >= FULL_IN_A_ROW:
            return failed(text, Severity.P1, "the pool is exhausted").at(first.pointer, first.offset_s)
        alone = f"{text}: a single reading may be chance; {FULL_IN_A_ROW} in a row are not"
        return unknown(alone).at(first.pointer, first.offset_s)
    unread = next((sample for sample in samples if not enough(sample)), None)
    if unread is not None:
        text = f"not known, as a sample is unreadable ({short_of(unread)})"
        return unknown(text).at(unread.pointer, unread.offset_s)
    return passed(f"at most {max(sample.peak_used for sample in samples):g} in use")


def _share_of_readings(full: int, in_a_row: int, count: int) -> str:
    if full == count:
        return f"in all {count} readings" if count > 1 else "in the only reading"
    row = f", {in_a_row} of them in a row" if in_a_row < full else ""
    return f"in {full} of {count} readings{row}"


RAISED = "the pool's limit was raised, and its use with it"


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
        return failed(text, Severity.P1, RAISED).at(at.pointer, at.offset_s)
    if worst >= pool.attention:
        return failed(text, Severity.P2, RAISED).at(at.pointer, at.offset_s)
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


# The share of maxmemory at which the next writes are about to be refused, if nothing is evicted.
MEMORY_SHARE = 0.95


def judge_server(samples: Sequence[PoolSample]) -> Ruling:
    """Judge the worst that the server reported in any reading."""
    reports = [(state, sample) for sample in samples for state in sample.states]
    if not reports:
        why = next((reason for sample in samples for reason in sample.reasons), "no reading")
        return unknown(f"the server said nothing of itself: {why}")
    for (before, _), (now, sample) in pairwise(reports):
        up = shown_duration(round(now.up_s))
        if now.born != before.born and now.up_s > max(before.up_s, now.at_s - before.at_s):
            text = f"another server answered at {shown_offset(sample.offset_s)} (up for {up})"
            return unknown(f"{text}: a failover, or several behind one address").at(
                sample.pointer, sample.offset_s
            )
        if now.born != before.born:
            text = f"it restarted: up for {up} at {shown_offset(sample.offset_s)}"
            because = "the server restarted, and every connection with it"
            return failed(text, Severity.P1, because).at(sample.pointer, sample.offset_s)
    for (before, _), (now, sample) in pairwise(reports):
        if now.refused is not None and before.refused is not None and now.refused > before.refused:
            count = now.refused - before.refused
            text = f"it refused {count} connections before {shown_offset(sample.offset_s)}"
            because = "the server has no connections left"
            return failed(text, Severity.P1, because).at(sample.pointer, sample.offset_s)
    full = next(((state, sample) for state, sample in reports if _is_full(state)), None)
    if full is not None:
        state, sample = full
        text = f"{_memory(state)} at {shown_offset(sample.offset_s)}, and it evicts nothing"
        because = "the server runs out of memory and will refuse writes"
        return failed(text, Severity.P1, because).at(sample.pointer, sample.offset_s)
    last = reports[-1][0]
    refused = "" if last.refused is None else ", no connection refused"
    memory = f", {_memory(last)}" if last.memory is not None else ""
    return passed(f"one process, up for {shown_duration(round(last.up_s))} at the end{refused}{memory}")


def _is_full(state: ServerState) -> bool:
    if state.memory is None or not state.most_memory or state.evicts:
        return False
    return state.memory >= MEMORY_SHARE * state.most_memory


def _memory(state: ServerState) -> str:
    used = f"{(state.memory or 0) / 1e6:,.0f} MB"
    return (
        f"{used} of {state.most_memory / 1e6:,.0f} MB of memory" if state.most_memory else f"{used} of memory"
    )
