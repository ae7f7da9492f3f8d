"""What answers say of the process that gave them: since when it runs, which one it is. Pure.

Health endpoints name an uptime, a start time, a process id, or counters since the start. Where instances take
turns such values go back and forth; a restart is a value that never comes back.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from deploy_verdict.base.units import path_of, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.expect import Found, read_json

UPTIME = re.compile(
    r"(?i)^((process|app|server)_?)?up_?time(_?(in_?)?(ms|millis|milliseconds|s|secs?|seconds))?$"
)
START = re.compile(
    r"(?i)^(((process|app|server)_?)?(started(_?at)?|start_?time|boot_?time|booted_?at|up_?since)|"
    r"pid|process_?id)$"
)
_COUNTER = re.compile(r"(?i)(_total|^total_?\w*requests?|requests?_?(served|handled|count)|_count_total)$")
_DEEPEST, _MOST_VALUES = 4, 200
# A counter has to rise so often before its fall says something, and go on rising after it.
FEWEST_RISES, FEWEST_AFTER = 5, 2
# An uptime is rounded, and read a little later than the process knows.
SLACK_S = 2.0


@dataclass(frozen=True)
class Mark:
    """One value of one field, seen at a moment of plan time."""

    at_s: float
    value: float | str
    pointer: str


@dataclass(frozen=True, kw_only=True)
class Restart:
    """A restart between two looks, and the field that shows it."""

    from_s: float
    to_s: float
    text: str
    pointer: str


def restarts(bundle: Bundle) -> tuple[Restart, ...]:
    """Every restart that a field of an answer shows; one that two fields show counts once."""
    found = [
        item
        for (_, field), marks in _series(bundle).items()
        for item in _of_field(field, marks, bundle.window.speed)
    ]
    kept: list[Restart] = []
    for item in sorted(found, key=lambda item: item.to_s):
        if not kept or item.from_s >= kept[-1].to_s:
            kept.append(item)
    return tuple(kept)


def _series(bundle: Bundle) -> dict[tuple[str, str], list[Mark]]:
    """By path and field, in the order of time."""
    series: dict[tuple[str, str], list[Mark]] = {}
    for sent in bundle.sent_to_service:
        body = sent.exchange.body
        if sent.exchange.fault is not None or not body or not body.lstrip().startswith("{"):
            continue
        document = read_json(body)
        if not isinstance(document, Found):
            continue
        at_s = (sent.exchange.at - bundle.window.t0).total_seconds() * bundle.window.speed
        for field, value in _fields(document.value, "$", _DEEPEST):
            series.setdefault((path_of(sent.exchange.url), field), []).append(Mark(at_s, value, sent.pointer))
    return {key: sorted(marks, key=lambda mark: mark.at_s) for key, marks in series.items()}


def _fields(value: Any, path: str, depth: int) -> Iterator[tuple[str, float | str]]:
    if not isinstance(value, dict) or depth == 0:
        return
    for key, item in list(value.items())[:_MOST_VALUES]:
        if isinstance(item, dict):
            yield from _fields(item, f"{path}.{key}", depth - 1)
        elif isinstance(item, bool) or not isinstance(item, str | int | float):
            continue
        elif START.match(key) or (_is_number(item) and (UPTIME.match(key) or _COUNTER.search(key))):
            yield f"{path}.{key}", item


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and math.isfinite(item)


def _of_field(field: str, marks: Sequence[Mark], speed: float) -> Iterator[Restart]:
    key = field.rpartition(".")[2]
    if START.match(key):
        yield from _replaced(field, marks)
    elif UPTIME.match(key):
        yield from _uptime_fell(field, marks, speed)
    else:
        yield from _counter_fell(field, marks)


def _replaced(field: str, marks: Sequence[Mark]) -> Iterator[Restart]:
    """A value that was there twice or more, and never again once another one came."""
    last = {mark.value: index for index, mark in enumerate(marks)}
    for index, mark in enumerate(marks[1:], start=1):
        before = marks[index - 1]
        is_new = all(earlier.value != mark.value for earlier in marks[:index])
        if is_new and last[before.value] == index - 1 and index > 1:
            yield _between(before, mark, f"{field} changed from {before.value} to {mark.value}")


def _uptime_fell(field: str, marks: Sequence[Mark], speed: float) -> Iterator[Restart]:
    """It is shorter than the time since the look before it: another instance would be older."""
    for before, mark in pairwise(marks):
        real_s = (mark.at_s - before.at_s) / speed
        unit = 0.001 if re.search(r"(?i)(ms|millis|milliseconds)$", field) else 1.0
        uptime_s = unit * float(mark.value)
        if float(mark.value) < float(before.value) and uptime_s <= real_s + SLACK_S:
            yield _between(before, mark, f"{field} fell from {before.value:g} to {mark.value:g}")


def _counter_fell(field: str, marks: Sequence[Mark]) -> Iterator[Restart]:
    """To less than half, once, after it only ever rose, and rose again after it."""
    values = [float(mark.value) for mark in marks]
    falls = [i for i in range(1, len(values)) if values[i] < values[i - 1]]
    if len(falls) != 1 or values[falls[0]] >= values[falls[0] - 1] / 2:
        return
    rises = sum(values[i] > values[i - 1] for i in range(1, falls[0]))
    if rises >= FEWEST_RISES and len(values) - falls[0] >= FEWEST_AFTER:
        before, mark = marks[falls[0] - 1], marks[falls[0]]
        yield _between(before, mark, f"{field} fell from {before.value:g} to {mark.value:g}")


def _between(before: Mark, mark: Mark, text: str) -> Restart:
    where = f"between {shown_offset(before.at_s)} and {shown_offset(mark.at_s)}"
    return Restart(from_s=before.at_s, to_s=mark.at_s, text=f"{text} {where}", pointer=mark.pointer)
