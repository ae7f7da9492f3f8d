"""What counts say of rates: what clean runs exclude, and how much more often than before. Pure.

Clopper and Pearson's (1934) bounds of a share are quantiles of the beta distribution, exact for any count. Of
n events in two stretches of lengths t and s, those in the first are binomial with p = r·t / (r·t + s), where
r is the ratio of the rates; the exact interval of p becomes one of r. Log lines come in bursts, for which
that interval is too narrow: nothing fails by it alone.
"""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

CONFIDENCE = 0.99
# The probability of error: 5 % where a figure is shown, 1 in 10,000 where STABLE rests on it.
USUAL, RARE = 0.05, 0.0001
# No event in n units excludes rates above this / n per unit at 95 %: the rule of three.
NO_EVENT = -math.log(0.05)
_STEPS = 60


def excluded_percent(clean: int) -> float:
    """Return the error rate (percent) that `clean` runs without an error exclude at 95 %; 100 for no run."""
    return possible_percent(0, clean)


def possible_percent(bad: int, runs: int, wrong: float = USUAL) -> float:
    """Return the highest rate (%) that `bad` of `runs` leave possible; `wrong`: the risk of a higher one."""
    if bad >= runs:
        return 100.0
    if bad == 0:
        return 100 * (1 - math.pow(wrong, 1 / runs))
    return 100 * _quantile(1 - wrong, bad + 1, runs - bad)


def least_percent(bad: int, runs: int, wrong: float = USUAL) -> float:
    """Return the lowest rate (%) that `bad` of `runs` leave possible; `wrong`: the risk of a lower one."""
    return 100 * _quantile(wrong, bad, runs - bad + 1) if bad else 0.0


def clean_needed(percent: float, wrong: float = USUAL) -> int:
    """Return how many runs, none of them bad, exclude rates above `percent` (0 to 100, both exclusive)."""
    return math.ceil(math.log(wrong) / math.log1p(-percent / 100))


@dataclass(frozen=True)
class Ratio:
    """The ratio of two rates, now to before, with its bounds; infinite if there was nothing before."""

    value: float
    low: float
    high: float


def rate_ratio(now: int, now_s: float, before: int, before_s: float) -> Ratio | None:
    """Return the ratio of two rates with its 99 % interval; None without any event, or without length."""
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
    """Return the quantile of the beta distribution, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if beta_below(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function, by its continued fraction (Lentz's method)."""
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
    """Return 1 / (1 + d1 / (1 + d2 / (1 + …)))."""
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
    """Return the highest rate per hour that a count leaves possible (95 %). The count may be fractional."""
    return max(NO_EVENT, _chi_square(0.95, 2 * max(count, 0.0) + 2) / 2) / hours


def at_least(count: float, hours: float) -> float:
    """Return the lowest rate per hour that a count of one or more leaves possible (95 %)."""
    return max(ONE_EVENT, _chi_square(0.05, 2 * max(count, 1.0)) / 2) / hours


def exhausted_after_h(rise: float, hours: float, free: float) -> tuple[float, float]:
    """Return the earliest and the latest time, in hours, at which `free` is used up if growth continues.

    They come from the count: a leak is a random walk, and a slope's own interval is far too narrow for it.
    """
    count = max(1, round(rise))
    return free / at_most(count, hours), free / at_least(count, hours)


def _chi_square(share: float, degrees: float) -> float:
    spread = 2 / (9 * degrees)
    z = statistics.NormalDist().inv_cdf(share)
    return float(degrees * (1 - spread + z * math.sqrt(spread)) ** 3)
