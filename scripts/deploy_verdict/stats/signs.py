"""Fisher's permutation test on differences: is one side of each pair higher beyond chance? Pure.

When the two sides are alike, every difference is as likely to have the other sign. Differences are taken in
steps of 1/200 of the largest, so that all signs can be counted exactly for sixty of them too: a coarser
measure of the same thing, and as exact a test.
"""

from collections import Counter
from collections.abc import Sequence

STEPS = 200


def chance_of_higher(differences: Sequence[float]) -> float:
    """How often a sum as high as this comes of these differences when each sign is a coin's toss."""
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
