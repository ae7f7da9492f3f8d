"""Return to floor: did the pool come back to where it was before so many cycles? Pure.

The only test here that the clock does not bound: no rise in N cycles excludes leaks oftener than 3/N a cycle
at 95 %; a rise is a count, with the bounds of a count (judging facts 1.7).
"""

from collections.abc import Sequence

from deploy_verdict.bundle import Bundle
from deploy_verdict.judge.poisson import NONE_SEEN, at_least, at_most
from deploy_verdict.model import FloorObservation, Outcome, Reading, Severity
from deploy_verdict.plan import Pool, ReturnToFloor
from deploy_verdict.platform_looks import readings_of
from deploy_verdict.pool_samples import Level, level_of

# A floor may be one higher by chance where others use the pool; three are no chance.
CLEAR_RISE = 3
DONE_SHARE, FAILED_SHARE, READ_SHARE = 0.9, 0.01, 0.5

Floored = tuple[Outcome, Severity | None, str, str | None]


def judge_floor(bundle: Bundle, pool: Pool, asked: ReturnToFloor) -> Floored:
    """The newest drive's result; a rise in any of them stays."""
    found = [
        (pointer, seen)
        for pointer, seen in readings_of(bundle, "floor", FloorObservation)
        if seen.check == pool.name
    ]
    if not found:
        return Outcome.INCONCLUSIVE, None, "the cycles were not run: there is no evidence of them", None
    results = [(*_judged(pool, asked, seen), pointer) for pointer, seen in found]
    whole = [result for result, (_, seen) in zip(results, found, strict=True) if not seen.interrupted]
    risen = [result for result in results if result[0] is Outcome.FAIL]
    return (risen or whole or results)[0 if risen else -1]


def _judged(pool: Pool, asked: ReturnToFloor, seen: FloorObservation) -> tuple[Outcome, Severity | None, str]:
    before, after = _floor(pool, seen.before), _floor(pool, seen.after)
    run = seen.cycles + seen.failed
    if before is None or after is None:
        when = "before" if before is None else "after"
        return Outcome.INCONCLUSIVE, None, f"the pool's floor {when} the cycles could not be read"
    requests = sum(count for tally in seen.tallies for count in tally.answers.values()) + len(seen.failures)
    did = f"over {run:,} cycles ({requests:,} requests)"
    if after - before >= 1 and requests:
        severity = Severity.P1 if after - before >= CLEAR_RISE else Severity.P2
        rise = round(after - before)
        often = f"one in {requests / rise:,.0f} requests"
        bounds = f"{1 / at_most(rise, requests):,.0f} to {1 / at_least(rise, requests):,.0f} at 95 %"
        return (
            Outcome.FAIL,
            severity,
            f"the floor rose from {before:g} to {after:g} {did}: {often} ({bounds})",
        )
    doubt = _doubt(asked, seen, run)
    if doubt is not None:
        return Outcome.INCONCLUSIVE, None, doubt
    excluded = f"leaks oftener than one in {run / NONE_SEEN:,.0f} cycles are excluded at 95 %"
    stood = f"stayed at {before:g}" if after == before else f"went from {before:g} to {after:g}"
    return Outcome.PASS, None, f"the floor {stood} {did}: {excluded}"


def _doubt(asked: ReturnToFloor, seen: FloorObservation, run: int) -> str | None:
    """Why a floor that did not rise proves too little."""
    if seen.failed > FAILED_SHARE * run:
        first = seen.failures[-1] if seen.failures else None
        why = (
            first.fault.detail if first and first.fault else f"status {first.status}" if first else "not sent"
        )
        return f"{seen.failed} of {run:,} cycles failed (the last: {why})"
    if seen.cycles < DONE_SHARE * asked.cycles:
        why = seen.ended or ("they were interrupted" if seen.interrupted else "no reason is told")
        return f"only {seen.cycles:,} of {asked.cycles:,} cycles were done: {why}"
    if seen.unrestored:
        return f"the test entity was left to be restored: {seen.unrestored[0].reason}"
    return None


def _floor(pool: Pool, readings: Sequence[Reading]) -> float | None:
    """The lowest of a burst, as use only ever adds to it; None where half of it cannot be read."""
    levels = [level_of(pool, reading) for reading in readings]
    used = [level.used for level in levels if isinstance(level, Level)]
    return min(used) if len(used) >= max(1.0, READ_SHARE * pool.burst.readings) else None
