"""Pools: can the gauge be read and believed, how full was it, and does it grow or swing? Pure."""

import statistics
from collections.abc import Iterator, Sequence

from deploy_verdict.bundle import Bundle
from deploy_verdict.judge.trend import blocks, exhausted_after_h, trend
from deploy_verdict.model import Finding, Outcome, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.pool_samples import PoolSample
from deploy_verdict.units import shown_offset

# A single reading over the limit is noise in a busy pool; a tenth of a burst is not (judging: k of n).
SPIKE_SHARE = 0.1
GOOD_SHARE = 0.5

_Result = tuple[Outcome, Severity | None, str, PoolSample | None]


def judge_pools(bundle: Bundle) -> Iterator[Finding]:
    """Six questions to each pool; the band is asked of every sample."""
    for pool in bundle.plan.pools:
        samples = bundle.samples[pool.name]
        yield _finding(pool, "samples", "every sample can be read", _samples(samples))
        yield _finding(pool, "gauge", "the gauge moves", _gauge(samples))
        for sample in samples:
            text = f"utilization < {pool.attention:g} %"
            yield _finding(pool, "band", text, _band(pool, sample), offset_s=sample.offset_s)
        yield _finding(pool, "exhaustion", "never exhausted", _exhaustion(samples))
        yield _finding(pool, "growth", "no growth over the window", _growth(samples))
        if pool.stays_within is not None:
            text = f"every sample within ± {pool.stays_within.points:g} points of the median"
            yield _finding(pool, "stability", text, _stability(pool, samples))


_BECAUSE = {
    "samples": "the pool's numbers could not be read",
    "band": "the pool is filling up",
    "exhaustion": "the pool is exhausted",
    "growth": "connections grow over the window, as a leak does",
    "stability": "utilization does not stay level",
}


def _finding(pool: Pool, rule: str, text: str, result: _Result, offset_s: float | None = None) -> Finding:
    outcome, severity, actual, sample = result
    return Finding(
        stage="pools",
        check=pool.name,
        rule=rule,
        expectation=text,
        outcome=outcome,
        severity=severity,
        expected=text,
        actual=actual,
        because=_BECAUSE.get(rule) if outcome is Outcome.FAIL else None,
        evidence=sample.pointer if sample else None,
        offset_s=offset_s if sample is None else sample.offset_s,
    )


def _enough(sample: PoolSample) -> bool:
    return len(sample.levels) >= max(1.0, GOOD_SHARE * sample.planned_readings)


def _told(sample: PoolSample) -> str:
    why = "; ".join(sample.reasons) or f"{sample.readings} of {sample.planned_readings} readings were taken"
    return f"{shown_offset(sample.offset_s)}: {why}"


def _samples(samples: Sequence[PoolSample]) -> _Result:
    silent = [sample for sample in samples if sample.target_failed]
    if silent:
        worst = min(silent, key=lambda sample: len(sample.levels))
        severity = Severity.P2 if _enough(worst) else Severity.P1
        return Outcome.FAIL, severity, _told(worst), worst
    unread = [sample for sample in samples if not _enough(sample) or sample.unreadable]
    if unread:
        also = f" (and {len(unread) - 1} more samples)" if len(unread) > 1 else ""
        return Outcome.INCONCLUSIVE, None, _told(unread[0]) + also, unread[0]
    readings = sum(len(sample.levels) for sample in samples)
    return Outcome.PASS, None, f"{readings} readings in {len(samples)} samples", None


def _unread(samples: Sequence[PoolSample]) -> _Result | None:
    """The reason why a question over all samples cannot be answered yes, or None when it can."""
    unread = next((sample for sample in samples if not _enough(sample)), None)
    if unread is None:
        return None
    return Outcome.INCONCLUSIVE, None, f"not known, as a sample could not be read: {_told(unread)}", unread


def _gauge(samples: Sequence[PoolSample]) -> _Result:
    values = [level.used for sample in samples for level in sample.levels]
    if len(values) < 2:
        return Outcome.INCONCLUSIVE, None, "too few readings to see it move", None
    if len(set(values)) == 1:
        told = f"it stood at {values[0]:g} in all {len(values)} readings"
        told += ": a gauge that never moves proves nothing"
        return Outcome.INCONCLUSIVE, None, told, next(sample for sample in samples if sample.levels)
    return Outcome.PASS, None, f"between {min(values):g} and {max(values):g}", None


def _band(pool: Pool, sample: PoolSample) -> _Result:
    if not _enough(sample):
        if sample.target_failed:
            return Outcome.FAIL, Severity.P1, _told(sample), sample
        return Outcome.INCONCLUSIVE, None, _told(sample), sample
    mean = sample.mean_percent
    high = sum(level.percent >= pool.critical for level in sample.levels)
    told = f"{mean:.1f} % at {shown_offset(sample.offset_s)}"
    if mean >= pool.critical:
        return Outcome.FAIL, Severity.P1, f"{told} (critical from {pool.critical:g} %)", sample
    if high >= max(2.0, SPIKE_SHARE * len(sample.levels)):
        spikes = f"{high} of {len(sample.levels)} readings at {pool.critical:g} % or more"
        return Outcome.FAIL, Severity.P1, f"{told} on average, {spikes}", sample
    if mean >= pool.attention:
        return Outcome.FAIL, Severity.P2, f"{told} (attention from {pool.attention:g} %)", sample
    return Outcome.PASS, None, told, sample


def _exhaustion(samples: Sequence[PoolSample]) -> _Result:
    full = [sample for sample in samples if any(level.used >= level.limit for level in sample.levels)]
    if full:
        level = max(full[0].levels, key=lambda item: item.percent)
        told = f"{level.used:g} of {level.limit:g} in use at {shown_offset(full[0].offset_s)}"
        return Outcome.FAIL, Severity.P1, f"{told} ({len(full)} of {len(samples)} samples)", full[0]
    blind = _unread(samples)
    if blind is not None:
        return blind
    peak = max(sample.peak_used for sample in samples)
    return Outcome.PASS, None, f"at most {peak:g} in use", None


def _growth(samples: Sequence[PoolSample]) -> _Result:
    good = [sample for sample in samples if _enough(sample)]
    series = {
        "floor": blocks([sample.floor_used for sample in good], min),
        "mean": blocks([sample.mean_used for sample in good], statistics.fmean),
    }
    found = {name: trend(values) for name, values in series.items()}
    for name, result in found.items():
        if result is not None and result.grows:
            first, last = series[name][0], series[name][-1]
            told = f"{name} in use rose from {first:.1f} to {last:.1f} (Mann-Kendall {result.shown_p})"
            return Outcome.FAIL, Severity.P2, f"{told}; {_ahead(good, result.rise)}", good[-1]
    blind = _unread(samples)
    if blind is not None:
        return blind
    mean = found["mean"]
    if mean is None:
        return Outcome.INCONCLUSIVE, None, f"{len(good)} samples cannot show a trend; it takes 4", None
    return Outcome.PASS, None, f"no significant rise ({mean.rise:+.1f} over the window)", None


def _ahead(good: Sequence[PoolSample], rise: float) -> str:
    """When the pool will be full if it goes on: a range, as a leak is a random walk."""
    hours = (good[-1].offset_s - good[0].offset_s) / 3600
    free = good[-1].levels[-1].limit - good[-1].mean_used
    if free <= 0 or hours <= 0:
        return "the pool is full"
    soonest, latest = exhausted_after_h(rise, hours, free)
    return f"if it goes on, the pool is full {soonest:.1f} to {latest:.1f} h after the last sample"


def _stability(pool: Pool, samples: Sequence[PoolSample]) -> _Result:
    good = [sample for sample in samples if _enough(sample)]
    points = pool.stays_within.points if pool.stays_within else 100.0
    severity = pool.stays_within.severity if pool.stays_within else None
    median = statistics.median(sample.mean_percent for sample in good) if good else 0.0
    far = max(good, key=lambda sample: abs(sample.mean_percent - median), default=None)
    if far is not None and abs(far.mean_percent - median) > points:
        told = f"{far.mean_percent:.1f} % at {shown_offset(far.offset_s)}, median {median:.1f} %"
        return Outcome.FAIL, severity, told, far
    blind = _unread(samples)
    if blind is not None or far is None:
        return blind or (Outcome.INCONCLUSIVE, None, "there is no sample", None)
    widest = abs(far.mean_percent - median)
    return Outcome.PASS, None, f"within ± {widest:.1f} points of {median:.1f} %", None
