"""Is a series level, a line, a step that stays, or a rise that levels off? Pure.

Least squares of four models, compared by Akaike's criterion corrected for few points (AICc; Hurvich and Tsai
1989): n ln(RSS / n) + 2k + 2k(k + 1) / (n - k - 1), where k counts the variance and the place of a change
too. With eight points a step must leave less than a third of a line's squares, so that few leaks are read as
a step: a leak is a random walk, and two leaks at once look like a step to any eye.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["level", "line", "step", "bend"]
LEVEL: Final = "level"
LINE: Final = "line"
STEP: Final = "step"
BEND: Final = "bend"
# A step needs this many points on either side, and the level after a rise this share of all points.
EACH_SIDE = 2
FLAT_SHARE = 0.4


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One of the four shapes, fitted. `at` is the first point after the change; `size` is its height."""

    kind: Kind
    aicc: float
    at: int = 0
    size: float = 0.0


def aicc(rss: float, points: int, parameters: int) -> float:
    """Return Akaike's corrected criterion; infinite if there are too few points for the parameters."""
    left = points - parameters - 1
    if left <= 0:
        return math.inf
    return points * math.log(rss / points) + 2 * parameters + 2 * parameters * (parameters + 1) / left


def shapes(times: Sequence[float], values: Sequence[float], error: float) -> tuple[Shape, ...]:
    """Return all shapes that can be fitted, the best first; `error`: the least standard error of a value."""
    return tuple(sorted(_fits(times, values, error), key=lambda shape: shape.aicc))


def _fits(times: Sequence[float], values: Sequence[float], error: float) -> Iterator[Shape]:
    count = len(values)
    least = count * max(error, 1e-6) ** 2

    def scored(rss: float, parameters: int) -> float:
        return aicc(rss + least, count, parameters)

    yield Shape(kind=LEVEL, aicc=scored(_around_mean(values), 2))
    yield Shape(kind=LINE, aicc=scored(_around_line(times, values), 3))
    steps = [
        (_around_mean(values[:at]) + _around_mean(values[at:]), at)
        for at in range(EACH_SIDE, count - EACH_SIDE + 1)
    ]
    if steps:
        rss, at = min(steps)
        size = statistics.fmean(values[at:]) - statistics.fmean(values[:at])
        yield Shape(kind=STEP, aicc=scored(rss, 4), at=at, size=size)
    last = math.ceil((1 - FLAT_SHARE) * count)
    bends = [(_around_line([min(time, times[at]) for time in times], values), at) for at in range(1, last)]
    if bends:
        rss, at = min(bends)
        size = statistics.fmean(values[at:]) - values[0]
        yield Shape(kind=BEND, aicc=scored(rss, 4), at=at, size=size)


def _around_mean(values: Sequence[float]) -> float:
    middle = statistics.fmean(values)
    return math.fsum((value - middle) ** 2 for value in values)


def _around_line(times: Sequence[float], values: Sequence[float]) -> float:
    middle, level = statistics.fmean(times), statistics.fmean(values)
    spread = math.fsum((time - middle) ** 2 for time in times)
    together = math.fsum((t - middle) * (v - level) for t, v in zip(times, values, strict=True))
    slope = together / spread if spread else 0.0
    return math.fsum((v - level - slope * (t - middle)) ** 2 for t, v in zip(times, values, strict=True))
