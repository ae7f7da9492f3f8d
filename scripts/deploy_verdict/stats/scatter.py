"""How far a series lies apart from moment to moment, beside the error of each of its values. Pure.

The second differences of neighbours (Gasser, Sroka and Jennen-Steinmetz 1986) leave out a level and a
line, so neither a leak nor a high level counts as scatter; a step counts in two of them. Their sum of
squares is no chi-square, as neighbours share values: Satterthwaite's (1946) degrees of freedom match its
first two moments, 36 (n - 2)² / (70 n - 176).
"""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from deploy_verdict.stats.bounds import beta_below

FEWEST = 4
SURE = 0.2
# The median of absolute deviations as a standard deviation; a difference of two has the root of 2 of it.
OF_MEDIAN = 1.4826 / math.sqrt(2)


def scatter_variance(values: Sequence[float]) -> float:
    """The variance of single values about a smooth level; 0 for fewer than three."""
    if len(values) < 3:
        return 0.0
    triples = zip(values, values[1:], values[2:], strict=False)
    return sum((a - 2 * b + c) ** 2 for a, b, c in triples) / (6 * (len(values) - 2))


def degrees_of_freedom(count: int) -> float:
    """Of scatter_variance of so many values, three at least."""
    return 36 * (count - 2) ** 2 / (70 * count - 176)


def p_of_ratio(ratio: float, above: float, below: float) -> float:
    """How likely the ratio of two estimates of one variance is as large as that (Fisher's F)."""
    return beta_below(below / (below + above * ratio), below / 2, above / 2) if ratio > 0 else 1.0


def usual_scatter(values: Sequence[float]) -> float:
    """The standard deviation of single values; a swing that comes and goes does not make itself usual.

    The lesser of the second differences' and of the median of the first ones' absolute deviations, which a
    swing of any length enters twice only.
    """
    steps = [later - earlier for earlier, later in pairwise(values)]
    if len(steps) < FEWEST - 1:
        return 0.0
    usual = statistics.median(steps)
    by_median = OF_MEDIAN * statistics.median(abs(step - usual) for step in steps)
    return min(by_median, math.sqrt(scatter_variance(values)))


def likeness(values: Sequence[float]) -> float | None:
    """The correlation of neighbouring values; None where there are too few, or nothing moves."""
    if len(set(values)) < 2:
        return None
    middle = statistics.fmean(values)
    together = math.fsum((a - middle) * (b - middle) for a, b in pairwise(values))
    return together / math.fsum((value - middle) ** 2 for value in values)


def lies_apart(values: Sequence[float], errors: Sequence[float], readings: float) -> bool:
    """Whether values lie farther apart than their own standard errors explain, of so many readings."""
    if len(values) < FEWEST:
        return False
    within = sum(error**2 for error in errors) / len(errors)
    between = usual_scatter(values) ** 2
    if within <= 0:
        return between > 0
    return p_of_ratio(between / within, degrees_of_freedom(len(values)), max(1.0, readings)) < SURE
