"""The time and the level that a line of plain text names. Pure.

Only the head of a line counts: a time or a level inside its message is not the line's own.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple

LEVELS = {
    "CRITICAL": "CRITICAL",
    "FATAL": "CRITICAL",
    "CRIT": "CRITICAL",
    "EMERG": "CRITICAL",
    "ALERT": "CRITICAL",
    "PANIC": "CRITICAL",
    "ERROR": "ERROR",
    "ERR": "ERROR",
    "SEVERE": "ERROR",
    "WARNING": "WARNING",
    "WARN": "WARNING",
    "INFO": "INFO",
    "NOTICE": "INFO",
    "DEBUG": "DEBUG",
    "TRACE": "DEBUG",
}
_HEAD_CHARS = 160
_ANY_LEVEL = "|".join(LEVELS)
_LEVEL_FIRST = re.compile(rf"[\s\[\](|,:\"'-]*(?i:({_ANY_LEVEL}))(?=[\s:\])|,/\"']|$)")
_LEVEL_LATER = re.compile(
    r"\b(ERROR|WARNING|WARN|CRITICAL|FATAL|INFO|DEBUG)\b"
    rf"|(?i:\[\s*({_ANY_LEVEL})\s*\])"
    rf"|(?i:(?:level(?:name)?|severity|lvl)[\"']?\s*[=:]\s*[\"']?({_ANY_LEVEL})\b)"
)
_STAMP = (
    r"((?:19|20)[0-9]{2}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?| [+-][0-9]{4}| ?UTC| ?GMT)?(?![0-9A-Za-z]|:[0-9])"
)
_TIME_FIRST = re.compile(rf"\[?{_STAMP}")
_TIME_AFTER_PREFIX = re.compile(
    r"(?:[\w.-]{1,64} +\| +)?"  # docker compose puts the service's name before each line
    rf"(?:\[?(?i:{_ANY_LEVEL})\]?:?\s+)?(?:(?:time|timestamp|ts)=)?[\[(\"']?{_STAMP}"
)
_TIME_IN_ACCESS_LOG = re.compile(
    r"(?:\S{1,256} ){0,3}"
    r"\[([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][0-9]{4})\]"
)
_TIME_IN_BROKEN_JSON = re.compile(rf"\"(?:timestamp|time|ts|@timestamp|asctime)\"\s*:\s*\"{_STAMP}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Stamp(NamedTuple):
    """A time in UTC, or None; `zoned` is False when it bore no zone; `end` is where the text goes on."""

    at: datetime | None = None
    zoned: bool = True
    end: int = 0


def stamp_of(text: str) -> Stamp:
    """The time with which a line begins, after no more than a level or a service's name."""
    match = _TIME_FIRST.match(text) or _TIME_AFTER_PREFIX.match(text)
    if match is not None:
        return _stamp(match.group(1), match.group(2), match.end())
    match = _TIME_IN_ACCESS_LOG.match(text)
    if match is not None and match.group(2) in _MONTHS:
        day, month, year, clock, zone = match.groups()
        return _stamp(f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{clock}", zone, match.end())
    if text.startswith("{"):
        match = _TIME_IN_BROKEN_JSON.search(text)
        if match is not None:
            return _stamp(match.group(1), match.group(2), 0)
    return Stamp()


def level_of(text: str, end: int | None = None) -> str | None:
    """The level that a line names right after its time (which ends at `end`), or else first in its head."""
    after = stamp_of(text).end if end is None else end
    match = _LEVEL_FIRST.match(text, after) or _LEVEL_LATER.search(text, 0, after + _HEAD_CHARS)
    return None if match is None else LEVELS[match.group(match.lastindex or 0).upper()]


def _stamp(written: str, zone: str | None, end: int) -> Stamp:
    zone = zone.strip() if zone else None
    offset = "" if zone is None or zone in ("UTC", "GMT") else zone
    try:
        moment = datetime.fromisoformat(written.replace("/", "-") + offset)
    except ValueError:
        return Stamp()
    if moment.tzinfo is None:
        return Stamp(moment.replace(tzinfo=UTC), zone is not None, end)
    return Stamp(moment.astimezone(UTC), True, end)
