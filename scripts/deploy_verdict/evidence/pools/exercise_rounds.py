"""What an exercise's rounds show of a gauge: higher under our load, not at all, or independent of it. Pure.

Load and rest take turns, so a gauge that does not follow the pool is higher under load as often as not. More
rounds follow until it is proven: each look at them may err a little, and all looks together in one of a
hundred exercises.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.pools.pool_samples import PoolLevel, level_of
from deploy_verdict.model import ExerciseRound, Reading
from deploy_verdict.plan import Exercise, Pool
from deploy_verdict.stats.signs import chance_of_higher

# A gauge that does not follow the pool passes for one that does in so few of all exercises.
CHANCE = 0.01
FIRST_SHARE = 0.5
FEWEST_ROUNDS = 7
# So many rounds in which it moved, and not with our load, speak against it; fewer say too little. Where only
# one chance in twenty would have it so much higher with our load, it is not independent of it either.
CLEARLY_MOVED, TOWARDS = 10, 0.05


@dataclass(frozen=True)
class Response:
    """Of all rounds that can be read: their means, and whether any look proved the gauge."""

    differences: tuple[float, ...]
    busy: float
    rest: float
    is_proven: bool

    @property
    def is_enough(self) -> bool:
        """Whether the test can say anything."""
        return len(self.differences) >= FEWEST_ROUNDS

    @property
    def silent(self) -> int:
        """In how many rounds the gauge was the same with our load as without."""
        return sum(item == 0 for item in self.differences)

    @property
    def moved(self) -> int:
        """In how many rounds it was another."""
        return len(self.differences) - self.silent

    @property
    def is_against(self) -> bool:
        """Whether it moved, and not with our load."""
        return self.moved >= CLEARLY_MOVED and chance_of_higher(self.differences) > TOWARDS


def response_of(pool: Pool, exercise: Exercise, rounds: Sequence[ExerciseRound]) -> Response:
    """Of the rounds that can be read."""
    means = [item for item in (_means(pool, one) for one in rounds) if item is not None]
    busy, rest = (statistics.fmean(values) for values in zip(*means, strict=True)) if means else (0.0, 0.0)
    differences = tuple(under_load - after for under_load, after in means)
    return Response(differences, busy, rest, is_proven(exercise, differences))


def is_proven(exercise: Exercise, differences: Sequence[float]) -> bool:
    """Whether any look at the rounds so far proved it."""
    looks = exercise.looks
    for place, count in enumerate(looks):
        share = (
            1.0 if len(looks) == 1 else FIRST_SHARE if place == 0 else (1 - FIRST_SHARE) / (len(looks) - 1)
        )
        # The last look takes what there is: of rounds that could not be read, none count.
        seen = differences[:count]
        if len(seen) >= FEWEST_ROUNDS and chance_of_higher(seen) <= share * CHANCE:
            return True
        if len(differences) <= count:
            break
    return False


def _means(pool: Pool, one: ExerciseRound) -> tuple[float, float] | None:
    """The round's mean under load and at rest; None where a reading is no number."""
    busy, rest = (used_in(pool, readings) for readings in (one.busy, one.rest))
    return (statistics.fmean(busy), statistics.fmean(rest)) if busy and rest else None


def used_in(pool: Pool, readings: Sequence[Reading]) -> list[float]:
    """All or nothing."""
    levels = [
        level for level in (level_of(pool, reading) for reading in readings) if isinstance(level, PoolLevel)
    ]
    return [level.used for level in levels] if len(levels) == len(readings) else []


def step_of(pool: Pool, at_once: int, rounds: Sequence[ExerciseRound]) -> tuple[float, float] | None:
    """From what to what a gauge of opened connections rose with the first load, and stayed."""
    first = used_in(pool, rounds[0].before)
    after = [
        value
        for number, one in enumerate(rounds)
        for value in used_in(pool, one.rest if number == 0 else (*one.before, *one.busy, *one.rest))
    ]
    if not first or not after or min(after) - max(first) < at_once / 2:
        return None
    return max(first), min(after)
