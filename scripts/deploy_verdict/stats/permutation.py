"""Fisher's exact permutation tests: does one side lie higher than the other, by more than chance? Pure.

Two bursts of readings: without a difference, each way to deal the blocks' means to them is as likely as the
observed one. Consecutive readings are correlated for as long as a connection is held, so blocks of them are
dealt, not readings.

Pairs: if the two sides are alike, every difference could equally have the other sign. Differences are rounded
to 1/200 of the largest, so that all signs can be counted exactly even for sixty of them: a coarser measure,
but an exact test.
"""

import itertools
import statistics
from collections import Counter
from collections.abc import Sequence

BLOCKS = 6


def p_of_rise(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the one-sided p-value, 0 to 1; with six blocks each at least 1/924. Without readings it is 1."""
    first, second = _blocks(before), _blocks(after)
    if not first or not second:
        return 1.0
    every, number = (*first, *second), len(second)
    observed = _share_above(every, tuple(range(len(first), len(every))))
    dealt = [_share_above(every, chosen) for chosen in itertools.combinations(range(len(every)), number)]
    return sum(share >= observed - 1e-9 for share in dealt) / len(dealt)


def noise_of_floor(*bursts: Sequence[float]) -> float:
    """Return how much of a burst's floor is chance: by how much the floors of its thirds differ from it."""
    return max((max(map(min, _blocks_of(burst, 3))) - min(burst) for burst in bursts if burst), default=0.0)


def _blocks(readings: Sequence[float]) -> tuple[float, ...]:
    return tuple(statistics.fmean(block) for block in _blocks_of(readings, BLOCKS))


def _blocks_of(readings: Sequence[float], wanted: int) -> list[Sequence[float]]:
    """Return as many blocks as possible, in the order of time, as even as possible."""
    number = min(wanted, len(readings))
    edges = [len(readings) * index // number for index in range(number + 1)] if number else []
    return [readings[start:end] for start, end in itertools.pairwise(edges)]


def _share_above(every: Sequence[float], chosen: Sequence[int]) -> float:
    """Return the mean of the chosen values minus that of the others."""
    inside = [every[index] for index in chosen]
    return statistics.fmean(inside) - (sum(every) - sum(inside)) / (len(every) - len(inside))


STEPS = 200


def chance_of_higher(differences: Sequence[float]) -> float:
    """Return the probability of a sum this high if each sign is the toss of a coin."""
    largest = max((abs(item) for item in differences), default=0.0)
    if largest == 0:
        return 1.0
    steps = [round(STEPS * item / largest) for item in differences]
    sums = Counter({0: 1})
    for step in steps:
        flipped: Counter[int] = Counter()
        for value, count in sums.items():
            flipped[value + step] += count
            flipped[value - step] += count
        sums = flipped
    total = sum(steps)
    high = sum(count for value, count in sums.items() if value >= total)
    return float(high / 2 ** len(steps))
