"""Durations, shares and sizes as people write them in a plan, always with their unit. Pure."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema

_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_SIZE = re.compile(r"(\d+) ?(B|KiB|MiB)")
_SIZE_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024 * 1024}


_DAYS = re.compile(r"(\d+) ?(?:d|days?)")


def duration_s(value: Any) -> float:
    """Parse "90s", "15m", "1h30m" or "250ms" into seconds; raise ValueError for a number without a unit."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value == 0:
            return 0.0
        raise ValueError(f"{value} has no unit — write {value}s, {value}m or {value}h")
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip().replace(" ", ""))
        if match and any(match.groups()):
            hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
            return hours * 3600 + minutes * 60 + seconds + millis / 1000
        days = _DAYS.fullmatch(value.strip())
        if days:
            raise ValueError(f"{value!r}: a duration knows no days — write {24 * int(days.group(1))}h")
    raise ValueError(f"{value!r} is not a duration — write one like 30s, 15m, 2h or 1h30m")


def percent(value: Any) -> float:
    """Parse "70%" as 70.0; raise ValueError for a bare number, as 0.7 and 70 could both be meant."""
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None and isinstance(value, float) and 0 < value < 1:
        raise ValueError(f"{value} is not a share — write {100 * value:g}%, or {value:g}% if that is meant")
    if match is None and isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value} is not a share — write {value:g}%")
    if match is None:
        raise ValueError(f"{value!r} is not a share — write one like 70%")
    share = float(match.group(1))
    if share > 100:
        raise ValueError(f"{value!r} is more than 100% — write a share from 0% to 100%")
    return share


def size_bytes(value: Any) -> int:
    """Parse "64KiB" into bytes; raise ValueError."""
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a size — write one like 64KiB or 1MiB")
    return int(match.group(1)) * _SIZE_BYTES[match.group(2)]


def path_of(address: str) -> str:
    """Return the path of an address without its query; "" if the text is not an address."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def shown_duration(seconds: float) -> str:
    """Format seconds as people say them: "2 h", "15 min", "1 h 30 min", "10 s", "250 ms"."""
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    total_s = round(seconds)
    hours, minutes, rest = total_s // 3600, total_s % 3600 // 60, total_s % 60
    parts = [f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(parts) or "0 s"


def shown_percent(percent: float) -> str:
    """Format a share with two significant digits: "0.12", "1.5", "12", "100"."""
    return f"{percent:.0f}" if percent >= 10 else f"{percent:.2g}"


def shown_offset(offset_s: float) -> str:
    """Format an offset as the report's tables do: "T+15min"."""
    minutes = offset_s / 60
    return f"T+{minutes:.0f}min" if abs(minutes - round(minutes)) < 0.05 else f"T+{minutes:.1f}min"


Duration = Annotated[
    float,
    BeforeValidator(duration_s),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^ *(\d+(\.\d+)?(h|m|s|ms) *)+$|^\$\{",
            "description": "a duration with its unit, such as 30s, 15m, 2h or 1h30m",
        }
    ),
]
Percent = Annotated[
    float,
    BeforeValidator(percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?%$", "description": "a share, such as 70%"}),
]
Size = Annotated[
    int,
    BeforeValidator(size_bytes),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d+ ?(B|KiB|MiB)$", "description": "a size, such as 64KiB"}
    ),
]


def speed_of(text: str) -> float:
    """Parse how many times as fast a window runs; raise ValueError outside 1 to 100000."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 100_000:
        raise ValueError(f"{text!r} is not a speed — write a number from 1 to 100000")
    return value
