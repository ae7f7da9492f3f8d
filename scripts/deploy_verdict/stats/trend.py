"""The Mann-Kendall test for growth: does a series rise more often than chance would have it? Pure.

Mann (1945), Kendall (1975): S is the number of pairs that rise less the number that fall; its variance is
corrected for ties, and z for continuity. Nothing is assumed of the values' distribution, but they must be
independent: take readings together to blocks first.
"""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm (1979): the same p values, raised so that all together keep the level of one test."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return tuple(adjusted)


ALPHA = 0.05


def score(values: Sequence[float]) -> int:
    """S: rising pairs less falling ones."""
    return sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))


def variance(values: Sequence[float]) -> float:
    """The variance of S without a trend: [n(n-1)(2n+5) - sum of t(t-1)(2t+5) over groups of t ties] / 18."""
    n = len(values)
    ties = sum(count * (count - 1) * (2 * count + 5) for count in Counter(values).values())
    return (n * (n - 1) * (2 * n + 5) - ties) / 18


def p_of_growth(*lives: Sequence[float]) -> float:
    """One-sided: how likely a series without growth rises as much as this one. Small is growth.

    Of several lives of a process, each rises or falls by itself: their S and variances are added, as those of
    seasons are (Hirsch and Slack 1982), and nothing is said of one life beside another.
    """
    found, spread = sum(map(score, lives)), sum(map(variance, lives))
    z = 0.0 if found == 0 or spread == 0 else (found - math.copysign(1, found)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))


def shown_p(p: float) -> str:
    """p as a reader takes it: never "0.000"."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


Z_95 = statistics.NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Units of the series for each unit of time."""

    estimate: float
    low: float
    high: float


def theil_sen(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Times must be distinct, and two at least.

    In a series of ties the bounds can fall together: that is no certainty, so counts need a bound of
    their own beside it (stats/bounds.py).
    """
    return theil_sen_of_lives([(times, values)])


def theil_sen_of_lives(lives: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Slope:
    """From the slopes within each life only, as of seasons (Hirsch, Slack and Smith 1982)."""
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
