"""Finds a stretch in which nothing came, in a series of counts that otherwise hardly pauses. Pure.

Counts are of equal parts of a reading. Around the stretch a share q of the parts is empty (Laplace's rule of
succession); if the parts were independent, a run of k empty ones somewhere in n would have a probability of
at most n·q^k. Traffic in waves pauses longer than that, so the stretch must also begin and end abruptly, and
be much longer than any other. Simulated: at most 0.6 % false pauses in two hours of log-normal,
autocorrelated traffic (0.8 to 0.95 from minute to minute), and every pause of 5 minutes is found among 10
steady lines a minute (tests/stats/test_pauses).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

# Each part of a two-hour window is just under a minute.
PARTS = 125
FEWEST_EMPTY = 3
CHANCE = 1e-4
# How many times as long as any other pause it must be.
MUCH_LONGER = 3
# It is compared with this many times its length on both sides, and at least with this many parts.
REACH, LEAST_REACH = 3, 15
MOST_EMPTY_AROUND = 0.15
# The two parts on each side of it must have a quarter of what is usual around it.
BESIDE, ABRUPT = 2, 0.25


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A stretch without anything, in shares of the reading (0 to 1); counts of a part around and after it."""

    begins: float
    ends: float
    usual: float
    after: float


def sudden_pause(counts: Sequence[int]) -> Pause | None:
    """Return the longest pause if chance does not explain it; None also if the series pauses often."""
    pauses = sorted(_pauses(counts), key=len)
    inside = [pause for pause in pauses if pause.start > 0 and pause.stop < len(counts)]
    if not inside or len(inside[-1]) < FEWEST_EMPTY:
        return None
    longest = inside[-1]
    if any(MUCH_LONGER * len(pause) > len(longest) for pause in pauses if pause != longest):
        return None
    reach = max(REACH * len(longest), LEAST_REACH)
    before, after = counts[max(0, longest.start - reach) : longest.start], counts[longest.stop :][:reach]
    around = (*before, *after)
    empty = (around.count(0) + 1) / (len(around) + 2)
    usual = sum(around) / len(around)
    is_abrupt = min(_mean(before[-BESIDE:]), _mean(after[:BESIDE])) >= ABRUPT * usual
    if empty > MOST_EMPTY_AROUND or len(counts) * empty ** len(longest) >= CHANCE or not is_abrupt:
        return None
    return Pause(
        begins=longest.start / len(counts),
        ends=longest.stop / len(counts),
        usual=usual,
        after=_mean(after[:BESIDE]),
    )


def _pauses(counts: Sequence[int]) -> list[range]:
    """Return each run of empty parts."""
    found = []
    for is_empty, group in groupby(range(len(counts)), key=lambda number: counts[number] == 0):
        numbers = list(group)
        if is_empty:
            found.append(range(numbers[0], numbers[-1] + 1))
    return found


def _mean(counts: Sequence[int]) -> float:
    return sum(counts) / len(counts)
