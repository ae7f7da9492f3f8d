"""Return to floor: does the pool come back to where it was before N cycles? Pure.

The only rule for pools that the clock does not bound: no rise in N cycles excludes leaks more frequent than
3/N per cycle at 95 %, and a rise is a count, with the bounds of a count. Where others use the pool too, its
floor is one or two higher by chance (in 38 of 100 cases of a busy pool). Such a rise is a leak only if all
readings rose with it, else it is inconclusive; and what can hide in that noise is not claimed to be excluded.
"""

from collections.abc import Sequence

from deploy_verdict.evidence.answers.steps import is_targets_trouble
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of
from deploy_verdict.evidence.stopped import stopped_by_p0
from deploy_verdict.model import FloorObservation, Outcome, Reading, Severity
from deploy_verdict.plan import Pool, ReturnToFloor
from deploy_verdict.stats.bounds import NO_EVENT, at_least, at_most
from deploy_verdict.stats.growth import STATISTICS
from deploy_verdict.stats.permutation import noise_of_floor, p_of_rise
from deploy_verdict.stats.trend import shown_p

# Losing this many connections in one drive exhausts a pool of 20 within hours.
CLEAR_RISE = 3
# At most 1 of 100 drives calls a healthy pool leaking, quiet or busy (docs/explanation/calibration.md).
CHANCE = 0.005
DONE_SHARE, FAILED_SHARE, READ_SHARE = 0.9, 0.01, 0.5


def judge_floor(bundle: Bundle, pool: Pool, drive: ReturnToFloor) -> Ruling:
    """Judge the newest complete drive; a rise in any drive stands."""
    found = readings_of(bundle, "floor", FloorObservation, pool.name)
    if not found:
        stopped = stopped_by_p0(bundle, "floor")
        return unknown(f"the cycles did not run: {stopped or 'the evidence holds none'}")
    rulings = [_judged(pool, drive, driven).at(pointer) for pointer, driven in found]
    complete = [ruling for ruling, (_, driven) in zip(rulings, found, strict=True) if not driven.interrupted]
    risen = [ruling for ruling in rulings if ruling.outcome is Outcome.FAIL]
    return (risen or complete or rulings)[0 if risen else -1]


def judge_cycles(bundle: Bundle, pool: Pool) -> Ruling | None:
    """Fail if the service itself broke in any drive; None if it did not.

    A few failed cycles do not invalidate the floor, but they are failures of the service.
    """
    found = [
        (f"{pointer}/failures/{index}", answer)
        for pointer, driven in readings_of(bundle, "floor", FloorObservation, pool.name)
        for index, answer in enumerate(driven.failures)
        if is_targets_trouble(answer)
    ]
    if not found:
        return None
    pointer, first = found[0]
    why = first.fault.detail if first.fault else f"status {first.status}"
    text = f"{len(found)} requests failed at the service (first: {why})"
    return failed(text, Severity.P2, "the service failed under the cycles of its own test").at(pointer)


def _judged(pool: Pool, drive: ReturnToFloor, driven: FloorObservation) -> Ruling:
    then, now = _used(pool, driven.before), _used(pool, driven.after)
    run = driven.cycles + driven.failed
    if not then or not now:
        when = "before" if not then else "after"
        return unknown(f"the pool's floor {when} the cycles could not be read")
    before, after = min(then), min(now)
    requests = sum(count for tally in driven.tallies for count in tally.answers.values()) + len(
        driven.failures
    )
    did = f"over {run:,} cycles ({requests:,} requests)"
    if after - before >= 1 and requests:
        return _risen(then, now, requests, did)
    doubt = _doubt(drive, driven, run)
    if doubt is not None:
        return unknown(doubt)
    hidden = NO_EVENT + noise_of_floor(then, now)
    excluded = f"leaks more frequent than one in {run / hidden:,.0f} cycles are excluded at 95 %"
    stood = f"stayed at {before:g}" if after == before else f"went from {before:g} to {after:g}"
    return passed(f"the floor {stood} {did}: {excluded}")


def _risen(then: Sequence[float], now: Sequence[float], requests: int, did: str) -> Ruling:
    rise = round(min(now) - min(then))
    text = f"the floor rose from {min(then):g} to {min(now):g} {did}"
    still = min(then) == max(then) and min(now) == max(now)
    chance = p_of_rise(then, now)
    if chance > CHANCE and not still:
        why = f"others used the pool, and chance alone could do this ({shown_p(chance)})"
        return unknown(f"{text}, but {why}: repeat it in a quiet hour or with more cycles")
    severity = Severity.P1 if rise >= CLEAR_RISE else Severity.P2
    often = f"{requests / rise:,.0f} requests"
    bounds = f"{1 / at_most(rise, requests):,.0f} to {1 / at_least(rise, requests):,.0f} at 95 %"
    lost = f"about one connection lost in {often}{STATISTICS}one in {bounds}"
    return failed(f"{text}: {lost}", severity, "requests leave connections behind")


def _doubt(drive: ReturnToFloor, driven: FloorObservation, run: int) -> str | None:
    """Return why a floor that did not rise proves too little, or None."""
    if driven.failed > FAILED_SHARE * run:
        first = driven.failures[-1] if driven.failures else None
        why = (
            first.fault.detail if first and first.fault else f"status {first.status}" if first else "not sent"
        )
        return f"{driven.failed} of {run:,} cycles failed (last: {why})"
    if driven.cycles < DONE_SHARE * drive.cycles:
        why = driven.ended or ("they were interrupted" if driven.interrupted else "no reason is given")
        return f"only {driven.cycles:,} of {drive.cycles:,} cycles ran: {why}"
    if driven.unrestored:
        return f"the test entity was left unrestored: {driven.unrestored[0].reason}"
    return None


def _used(pool: Pool, readings: Sequence[Reading]) -> tuple[float, ...]:
    """Return the use in each reading of a burst, whose lowest is the floor; empty if half are unreadable."""
    levels = [level_of(pool, reading) for reading in readings]
    used = tuple(level.used for level in levels if isinstance(level, PoolLevel))
    return used if len(used) >= max(1.0, READ_SHARE * pool.burst.readings) else ()
