"""What counts say of rates: what clean runs exclude, and how much more often than before. Pure.

Clopper and Pearson's (1934) bounds of a share are quantiles of the beta distribution, exact for any count.

Of n events in two stretches, those in the first are binomial with p = r·t / (r·t + s), r being the ratio
of the rates; Clopper and Pearson's (1934) exact interval of p becomes one of r. Lines of a log come in
bursts, so that the interval is too narrow for them: nothing fails by it alone.
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

CONFIDENCE = 0.99
# The chance to be wrong: 95 % where a figure is shown, and 1 in 10,000 where STABLE rests on it.
USUAL, RARE = 0.05, 0.0001
# No event in so many units excludes rates above this many a unit at 95 %: the rule of three.
NO_EVENT = -math.log(0.05)
_STEPS = 60


def excluded_percent(clean: int) -> float:
    """No error in n runs excludes rates above this, at 95 %; of no run at all, nothing."""
    return possible_percent(0, clean)


def possible_percent(bad: int, runs: int, wrong: float = USUAL) -> float:
    """The highest rate that so many bad ones of all runs leave possible; `wrong`: the chance of more."""
    if bad >= runs:
        return 100.0
    if bad == 0:
        return 100 * (1 - math.pow(wrong, 1 / runs))
    return 100 * _quantile(1 - wrong, bad + 1, runs - bad)


def least_percent(bad: int, runs: int, wrong: float = USUAL) -> float:
    """The lowest rate that so many bad ones of all runs leave possible; `wrong`: the chance of less."""
    return 100 * _quantile(wrong, bad, runs - bad + 1) if bad else 0.0


def clean_needed(percent: float, wrong: float = USUAL) -> int:
    """How many runs, none of them bad, exclude rates above `percent` (0 to 100, both left out)."""
    return math.ceil(math.log(wrong) / math.log1p(-percent / 100))


@dataclass(frozen=True)
class Ratio:
    """The ratio of two rates, now against before; infinite where there was nothing before."""

    value: float
    low: float
    high: float


def rate_ratio(now: int, now_s: float, before: int, before_s: float) -> Ratio | None:
    """None where neither has an event, or a stretch has no length."""
    if now + before <= 0 or min(now, before) < 0 or now_s <= 0 or before_s <= 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    low = _quantile(tail, now, before + 1) if now else 0.0
    high = _quantile(1 - tail, now + 1, before) if before else 1.0
    times = before_s / now_s
    return Ratio(_odds(now / (now + before)) * times, _odds(low) * times, _odds(high) * times)


def _odds(p: float) -> float:
    return p / (1 - p) if p < 1 else math.inf


# The same small counts come again and again, for each kind of line and each path.
@lru_cache(maxsize=4096)
def _quantile(share: float, a: float, b: float) -> float:
    """Where the beta distribution has so much below it, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if beta_below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (Lentz's method)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_below(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a * _fraction(lambda m: _coefficient(m, x, a, b))


def _coefficient(m: int, x: float, a: float, b: float) -> float:
    half = m // 2
    if m % 2:
        return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
    return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))


def _fraction(coefficient: Callable[[int], float]) -> float:
    """1 / (1 + d1 / (1 + d2 / (1 + …)))."""
    tiny = 1e-300
    value, c, d = 1.0, 1.0, 0.0
    for m in range(1, 20_000):
        step = coefficient(m)
        d = 1 / (1 + step * d or tiny)
        c = 1 + step / c or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return 1 / value


ONE_EVENT = -math.log(0.95)


def at_most(count: float, hours: float) -> float:
    """The highest rate per hour that a count leaves possible; a count between two is between their bounds."""
    return max(NO_EVENT, _chi_square(0.95, 2 * max(count, 0.0) + 2) / 2) / hours


def at_least(count: float, hours: float) -> float:
    """The lowest rate per hour that a count of one or more leaves possible."""
    return max(ONE_EVENT, _chi_square(0.05, 2 * max(count, 1.0)) / 2) / hours


def exhausted_after_h(rise: float, hours: float, free: float) -> tuple[float, float]:
    """From when to when `free` is used up, if it goes on: a range, never a time.

    It comes from the count: a leak is a random walk, and a slope's own interval is far too narrow for it.
    """
    count = max(1, round(rise))
    return free / at_most(count, hours), free / at_least(count, hours)


def _chi_square(share: float, degrees: float) -> float:
    spread = 2 / (9 * degrees)
    z = statistics.NormalDist().inv_cdf(share)
    return float(degrees * (1 - spread + z * math.sqrt(spread)) ** 3)
