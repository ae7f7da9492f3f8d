"""What a count says of a rate: leaks are counted, so their rate has bounds of its own. Pure.

Garwood (1936): k events in W hours exclude rates above chi²(0.95; 2k + 2) / 2W and below
chi²(0.05; 2k) / 2W, each at 95 %; none at all excludes only those above 3/W. The quantiles of chi² are
Wilson and Hilferty's (1931), within 3 %; for none and for one, where it is exact, the logarithm.
"""

import math
import statistics

from deploy_verdict.stats.bounds import NONE_SEEN

ONE_SEEN = -math.log(0.95)


def at_most(count: float, hours: float) -> float:
    """The highest rate per hour that a count leaves possible; a count between two is between their bounds."""
    return max(NONE_SEEN, _chi_square(0.95, 2 * max(count, 0.0) + 2) / 2) / hours


def at_least(count: float, hours: float) -> float:
    """The lowest rate per hour that a count of one or more leaves possible."""
    return max(ONE_SEEN, _chi_square(0.05, 2 * max(count, 1.0)) / 2) / hours


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
