"""How far a series scatters from moment to moment, beyond the error of each of its values. Pure.

The second differences of neighbours (Gasser, Sroka and Jennen-Steinmetz 1986) cancel a level and a line, so
neither a leak nor a high level counts as scatter; a step counts in two of them. Their sum of squares is not a
chi-square, as neighbours share values: Satterthwaite's (1946) degrees of freedom match its first two moments,
36 (n - 2)² / (70 n - 176).
"""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from deploy_verdict.stats.bounds import beta_below

FEWEST = 4
SURE = 0.2
# Turns a median absolute deviation into a standard deviation; that of a difference is √2 times as large.
OF_MEDIAN = 1.4826 / math.sqrt(2)


def scatter_variance(values: Sequence[float]) -> float:
    """Return the variance of single values around a smooth level; 0 for fewer than three."""
    if len(values) < 3:
        return 0.0
    triples = zip(values, values[1:], values[2:], strict=False)
    return sum((a - 2 * b + c) ** 2 for a, b, c in triples) / (6 * (len(values) - 2))


def degrees_of_freedom(count: int) -> float:
    """Return the degrees of freedom of scatter_variance for this many values, at least three."""
    return 36 * (count - 2) ** 2 / (70 * count - 176)


def p_of_ratio(ratio: float, above: float, below: float) -> float:
    """Return the probability that the ratio of two estimates of one variance is this large (Fisher's F)."""
    return beta_below(below / (below + above * ratio), below / 2, above / 2) if ratio > 0 else 1.0


def usual_scatter(values: Sequence[float]) -> float:
    """Return the standard deviation of single values, unaffected by a swing that comes and goes.

    It is the lesser of two estimates: from the second differences, and from the median absolute deviation of
    the first ones, of which a swing of any length changes only two.
    """
    steps = [later - earlier for earlier, later in pairwise(values)]
    if len(steps) < FEWEST - 1:
        return 0.0
    usual = statistics.median(steps)
    by_median = OF_MEDIAN * statistics.median(abs(step - usual) for step in steps)
    return min(by_median, math.sqrt(scatter_variance(values)))


def likeness(values: Sequence[float]) -> float | None:
    """Return the correlation of neighbouring values; None if there are too few, or nothing moves."""
    if len(set(values)) < 2:
        return None
    middle = statistics.fmean(values)
    together = math.fsum((a - middle) * (b - middle) for a, b in pairwise(values))
    return together / math.fsum((value - middle) ** 2 for value in values)


def lies_apart(values: Sequence[float], errors: Sequence[float], readings: float) -> bool:
    """Return whether values scatter more than their own standard errors explain, given so many readings."""
    if len(values) < FEWEST:
        return False
    within = sum(error**2 for error in errors) / len(errors)
    between = usual_scatter(values) ** 2
    if within <= 0:
        return between > 0
    return p_of_ratio(between / within, degrees_of_freedom(len(values)), max(1.0, readings)) < SURE
