"""What the rounds of an exercise show: a gauge that is higher under load, unmoved, or independent of it.

Pure.

Load and rest alternate, so a gauge that does not follow the pool is higher under load as often as not. More
rounds follow until the gauge is proven. The test is repeated after each batch, and all repetitions together
err in one of a hundred exercises.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of
from deploy_verdict.model import ExerciseRound, Reading
from deploy_verdict.plan import Exercise, Pool
from deploy_verdict.stats.permutation import chance_of_higher

# The probability that a gauge which does not follow the pool is taken for one that does, over an exercise.
CHANCE = 0.01
FIRST_SHARE = 0.5
FEWEST_ROUNDS = 7
# A gauge that moved in this many rounds, and not with our load, is refuted; fewer rounds say too little. If
# chance would make it this much higher under load only once in twenty, it is not independent either.
CLEARLY_MOVED, TOWARDS = 10, 0.05


@dataclass(frozen=True)
class Response:
    """The rounds that can be read: their means, and whether any repetition of the test proved the gauge."""

    differences: tuple[float, ...]
    busy: float
    rest: float
    is_proven: bool

    @property
    def is_enough(self) -> bool:
        """Whether there are enough rounds for the test."""
        return len(self.differences) >= FEWEST_ROUNDS

    @property
    def silent(self) -> int:
        """The number of rounds in which the gauge was the same with our load as without."""
        return sum(item == 0 for item in self.differences)

    @property
    def moved(self) -> int:
        """The number of rounds in which the gauge differed with our load."""
        return len(self.differences) - self.silent

    @property
    def is_against(self) -> bool:
        """Whether the gauge moved, and not with our load."""
        return self.moved >= CLEARLY_MOVED and chance_of_higher(self.differences) > TOWARDS


def response_of(pool: Pool, exercise: Exercise, rounds: Sequence[ExerciseRound]) -> Response:
    """Return what the readable rounds show."""
    means = [item for item in (_means(pool, one) for one in rounds) if item is not None]
    busy, rest = (statistics.fmean(values) for values in zip(*means, strict=True)) if means else (0.0, 0.0)
    differences = tuple(under_load - after for under_load, after in means)
    return Response(differences, busy, rest, is_proven(exercise, differences))


def is_proven(exercise: Exercise, differences: Sequence[float]) -> bool:
    """Return whether the test succeeded after any batch of rounds so far."""
    first, *later = exercise.proof_rounds
    shares = [FIRST_SHARE, *((1 - FIRST_SHARE) / len(later) for _ in later)] if later else [1.0]
    for count, share in zip((first, *later), shares, strict=True):
        # The last batch takes the rounds there are; unreadable ones do not count.
        seen = differences[:count]
        if len(seen) >= FEWEST_ROUNDS and chance_of_higher(seen) <= share * CHANCE:
            return True
        if len(differences) <= count:
            break
    return False


def _means(pool: Pool, one: ExerciseRound) -> tuple[float, float] | None:
    """Return the mean use of a round under load and at rest; None if a reading is not a number."""
    busy, rest = (used_in(pool, readings) for readings in (one.busy, one.rest))
    return (statistics.fmean(busy), statistics.fmean(rest)) if busy and rest else None


def used_in(pool: Pool, readings: Sequence[Reading]) -> list[float]:
    """Return the use in each reading; empty if any reading cannot be read."""
    levels = [
        level for level in (level_of(pool, reading) for reading in readings) if isinstance(level, PoolLevel)
    ]
    return [level.used for level in levels] if len(levels) == len(readings) else []


def step_of(pool: Pool, at_once: int, rounds: Sequence[ExerciseRound]) -> tuple[float, float] | None:
    """Return the values between which a gauge of opened connections rose with the first load and stayed."""
    first = used_in(pool, rounds[0].before)
    after = [
        value
        for number, one in enumerate(rounds)
        for value in used_in(pool, one.rest if number == 0 else (*one.before, *one.busy, *one.rest))
    ]
    if not first or not after or min(after) - max(first) < at_once / 2:
        return None
    return max(first), min(after)
