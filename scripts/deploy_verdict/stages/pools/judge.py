"""Pools: can the gauge be read and trusted, how full was the pool, did it grow, did it stay level? Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.pools.pool_samples import PoolSample
from deploy_verdict.model import Finding, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.health.judge import judge_beside
from deploy_verdict.stages.health.judge_pool_readings import judge_pool_readings
from deploy_verdict.stages.pools.judge_blocks import enough, short_of
from deploy_verdict.stages.pools.judge_floor import judge_cycles, judge_floor
from deploy_verdict.stages.pools.judge_gauge import judge_gauge, rests_on_doubt
from deploy_verdict.stages.pools.judge_growth import judge_growth
from deploy_verdict.stages.pools.judge_levels import judge_bands, judge_stability
from deploy_verdict.stages.pools.judge_limit import judge_copies, judge_limit
from deploy_verdict.stages.pools.judge_server import judge_server


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


def judge_pools_and_beside(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """Judge the pools, the health checks beside their samples, and the checks that pool readings answer."""
    return [*judge_pools(bundle), *judge_beside(bundle), *judge_pool_readings(bundle)]
