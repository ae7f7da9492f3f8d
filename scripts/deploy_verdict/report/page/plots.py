"""Computes a chart's SVG coordinates: lines or stacked bars, limits, causes, readings. Pure."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy_verdict.base.units import shown_offset
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import RootCause

WIDTH, HEIGHT = 540.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 18.0, 14.0, 26.0
_MOST_TICKS, _TICKS_Y = 9, 4
Scale = Callable[[float], float]
_STEPS_MIN = (1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 360, 720, 1440)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line or one layer of bars: a value by offset; None is a gap. `look` is its CSS class."""

    name: str
    look: str
    values: Mapping[float, float | None]


@dataclass(frozen=True, kw_only=True)
class LimitLine:
    """A level that the plan sets."""

    name: str
    look: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a chart shows; `said` is the reading at each offset in words."""

    title: str
    unit: str
    series: tuple[Curve, ...]
    said: Mapping[float, str]
    limits: tuple[LimitLine, ...] = ()
    note: str = ""
    is_stacked: bool = False
    least_top: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DrawnPlot:
    """Coordinates in a box of WIDTH and HEIGHT; `bands` are what a pointer or an arrow key selects.

    `beyond` are limits above the box.
    """

    data: Plot
    paths: tuple[tuple[str, str], ...]
    dots: tuple[tuple[float, float, str], ...]
    bars: tuple[tuple[float, float, float, float, str], ...]
    gaps: tuple[float, ...]
    limits: tuple[tuple[float, LimitLine], ...]
    beyond: tuple[LimitLine, ...]
    causes: tuple[tuple[float, int], ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    bands: tuple[tuple[float, float, float, str], ...]
    table: Table


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The time of a window, from left to right."""

    length_s: float
    width: float

    def x(self, offset_s: float) -> float:
        """Return the x of a moment; one outside the window is at its edge."""
        share = min(1.0, max(0.0, offset_s / self.length_s)) if self.length_s else 0.0
        return round(LEFT + share * (self.width - LEFT - RIGHT), 1)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Return a tick at round minutes after T0."""
        minutes = self.length_s / 60
        step = next((step for step in _STEPS_MIN if minutes / step <= _MOST_TICKS), math.ceil(minutes / 8))
        return tuple((self.x(60.0 * at), f"{at:g}") for at in range(0, int(minutes) + 1, step))

    def marked(self, causes: Sequence[RootCause]) -> tuple[tuple[float, int], ...]:
        """Return where each cause was first seen, by its number; at one x, the first one's."""
        marks: dict[float, int] = {}
        for number, cause in enumerate(causes, 1):
            if cause.since_s is not None and cause.severity is not None:
                marks.setdefault(self.x(cause.since_s), number)
        return tuple(marks.items())


def drawn(data: Plot, causes: Sequence[RootCause], length_s: float) -> DrawnPlot:
    """Draw the chart of a window of that length."""
    axis = Axis(length_s=length_s, width=WIDTH)
    top = _top(data)

    def y_of(value: float) -> float:
        return round(HEIGHT - BOTTOM - min(1.0, max(0.0, value / top)) * (HEIGHT - TOP - BOTTOM), 1)

    offsets_s = sorted({*data.said, *(at_s for series in data.series for at_s in series.values)})
    has_value = {at_s for s in data.series for at_s, value in s.values.items() if value is not None}
    lines = () if data.is_stacked else data.series
    return DrawnPlot(
        data=data,
        paths=tuple((_path(s, axis, y_of), s.look) for s in lines),
        dots=tuple(
            (axis.x(at_s), y_of(value), s.look)
            for s in lines
            for at_s, value in s.values.items()
            if value is not None
        ),
        bars=tuple(_bars(data, offsets_s, axis, y_of)) if data.is_stacked else (),
        gaps=tuple(axis.x(at_s) for at_s in offsets_s if at_s not in has_value),
        limits=tuple((y_of(limit.value), limit) for limit in data.limits if limit.value <= top),
        beyond=tuple(limit for limit in data.limits if limit.value > top),
        causes=axis.marked(causes),
        x_ticks=axis.ticks(),
        y_ticks=tuple(
            (y_of(top * tick / _TICKS_Y), f"{top * tick / _TICKS_Y:,.4g}") for tick in range(_TICKS_Y + 1)
        ),
        bands=tuple(_bands(data, offsets_s, axis)),
        table=Table(
            headers=("Time", "Reading"),
            rows=tuple((shown_offset(at_s), data.said.get(at_s, "no reading")) for at_s in offsets_s),
        ),
    )


def _top(data: Plot) -> float:
    """Return a round number above every value; a limit far above them all stays out of the picture."""
    columns: dict[float, float] = {}
    highest = data.least_top
    for series in data.series:
        for at_s, value in series.values.items():
            columns[at_s] = columns.get(at_s, 0.0) + (value or 0.0)
            highest = max(highest, columns[at_s] if data.is_stacked else value or 0.0)
    near = [limit.value for limit in data.limits if limit.value <= 4 * highest]
    highest = max([highest, *near]) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(highest))
    return float(next(step for step in (1, 2, 4, 5, 8, 10, 20) if step * magnitude >= highest) * magnitude)


def _path(series: Curve, axis: Axis, y_of: Scale) -> str:
    """Return an SVG path that starts anew after a missing reading."""
    parts, pen = [], "M"
    for at_s, value in sorted(series.values.items()):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{axis.x(at_s)} {y_of(value)}")
        pen = "L"
    return " ".join(parts)


def _width(offsets_s: Sequence[float]) -> float:
    return (WIDTH - LEFT - RIGHT) / max(1, len(offsets_s))


def _bars(
    data: Plot, offsets_s: Sequence[float], axis: Axis, y_of: Scale
) -> Iterator[tuple[float, float, float, float, str]]:
    width = round(0.7 * _width(offsets_s), 1)
    for at_s in offsets_s:
        below = 0.0
        for series in data.series:
            value = series.values.get(at_s) or 0.0
            if value:
                y, foot = y_of(below + value), y_of(below)
                # One error among thousands must still be visible.
                height = max(2.0, foot - y)
                x = axis.x(at_s) - width / 2
                yield round(x, 1), round(foot - height, 1), width, round(height, 1), series.look
            below += value


def _bands(data: Plot, offsets_s: Sequence[float], axis: Axis) -> Iterator[tuple[float, float, float, str]]:
    """Yield for each reading a band that reaches half-way to its neighbours."""
    places = [axis.x(at_s) for at_s in offsets_s]
    for index, (at_s, x) in enumerate(zip(offsets_s, places, strict=True)):
        left = (places[index - 1] + x) / 2 if index else LEFT
        right = (places[index + 1] + x) / 2 if index + 1 < len(places) else WIDTH
        text = f"{shown_offset(at_s)}: {data.said.get(at_s, 'no reading')}"
        yield round(left, 1), round(max(1.0, right - left), 1), x, text
