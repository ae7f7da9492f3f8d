"""The Mann-Kendall test for growth: does a series rise more often than chance would have it? Pure.

Mann (1945), Kendall (1975): S is the number of rising pairs minus that of falling ones; its variance is
corrected for ties, and z for continuity. The values may have any distribution but must be independent: group
readings into blocks first.
"""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the p-values raised so that together they keep the level of one test (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)


ALPHA = 0.05


def score(values: Sequence[float]) -> int:
    """Return S: rising pairs minus falling ones."""
    return sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))


def variance(values: Sequence[float]) -> float:
    """Return S's variance without a trend: [n(n-1)(2n+5) - Σ t(t-1)(2t+5) over groups of t ties] / 18."""
    n = len(values)
    ties = sum(count * (count - 1) * (2 * count + 5) for count in Counter(values).values())
    return (n * (n - 1) * (2 * n + 5) - ties) / 18


def p_of_growth(*lives: Sequence[float]) -> float:
    """Return the one-sided p-value: how likely a series without growth rises as much. Small means growth.

    Several lives of a process rise or fall independently: their S and variances are added, as those of
    seasons are (Hirsch and Slack 1982), and lives are never compared with each other.
    """
    found, spread = sum(map(score, lives)), sum(map(variance, lives))
    z = 0.0 if found == 0 or spread == 0 else (found - math.copysign(1, found)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))


def shown_p(p: float) -> str:
    """Write a p-value for readers; never "0.000"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


Z_95 = statistics.NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, kw_only=True)
class Slope:
    """A slope with its bounds, in units of the series per unit of time."""

    estimate: float
    low: float
    high: float


def theil_sen(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Return Theil and Sen's slope, each bound at 95 %. Times must be distinct, and at least two.

    With many ties the bounds can coincide. That is no certainty, so counts need a bound of their own as well
    (stats/bounds.py).
    """
    return theil_sen_of_lives([(times, values)])


def theil_sen_of_lives(lives: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Slope:
    """Return the slope from pairs within each life only, as with seasons (Hirsch, Slack and Smith 1982)."""
    slopes: list[float] = []
    for times, values in lives:
        points = sorted(zip(times, values, strict=True))
        slopes += [(b - a) / (later - earlier) for (earlier, a), (later, b) in combinations(points, 2)]
    slopes.sort()
    count = len(slopes)
    width = Z_95 * math.sqrt(sum(variance(values) for _, values in lives))
    low = max(round((count - width) / 2) - 1, 0)
    high = min(round((count + width) / 2), count - 1)
    return Slope(estimate=statistics.median(slopes), low=slopes[low], high=slopes[high])
