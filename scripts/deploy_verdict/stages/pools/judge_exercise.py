"""Did a pool's gauge show our own load? Pure.

Load and rest take turns, so a gauge that does not follow the pool is higher under load as often as not.
Fisher's permutation test on the rounds' differences, exactly: all signs are equally likely then.
"""

import itertools
import statistics
from collections.abc import Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, passed, unknown
from deploy_verdict.evidence.platform_views import readings_of
from deploy_verdict.evidence.pool_samples import PoolLevel, level_of
from deploy_verdict.evidence.stopped import stopped_by_p0
from deploy_verdict.model import ExerciseObservation, ExerciseRound, Reading
from deploy_verdict.plan import Exercise, Pool

# A gauge that does not follow the pool passes for one that does in so few of all exercises.
CHANCE = 0.01
FEWEST_ROUNDS = 7
ANSWERED_SHARE = 0.8


def judge_exercise(bundle: Bundle, pool: Pool, exercise: Exercise) -> Ruling:
    """Whether the newest complete exercise proves the gauge: a pass, or not known."""
    found = readings_of(bundle, "exercise", ExerciseObservation, pool.name)
    if not found:
        stopped = stopped_by_p0(bundle, "exercise")
        return unknown(f"our load was not sent: {stopped or 'the evidence holds none'}")
    complete = [item for item in found if not item[1].interrupted] or found
    pointer, observed = complete[-1]
    reason = _unfit(observed, exercise)
    return (unknown(reason) if reason else _risen(pool, observed)).at(pointer)


def _unfit(observed: ExerciseObservation, exercise: Exercise) -> str | None:
    """Why the exercise proves nothing, whatever the gauge showed."""
    if observed.held_back:
        return f"our load was held back: {observed.held_back}"
    if observed.interrupted:
        return f"our load was interrupted after {len(observed.rounds)} rounds"
    bad = [answer for answer in observed.answers if answer.fault is not None or (answer.status or 599) >= 500]
    good = len(observed.answers) - len(bad)
    if good < ANSWERED_SHARE * exercise.requests:
        first = bad[0] if bad else None
        why = first.fault.detail if first and first.fault else f"status {first.status}" if first else ""
        text = f"only {good} of the {exercise.requests} requests of our load were answered"
        return f"{text} ({why})" if why else text
    return None


def _risen(pool: Pool, observed: ExerciseObservation) -> Ruling:
    rounds = [item for item in (_means(pool, one) for one in observed.rounds) if item is not None]
    if len(rounds) < FEWEST_ROUNDS:
        count = f"{len(rounds)} of {len(observed.rounds)} rounds of load"
        return unknown(f"{count} can be read; the test needs {FEWEST_ROUNDS}")
    busy, rest = (statistics.fmean(values) for values in zip(*rounds, strict=True))
    if chance([under_load - after for under_load, after in rounds]) <= CHANCE:
        return passed(f"{observed.at_once} requests at once raised it from {rest:.1f} to {busy:.1f}")
    step = _step(pool, observed)
    if step is not None:
        rose = f"raised it from {step[0]:g} to {step[1]:g}, and it stayed there"
        return passed(f"{observed.at_once} requests at once {rose}")
    text = f"{observed.at_once} requests at once did not show in it ({busy:.1f} with them, {rest:.1f} without"
    return unknown(f"{text}): it is a copy, or they use no connection of this pool")


def chance(differences: Sequence[float]) -> float:
    """How often a sum as high as this comes of these differences when load or rest is a coin's toss."""
    total = sum(differences) - 1e-9
    signs = itertools.product((1, -1), repeat=len(differences))
    high = sum(
        sum(sign * item for sign, item in zip(one, differences, strict=True)) >= total for one in signs
    )
    return float(high / 2 ** len(differences))


def _means(pool: Pool, one: ExerciseRound) -> tuple[float, float] | None:
    """The round's mean under load and at rest; None where a reading is no number."""
    busy, rest = (_used(pool, readings) for readings in (one.busy, one.rest))
    return (statistics.fmean(busy), statistics.fmean(rest)) if busy and rest else None


def _used(pool: Pool, readings: Sequence[Reading]) -> list[float]:
    """All or nothing."""
    levels = [
        level for level in (level_of(pool, reading) for reading in readings) if isinstance(level, PoolLevel)
    ]
    return [level.used for level in levels] if len(levels) == len(readings) else []


def _step(pool: Pool, observed: ExerciseObservation) -> tuple[float, float] | None:
    """From what to what a gauge of opened connections rose with the first load, and stayed."""
    first = _used(pool, observed.rounds[0].before)
    after = [
        value
        for number, one in enumerate(observed.rounds)
        for value in _used(pool, one.rest if number == 0 else (*one.before, *one.busy, *one.rest))
    ]
    if not first or not after or min(after) - max(first) < observed.at_once / 2:
        return None
    return max(first), min(after)
