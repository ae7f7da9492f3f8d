"""What so many clean runs exclude, and what some bad ones leave possible (Clopper and Pearson). Pure."""

import math

BISECTIONS = 40
# The chance to be wrong: 95 % where a figure is told, and 1 in 10,000 where STABLE rests on it.
USUAL, RARE = 0.05, 0.0001


def excluded_percent(clean: int) -> float:
    """No error in n runs excludes rates above this, at 95 %; of no run at all, nothing."""
    return possible_percent(0, clean)


def clean_needed(percent: float, wrong: float = USUAL) -> int:
    """How many runs, none of them bad, exclude rates above `percent` (0 to 100, both left out)."""
    return math.ceil(math.log(wrong) / math.log1p(-percent / 100))


def possible_percent(bad: int, runs: int, wrong: float = USUAL) -> float:
    """The highest rate that so many bad ones of all runs leave possible; `wrong`: the chance of more."""
    if bad >= runs:
        return 100.0
    if bad == 0:
        return 100 * (1 - math.pow(wrong, 1 / runs))
    low, high = bad / runs, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(bad, runs, middle) > wrong else (low, middle)
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
