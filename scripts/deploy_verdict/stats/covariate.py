"""Removes from a series what another one explains: used = a + b · requests + c · time. Pure.

Least squares in both variables at once, so that a leak's growth in time is not attributed to traffic. b is
never below zero, as requests only take connections. If traffic itself is a line in time, the two cannot be
separated: a correlation of 0.8 already makes the error of c 1.7 times as large (variance inflation factor, 1
/ (1 - r²)).
"""

import math
import statistics
from collections.abc import Sequence

MOST_ALIKE = 0.8


def correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Pearson's correlation; 0 if one series is constant."""
    if len(set(one)) < 2 or len(set(other)) < 2:
        return 0.0
    return statistics.correlation(one, other)


def is_a_ramp(times: Sequence[float], requests: Sequence[float]) -> bool:
    """Return whether traffic cannot be separated from time."""
    return abs(correlation(times, requests)) > MOST_ALIKE


def without(times: Sequence[float], requests: Sequence[float], values: Sequence[float]) -> tuple[float, ...]:
    """Return the values as they would be at the mean of the requests."""
    share = _slope_beside_time(times, requests, values)
    middle = statistics.fmean(requests)
    return tuple(v - max(0.0, share) * (r - middle) for v, r in zip(values, requests, strict=True))


def _slope_beside_time(times: Sequence[float], requests: Sequence[float], values: Sequence[float]) -> float:
    """Return b of the model."""
    t, r, v = (_centred(series) for series in (times, requests, values))
    tt, rr, tr = _product(t, t), _product(r, r), _product(t, r)
    below = tt * rr - tr**2
    return (_product(r, v) * tt - _product(t, v) * tr) / below if below > 1e-12 * tt * rr else 0.0


def _centred(series: Sequence[float]) -> list[float]:
    middle = statistics.fmean(series)
    return [value - middle for value in series]


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))
