"""The Mann-Kendall test for growth: does a series rise more often than chance would have it? Pure.

Mann (1945), Kendall (1975): S is the number of pairs that rise less the number that fall; its variance is
corrected for ties, and z for continuity. Nothing is assumed of the values' distribution, but they must be
independent: take readings together to blocks first.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

ALPHA = 0.05


def score(values: Sequence[float]) -> int:
    """S: rising pairs less falling ones."""
    return sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))


def variance(values: Sequence[float]) -> float:
    """The variance of S without a trend: [n(n-1)(2n+5) - sum of t(t-1)(2t+5) over groups of t ties] / 18."""
    n = len(values)
    ties = sum(count * (count - 1) * (2 * count + 5) for count in Counter(values).values())
    return (n * (n - 1) * (2 * n + 5) - ties) / 18


def p_of_growth(values: Sequence[float]) -> float:
    """One-sided: how likely a series without growth rises as much as this one. Small is growth."""
    found, spread = score(values), variance(values)
    z = 0.0 if found == 0 or spread == 0 else (found - math.copysign(1, found)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))


def shown_p(p: float) -> str:
    """p as a reader takes it: never "0.000"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
