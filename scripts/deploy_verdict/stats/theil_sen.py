"""The Theil-Sen slope with its bounds: how fast a series rises, at least and at most. Pure.

Theil (1950), Sen (1968): the median of the slopes of all pairs. The bounds are the sorted slopes at
(N - C)/2 - 1 and (N + C)/2, counted from 0, with C = 1.645 times the root of Mann-Kendall's variance: each
holds with 95 %, both together with 90 %. As scipy.stats.theilslopes(alpha=0.9) does it.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from deploy_verdict.stats.trend import variance

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
    their own beside it (judge/poisson.py).
    """
    points = sorted(zip(times, values, strict=True))
    slopes = sorted((b - a) / (later - earlier) for (earlier, a), (later, b) in combinations(points, 2))
    count = len(slopes)
    width = Z_95 * math.sqrt(variance(values))
    low = max(round((count - width) / 2) - 1, 0)
    high = min(round((count + width) / 2), count - 1)
    return Slope(estimate=statistics.median(slopes), low=slopes[low], high=slopes[high])
