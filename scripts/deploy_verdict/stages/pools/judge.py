"""Pools: can the gauge be read and believed, how full was it, and does it grow or swing? Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import made
from deploy_verdict.evidence.pool_samples import PoolSample
from deploy_verdict.model import Finding, Outcome, Severity
from deploy_verdict.plan import Pool, ReturnToFloor
from deploy_verdict.stages.health.judge import judge_beside
from deploy_verdict.stages.pools.judge_blocks import enough, told
from deploy_verdict.stages.pools.judge_floor import broken_cycles, judge_floor
from deploy_verdict.stages.pools.judge_gauge import believed, doubted
from deploy_verdict.stages.pools.judge_growth import judge_growth
from deploy_verdict.stages.pools.judge_levels import judge_bands, judge_stability

_Result = tuple[Outcome, Severity | None, str, PoolSample | None]


def judge_pools(bundle: Bundle) -> Iterator[Finding]:
    """Six questions to each pool; what rests on a gauge that is not believed is not known."""
    gauges = {pool.name: _gauge(bundle, pool) for pool in bundle.plan.pools}
    for finding in _findings(bundle):
        gauge = gauges[finding.check]
        yield doubted(finding, gauge)
        if finding.rule == "samples":
            yield gauge


def _gauge(bundle: Bundle, pool: Pool) -> Finding:
    result, pointer = believed(bundle, pool)
    text = "the gauge moves" if pool.exercise is None else "the gauge moves, and shows our own load"
    finding = _finding(pool, "gauge", text, result)
    return finding.model_copy(update={"evidence": pointer}) if pointer else finding


def _findings(bundle: Bundle) -> Iterator[Finding]:
    """All but the gauge; the band is asked of every sample."""
    growth = judge_growth(bundle)
    for pool in bundle.plan.pools:
        samples = bundle.samples[pool.name]
        yield _finding(pool, "samples", "every sample can be read", _samples(samples))
        for sample, result in judge_bands(pool, samples):
            text = f"utilization < {pool.attention:g} %"
            yield _finding(pool, "band", text, result, offset_s=sample.offset_s)
        yield _finding(pool, "exhaustion", "never exhausted", _exhaustion(samples))
        text = f"no growth that fills it within {shown_duration(pool.safe_for)}"
        yield _finding(pool, "growth", text, growth[pool.name])
        if pool.return_to_floor is not None:
            yield _returned(bundle, pool, pool.return_to_floor)
            yield from _broken(bundle, pool)
        if pool.stays_within is not None:
            text = f"every block within ± {pool.stays_within.points:g} points of the median"
            yield _finding(pool, "stability", text, judge_stability(pool, samples))


def _returned(bundle: Bundle, pool: Pool, asked: ReturnToFloor) -> Finding:
    outcome, severity, actual, pointer = judge_floor(bundle, pool, asked)
    text = f"back to its floor after {asked.cycles:,} cycles of {asked.test}"
    return made(
        "pools",
        (pool.name, "floor"),
        text,
        (outcome, severity, actual),
        because="requests leave connections behind",
        evidence=pointer,
    )


def _broken(bundle: Bundle, pool: Pool) -> Iterator[Finding]:
    """Few failed cycles take nothing from the floor's proof, and are failures of the service all the same."""
    found = broken_cycles(bundle, pool)
    if found is not None:
        yield made(
            "pools",
            (pool.name, "cycles"),
            "no request of the cycles breaks at the service",
            (Outcome.FAIL, Severity.P2, found[0]),
            because="the service broke under its own test's cycles",
            evidence=found[1],
        )


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


def _samples(samples: Sequence[PoolSample]) -> _Result:
    silent = [sample for sample in samples if sample.target_failed]
    if silent:
        worst = min(silent, key=lambda sample: len(sample.levels))
        severity = Severity.P2 if enough(worst) else Severity.P1
        return Outcome.FAIL, severity, told(worst), worst
    unread = [sample for sample in samples if not enough(sample) or sample.unreadable]
    if unread:
        also = f" (and {len(unread) - 1} more samples)" if len(unread) > 1 else ""
        return Outcome.INCONCLUSIVE, None, told(unread[0]) + also, unread[0]
    readings = sum(len(sample.levels) for sample in samples)
    return Outcome.PASS, None, f"{readings} readings in {len(samples)} samples", None


def _exhaustion(samples: Sequence[PoolSample]) -> _Result:
    full = [sample for sample in samples if any(level.used >= level.limit for level in sample.levels)]
    if full:
        level = max(full[0].levels, key=lambda item: item.percent)
        used = f"{level.used:g} of {level.limit:g} in use"
        where = full[0]
        text = f"{used} at {shown_offset(where.offset_s)} ({len(full)} of {len(samples)} samples)"
        return Outcome.FAIL, Severity.P1, text, where
    unread = next((sample for sample in samples if not enough(sample)), None)
    if unread is not None:
        text = f"not known, as a sample could not be read: {told(unread)}"
        return Outcome.INCONCLUSIVE, None, text, unread
    peak = max(sample.peak_used for sample in samples)
    return Outcome.PASS, None, f"at most {peak:g} in use", None


def judge_pools_and_beside(bundle: Bundle, findings: Sequence[Finding] = ()) -> list[Finding]:
    """The pools, and the health checks that are asked beside each of their samples."""
    return [*judge_pools(bundle), *judge_beside(bundle)]
