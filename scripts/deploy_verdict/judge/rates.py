"""What so many clean runs exclude, and what some bad ones leave possible (Clopper and Pearson). Pure."""

import math

BISECTIONS = 40


def excluded_percent(clean: int) -> float:
    """No error in n runs excludes rates above this, at 95 %; of no run at all, nothing."""
    return possible_percent(0, clean)


def possible_percent(bad: int, runs: int) -> float:
    """The highest rate that so many bad ones of all runs leave possible, at 95 %."""
    if bad >= runs:
        return 100.0
    if bad == 0:
        return 100 * (1 - math.pow(0.05, 1 / runs))
    low, high = bad / runs, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(bad, runs, middle) > 0.05 else (low, middle)
    return 100 * high


def _at_most(bad: int, runs: int, rate: float) -> float:
    """The chance of so few bad ones; by logarithms, as the powers of a long series vanish."""
    logs = [
        math.lgamma(runs + 1)
        - math.lgamma(k + 1)
        - math.lgamma(runs - k + 1)
        + k * math.log(rate)
        + (runs - k) * math.log1p(-rate)
        for k in range(bad + 1)
    ]
    return math.fsum(math.exp(item) for item in logs)
