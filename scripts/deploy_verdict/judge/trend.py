"""Whether a series of blocks grows: the Mann-Kendall test and the rise. Pure.

Formulas: Mann (1945), Kendall (1975), with the variance corrected for ties; z is continuity-corrected.
One value for each sample (aggregate bursts first: single readings of a burst are not independent).
"""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ALPHA = 0.05
SMALLEST_RISE = 2.0
FEWEST_BLOCKS = 4
# The test looks at every pair: a window of thousands of samples is taken together to this many blocks.
MOST_BLOCKS = 96


def blocks(values: Sequence[float], reduce: Callable[[Sequence[float]], float]) -> list[float]:
    """Values taken together to at most MOST_BLOCKS of equal size, in their order."""
    size = max(1, math.ceil(len(values) / MOST_BLOCKS))
    return [reduce(values[start : start + size]) for start in range(0, len(values), size)]


@dataclass(frozen=True)
class Trend:
    """p is one-sided, for growth; rise is in the series' own unit, last third against first third."""

    p: float
    rise: float

    @property
    def shown_p(self) -> str:
        """p as a reader takes it: never "0.000"."""
        return "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"

    @property
    def grows(self) -> bool:
        """Significant, and large enough to matter."""
        return self.p < ALPHA and self.rise >= SMALLEST_RISE


def exhausted_after_h(rise: float, hours: float, free: float) -> tuple[float, float]:
    """From when to when `free` is used up, if it goes on: 90 % Poisson interval of the counted rise.

    The interval is on the count, as a slope's own is far too narrow (judging facts 1.8); its chi-square
    quantiles are Wilson and Hilferty's (1931), within 2 % from a count of 2 on.
    """
    count = max(1, round(rise))
    slow = _chi_square(0.05, 2 * count) / 2 / hours
    fast = _chi_square(0.95, 2 * count + 2) / 2 / hours
    return free / fast, free / slow


def _chi_square(share: float, degrees: int) -> float:
    spread = 2 / (9 * degrees)
    z = statistics.NormalDist().inv_cdf(share)
    return float(degrees * (1 - spread + z * math.sqrt(spread)) ** 3)


def trend(values: Sequence[float]) -> Trend | None:
    """None for fewer than four values, which cannot reach 5 % (1/24 is the smallest p of four)."""
    n = len(values)
    if n < FEWEST_BLOCKS:
        return None
    pairs = [(values[i], values[j]) for i in range(n) for j in range(i + 1, n)]
    score = sum((later > earlier) - (later < earlier) for earlier, later in pairs)
    ties = sum(count * (count - 1) * (2 * count + 5) for count in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    z = 0.0 if score == 0 or variance == 0 else (score - math.copysign(1, score)) / math.sqrt(variance)
    third = max(1, n // 3)
    rise = statistics.median(values[-third:]) - statistics.median(values[:third])
    return Trend(p=0.5 * math.erfc(z / math.sqrt(2)), rise=rise)
