"""Fisher's permutation test on differences: is one side of each pair higher beyond chance? Pure.

If the two sides are alike, every difference could equally have the other sign. Differences are rounded to
1/200 of the largest, so that all signs can be counted exactly even for sixty of them: a coarser measure, but
an exact test.
"""

from collections import Counter
from collections.abc import Sequence

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
