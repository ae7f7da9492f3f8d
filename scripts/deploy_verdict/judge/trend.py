"""Whether a series of blocks grows: the Mann-Kendall test and the rise. Pure.

Formulas: Mann (1945), Kendall (1975), with the variance corrected for ties; z is continuity-corrected.
One value for each sample (aggregate bursts first: single readings of a burst are not independent).
"""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.05
SMALLEST_RISE = 2.0
FEWEST_BLOCKS = 4


@dataclass(frozen=True)
class Trend:
    """p is one-sided, for growth; rise is in the series' own unit, last third against first third."""

    p: float
    rise: float

    @property
    def grows(self) -> bool:
        """Significant, and large enough to matter."""
        return self.p < ALPHA and self.rise >= SMALLEST_RISE


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
