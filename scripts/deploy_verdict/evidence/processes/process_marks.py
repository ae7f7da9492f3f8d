"""What responses say of the process that gave them: how long it has run, which one it is. Pure.

Health endpoints give an uptime, a start time, a process id, or counters since the start. If instances take
turns, such values go back and forth; after a restart the old value never returns. Some responses name their
instance; among how many a broken one could hide follows from how often each was met.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy_verdict.base.units import path_of, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.expect import Found, read_json, select
from deploy_verdict.model import BurstObservation, Exchange, HttpObservation
from deploy_verdict.plan import Plan

UPTIME = re.compile(
    r"(?i)^(x-)?((process|app|server|service|jvm)[._-]?)?up[_-]?time"
    r"([_-]?(in[_-]?)?(ns|us|ms|millis|milliseconds|s|secs?|seconds|m|mins?|minutes|h|hrs?|hours|d|days))?$"
)
_UNITS = {"n": 1e-9, "u": 1e-6, "ms": 0.001, "mil": 0.001, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NAMED_UNIT = re.compile(r"(?i)time[_-]?(?:in[_-]?)?(ms|mil|n|u|m|h|d)")
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_CLOCK = re.compile(r"(?:(\d+)(?:\.| days?,? ?))?(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_AMOUNTS = re.compile(
    r"(\d+(?:\.\d+)?) ?(days?|d|hours?|hrs?|h|minutes?|mins?|ms|m|seconds?|secs?|s)[, ]*(?:and )?"
)
START = re.compile(
    r"(?i)^(x-)?(((process|app|server|service|jvm)[._-]?)?(started([_-]?(at|on))?|(process_)?start[_-]?(time(stamp)?|up[_-]?time)"
    r"(_(ms|s|seconds))?|boot[_-]?(time|id)|booted[_-]?at|launched[_-]?at|(up|running)[_-]?since)|pid|process[_-]?id)$"
)
# What names the code itself. $.redis.version names a component, and a plain number may count edits.
VERSION = re.compile(
    r"(?i)^(x-)?((app|service|api|server|git|source)[._-]?)?(version|(commit|build|release|image)([._-]?(id|sha|hash|tag"
    r"|version))?|sha|revision)$"
)
_CODE = re.compile(r"(?i)v?\d+\.\d+[\w.+-]{0,60}|([\w./-]{1,40}[-@:])?[0-9a-f]{7,64}")
_OF_THE_APP = re.compile(r"(?i)\$(\.(build|git|app|application|service|info|release|meta|commit))*")
_COUNTER = re.compile(r"(?i)(_total|^total_?\w*requests?|requests?_?(served|handled|count)|_count_total)$")
_METRIC = re.compile(
    r"^(process_start_time_seconds|process_uptime_seconds)(?:\{[^}\n]*\})? (\S+)$", re.MULTILINE
)
_DEEPEST, _MOST_VALUES, MOST_NAMED = 4, 200, 3
# A counter must rise this often before its fall, and this often after it, for the fall to mean anything.
FEWEST_RISES, FEWEST_AFTER = 5, 2
# An uptime is rounded, and read a little later than the process reports it.
SLACK_S = 2.0
_COARSE_S = 60.0


@dataclass(frozen=True)
class Mark:
    """One value of one field, seen at a moment in plan seconds."""

    at_s: float
    value: float | str
    pointer: str


@dataclass(frozen=True, kw_only=True)
class Restart:
    """A restart between two responses, and the field that shows it."""

    from_s: float
    to_s: float
    text: str
    pointer: str


def restarts(bundle: Bundle) -> tuple[Restart, ...]:
    """Return every restart that a field shows. If two fields show the same one, it counts once."""
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


def versions(bundle: Bundle) -> tuple[str, str] | None:
    """Return the versions that answered, in words, with a pointer; None unless there are several.

    Until `fresh_within` older code may still answer.
    """
    for (_, field), marks in _series(bundle).items():
        path, _, key = field.rpartition(".")
        if not VERSION.match(key) or not (path == "header" or _OF_THE_APP.fullmatch(path)):
            continue
        seen: dict[str, list[Mark]] = {}
        for mark in marks:
            if mark.at_s >= bundle.plan.fresh_within_s and _CODE.fullmatch(str(mark.value)):
                seen.setdefault(str(mark.value), []).append(mark)
        if len(seen) > 1:
            listed = [_times_of(value, found) for value, found in seen.items()]
            more = f", and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
            return f"{field} is {', '.join(listed[:MOST_NAMED])}{more}", list(seen.values())[1][0].pointer
    return None


def _times_of(value: str, marks: Sequence[Mark]) -> str:
    first, last = shown_offset(marks[0].at_s), shown_offset(marks[-1].at_s)
    return f"{value} in {len(marks)} answers from {first} to {last}"


def _series(bundle: Bundle) -> dict[tuple[str, str], list[Mark]]:
    """Return the marks by (path, field) in the order of time."""
    series: dict[tuple[str, str], list[Mark]] = {}
    for sent in bundle.sent_to_service:
        if sent.exchange.fault is not None:
            continue
        at_s = (sent.exchange.at - bundle.window.t0).total_seconds() * bundle.window.speed
        for field, value in _marks_in(sent.exchange):
            series.setdefault((path_of(sent.exchange.url), field), []).append(Mark(at_s, value, sent.pointer))
    return {key: sorted(marks, key=lambda mark: mark.at_s) for key, marks in series.items()}


def _marks_in(exchange: Exchange) -> Iterator[tuple[str, float | str]]:
    """Yield the marks in the headers, and in a JSON or Prometheus body."""
    for name, text in exchange.headers.items():
        is_start = START.match(name) or VERSION.match(name)
        if is_start or (UPTIME.match(name) and seconds_of(text) is not None):
            yield f"header.{name}", text
    body = exchange.body or ""
    for match in _METRIC.finditer(body):
        yield match.group(1), match.group(2)
    if body.lstrip().startswith("{"):
        document = read_json(body)
        if isinstance(document, Found):
            yield from _fields(document.value, "$", _DEEPEST)


def _fields(value: Any, path: str, depth: int) -> Iterator[tuple[str, float | str]]:
    if not isinstance(value, dict) or depth == 0:
        return
    for key, item in list(value.items())[:_MOST_VALUES]:
        if isinstance(item, dict):
            yield from _fields(item, f"{path}.{key}", depth - 1)
        elif isinstance(item, bool) or not isinstance(item, str | int | float):
            continue
        elif _is_mark(key, item):
            yield f"{path}.{key}", item


def _is_mark(key: str, item: str | float) -> bool:
    if UPTIME.match(key):
        return seconds_of(item) is not None
    if isinstance(item, str) and VERSION.match(key):
        return True
    return START.match(key) is not None or (_is_number(item) and _COUNTER.search(key) is not None)


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and math.isfinite(item)


def seconds_of(value: Any) -> float | None:
    """Return how long an uptime is, in its own unit if it is a number; None if it is no uptime."""
    if _is_number(value):
        return float(value)
    text = str(value).strip()
    found = _ISO.fullmatch(text) or _CLOCK.fullmatch(text)
    if found and any(found.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    amounts = _AMOUNTS.findall(text)
    if amounts and not _AMOUNTS.sub("", text):
        return sum(float(n) * _UNITS.get("ms" if unit == "ms" else unit[0], 1.0) for n, unit in amounts)
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _of_field(field: str, marks: Sequence[Mark], speed: float) -> Iterator[Restart]:
    key = field.rpartition(".")[2]
    if START.match(key):
        yield from _replaced(field, marks)
    elif UPTIME.match(key):
        yield from _uptime_fell(field, marks, speed)
    elif not VERSION.match(key):
        yield from _counter_fell(field, marks)


def _replaced(field: str, marks: Sequence[Mark]) -> Iterator[Restart]:
    """Yield where a value is replaced by a new one and never returns. One earlier mark is too few."""
    last = {mark.value: index for index, mark in enumerate(marks)}
    for index, mark in enumerate(marks[1:], start=1):
        before = marks[index - 1]
        is_new = all(earlier.value != mark.value for earlier in marks[:index])
        if is_new and last[before.value] == index - 1 and index > 1:
            yield _between(before, mark, f"{field} changed from {before.value} to {mark.value}")


def _uptime_fell(field: str, marks: Sequence[Mark], speed: float) -> Iterator[Restart]:
    """Yield where an uptime is shorter than the time since the previous response.

    Another instance would be older. Whole minutes and longer cannot show that: there the uptime must fall
    exactly once, and only rise before and after.
    """
    values = [seconds_of(mark.value) or 0.0 for mark in marks]
    named = _NAMED_UNIT.search(field)
    falls = [index for index in range(1, len(values)) if values[index] < values[index - 1]]
    for index in falls:
        before, mark = marks[index - 1], marks[index]
        # The unit in the name applies to a number; "PT3M" has its own.
        is_number = str(mark.value).replace(".", "").isdigit()
        unit = _UNITS[named.group(1).lower()] if named and is_number else 1.0
        is_young = unit * values[index] <= (mark.at_s - before.at_s) / speed + SLACK_S
        if unit >= _COARSE_S:
            enough = index >= FEWEST_RISES and len(values) - index > FEWEST_AFTER
            is_young = len(falls) == 1 and enough and values[-1] < values[index - 1]
        if is_young:
            yield _between(before, mark, f"{field} fell from {_shown(before)} to {_shown(mark)}")


def _shown(mark: Mark) -> str:
    return mark.value if isinstance(mark.value, str) else f"{mark.value:g}"


def _counter_fell(field: str, marks: Sequence[Mark]) -> Iterator[Restart]:
    """Yield where a counter falls once to less than half, having only risen before, and rises again."""
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


# Headers in which proxies and frameworks name the instance behind them; none names a node of an edge.
KNOWN_HEADERS = (
    "x-instance-id",
    "x-instance",
    "x-replica-id",
    "x-pod-name",
    "x-pod",
    "x-backend-server",
    "x-container-id",
)
LONGEST_NAME = 80


def instance_of(plan: Plan, exchange: Exchange) -> str | None:
    """Return the instance by the plan's selector, or by a known header; None if neither names one."""
    if exchange.status is None:
        return None
    wanted = plan.service.instance
    for selector in [wanted] if wanted else [f"header.{name}" for name in KNOWN_HEADERS]:
        found = select(selector, exchange)
        if isinstance(found, Found) and isinstance(found.value, str | int) and str(found.value):
            return str(found.value)[:LONGEST_NAME]
    return None


def answers_by_instance(bundle: Bundle) -> Counter[str]:
    """Return how many responses each instance gave, of those that name it."""
    found: Counter[str] = Counter()
    for item in bundle.loaded:
        for observation in item.evidence.observations:
            if isinstance(observation, HttpObservation):
                if not bundle.plan.is_ours(bundle.plan.host_of(observation.url)):
                    continue
                found.update(filter(None, [instance_of(bundle.plan, observation)]))
            elif isinstance(observation, BurstObservation):
                found.update(reading.instance for reading in observation.readings if reading.instance)
    return found


def fewest_asked(bundle: Bundle) -> tuple[str, int] | None:
    """Return the read-only health check with the fewest responses, and how many it has.

    Each of them had a connection of its own.
    """
    asked: Counter[str] = Counter()
    for item in bundle.loaded:
        for observation in item.evidence.observations:
            if isinstance(observation, HttpObservation) and observation.status is not None:
                asked[observation.check] += 1
    counts = [
        (asked[check.name], check.name)
        for check in bundle.plan.health
        if not check.writes and bundle.plan.is_ours(check.host)
    ]
    return (min(counts)[1], min(counts)[0]) if counts and min(counts)[0] else None


def most_instances(asked: int) -> int:
    """Return how many instances there may be for a broken one to show in `asked` responses (at 95 %)."""
    return math.floor(1 / (1 - math.pow(0.05, 1 / asked)) + 1e-9)
