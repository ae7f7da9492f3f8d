"""The rule for growth: GROWING, FLAT, or not known. For pools and memory alike. Pure.

GROWING: Mann-Kendall's p < 0.05 on the blocks' floors or means, a rise of at least 2 units in the same
series, and as much in the counted rise, to which both series contribute (without the latter, 2 % of healthy
busy pools would count as leaking; with it 0.7 %, at a loss of 1 to 2 points of power).

FLAT: three bounds, each of 95 %, lie below the rate that would use up what is free within `safe_for`:
Theil-Sen's of the floors, that of the means, and for counted things Poisson's of the counted rise (the mean
of the two slopes times the hours), which is never below 3/W. Anything else is not known: "no significant
growth" is not "flat".

Why three: Theil-Sen's bound alone calls 3 to 6 % of leaks flat that fill a pool within 5 hours, as a leak is
a random walk and a slope's own interval is too narrow for it; with the count they are 1 to 2 %. What is free
is counted at the window's end, so what has already leaked makes the rule stricter.
docs/explanation/calibration.md has the figures.
"""

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from deploy_verdict.stats.blocks import FEWEST_BLOCKS
from deploy_verdict.stats.bounds import at_least, at_most
from deploy_verdict.stats.trend import ALPHA, Slope, p_of_growth, theil_sen_of_lives

MOVED_SHARE = 0.25


# A handful of requests differs from another by chance: the change must be this many standard errors.
CLEAR = 2.0


@dataclass(frozen=True, kw_only=True)
class TrafficChange:
    """Requests of others in the first and the last third after the warm-up."""

    first: float
    last: float

    @property
    def moved(self) -> bool:
        """Whether traffic changed by more than 25 %, and by more than such counts differ by chance."""
        change = abs(self.last - self.first)
        return change > MOVED_SHARE * self.first and change > CLEAR * math.sqrt(self.first + self.last)

    @property
    def rose(self) -> bool:
        """Whether there were more requests in the last third."""
        return self.last > self.first

    @property
    def text(self) -> str:
        """The change in words, such as "traffic rose by 40 %"."""
        if not self.first:
            return f"traffic rose from 0 to {self.last:.0f} requests"
        share = abs(100 * (self.last / self.first - 1))
        if share < 0.5:
            return "traffic stayed level"
        return f"traffic {'rose' if self.rose else 'fell'} by {share:.0f} %"


SMALLEST_RISE = 2.0
# The share of the mean's rise that the floor must have: a leak moves the floor as much, a growing load less.
FLOOR_SHARE = 0.5
Z_80 = statistics.NormalDist().inv_cdf(0.8)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of the window: its middle in hours after T0, the lowest and the mean use.

    `life` numbers the lives of the process: growth is never judged across two of them.
    """

    at_h: float
    floor: float
    mean: float
    life: int = 0


@dataclass(frozen=True, kw_only=True)
class Rise:
    """The growth of one series: its p-value, last third minus first third, and slope per hour."""

    name: str
    first: float
    last: float
    p: float
    rise: float
    slope: Slope


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What the blocks say of growth; rates are per hour. `counted`: the series counts whole units."""

    floor: Rise
    mean: Rise
    hours: float
    noise: float
    counted: bool
    dense: bool = False

    @property
    def p(self) -> float:
        """The p-value of the clearest series whose rise is large enough to matter; 1 if there is none."""
        return min((item.p for item in self._large), default=1.0)

    @property
    def clearest(self) -> Rise:
        """The series that shows growth best."""
        return min(self._large or (self.mean,), key=lambda item: item.p)

    @property
    def _large(self) -> tuple[Rise, ...]:
        """The series with a large enough rise.

        A floor rises by what leaked; the mean alone may be the load.
        """
        if self.rate * self.hours < SMALLEST_RISE:
            return ()
        if self.dense:
            return (self.floor,)
        if self.floor.rise < FLOOR_SHARE * self.mean.rise:
            return ()
        return tuple(item for item in (self.floor, self.mean) if item.rise >= SMALLEST_RISE)

    @property
    def rate(self) -> float:
        """The mean of both slopes."""
        return (self.floor.slope.estimate + self.mean.slope.estimate) / 2

    @property
    def low(self) -> float:
        """The lowest rate that this window leaves possible."""
        bounds = [self.floor.slope.low, self.mean.slope.low, self.rate]
        if self.counted and self.rate * self.hours >= 1:
            bounds.append(at_least(self.rate * self.hours, self.hours))
        return min(bounds)

    @property
    def high(self) -> float:
        """The highest rate that this window leaves possible."""
        bounds = [self.floor.slope.high, self.mean.slope.high, self.rate]
        if self.counted:
            bounds.append(at_most(self.rate * self.hours, self.hours))
        return max(bounds)

    @property
    def detectable(self) -> float:
        """The rate that such a window calls GROWING with 80 % probability.

        It combines the smallest rise between the middles of the thirds (for whole units from half a unit
        below), the noise of both thirds, a leak's own randomness of variance rate / hours, and the noise once
        more, as the test must agree with the rise. The last term is fitted, and a test holds it
        (tests/calibration): 75 to 85 % of simulated leaks of this rate are found.
        """
        own = 1.0 if self.counted else 0.0
        between_h = self.hours * 0.8
        smallest = (SMALLEST_RISE - own / 2) / between_h
        return _solved(smallest, 2 * self.noise**2, own / between_h) + self.noise


def _solved(needed: float, variance: float, for_each: float) -> float:
    """Return the rate r for which r - needed is Z_80 times the root of (variance + r · for_each)."""
    half = needed + Z_80**2 * for_each / 2
    return half + math.sqrt(max(0.0, half**2 - needed**2 + Z_80**2 * variance))


def growth_of(blocks: Sequence[Block], *, counted: bool, dense: bool = False) -> Growth | None:
    """Return the growth; None for fewer than four blocks, which cannot reach 5 % (1/24 is four's least p).

    A life of a single block shows no trend and is left out.
    """
    lives = [life for life in _lives(blocks) if len(life) > 1]
    if sum(map(len, lives)) < FEWEST_BLOCKS:
        return None
    return Growth(
        floor=_rise("floor", [[(block.at_h, block.floor) for block in life] for life in lives]),
        mean=_rise("mean", [[(block.at_h, block.mean) for block in life] for life in lives]),
        hours=sum(life[-1].at_h - life[0].at_h for life in lives),
        noise=_noise([[(block.at_h, (block.floor + block.mean) / 2) for block in life] for life in lives]),
        counted=counted,
        dense=dense,
    )


def _lives(blocks: Sequence[Block]) -> list[list[Block]]:
    return [list(life) for _, life in groupby(blocks, key=lambda block: block.life)]


def grows(p: float, before: float | None) -> bool:
    """Return whether a p-value shows growth; it is the growth's own, or raised for several series (Holm).

    `before` is the p-value of the previous sample, None at the window's end. Until then one test is not
    enough, as repeated tests find something in 12 % of healthy windows.
    """
    return p < ALPHA and (before is None or before < ALPHA)


def harmful_rate(free: float, safe_for_s: float) -> float:
    """Return the rate per hour that uses up what is free exactly within `safe_for`."""
    return max(0.0, free) / max(safe_for_s / 3600, 1e-9)


def used_at_end(blocks: Sequence[Block]) -> float:
    """Return the mean use in the last third of the blocks."""
    return statistics.fmean(block.mean for block in blocks[-max(1, len(blocks) // 3) :])


_Series = Sequence[tuple[float, float]]


def _rise(name: str, lives: Sequence[_Series]) -> Rise:
    clearest = max(lives, key=lambda life: _thirds_apart([value for _, value in life]))
    return Rise(
        name=name,
        first=clearest[0][1],
        last=clearest[-1][1],
        p=p_of_growth(*([value for _, value in life] for life in lives)),
        rise=sum(_thirds_apart([value for _, value in life]) for life in lives),
        slope=theil_sen_of_lives(
            [([time for time, _ in life], [value for _, value in life]) for life in lives]
        ),
    )


def _thirds_apart(values: Sequence[float]) -> float:
    third = max(1, len(values) // 3)
    return statistics.median(values[-third:]) - statistics.median(values[:third])


def _noise(lives: Sequence[_Series]) -> float:
    """Return the standard error of a slope, from the differences of neighbours (von Neumann 1941)."""
    steps = [(later - earlier) ** 2 for life in lives for (_, earlier), (_, later) in pairwise(life)]
    spread = 0.0
    for life in lives:
        middle = statistics.fmean(time for time, _ in life)
        spread += sum((time - middle) ** 2 for time, _ in life)
    return math.sqrt(sum(steps) / (2 * len(steps)) / spread)


def effect(growth: Growth, unit: str) -> str:
    """Return a text such as "+0.1 connections/h (−0.3 … +0.6)"."""
    return f"{signed(growth.rate)} {unit}/h ({signed(growth.low)} … {signed(growth.high)})"


# What follows this in a finding is for readers who check the numbers; the head of the report leaves it out.
STATISTICS = "; statistics: "
AHEAD = re.compile(r"will be (?:full|reached) in about (?P<soonest>\S+)(?: to \S+)? (?P<unit>min|h)\b")
_MINUTES_UP_TO_H, _STEP_MIN = 2.0, 5


def ahead_words(soonest_h: float, latest_h: float) -> str:
    """Return a text such as "in about 20 to 55 min" or "in about 1.4 to 5.7 h", from the last sample on."""
    if latest_h <= _MINUTES_UP_TO_H:
        low = _STEP_MIN * math.floor(60 * soonest_h / _STEP_MIN)
        high = max(_STEP_MIN, _STEP_MIN * math.ceil(60 * latest_h / _STEP_MIN))
        return f"in about {low} to {high} min" if low < high else f"in about {high} min"
    if math.isinf(latest_h):
        return f"in about {soonest_h:.1f} h at the soonest"
    return f"in about {soonest_h:.1f} to {latest_h:.1f} h"


def soonest_ahead_s(text: str) -> float | None:
    """Return in how many seconds the limit may be reached at the earliest, from a text with `ahead_words`."""
    found = AHEAD.search(text)
    return float(found["soonest"]) * (60 if found["unit"] == "min" else 3600) if found else None


def with_power(growth: Growth, unit: str) -> str:
    """Return the effect, and "this window would have shown 1.8/h with 80 % probability"."""
    detects = f"this window would have shown {growth.detectable:.1f}/h with 80 % probability"
    return f"{effect(growth, unit)}; {detects}"


def signed(rate: float) -> str:
    """Return one decimal with its sign; never "-0.0"."""
    return f"{round(rate, 1) + 0.0:+.1f}".replace("-", "−")


def traffic_in_words(change: TrafficChange | None) -> str:
    """Describe the traffic of others, whether known or not."""
    return "traffic over time is not known" if change is None else change.text
