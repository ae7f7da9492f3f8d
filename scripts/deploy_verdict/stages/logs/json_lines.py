"""A log line that is a JSON object: Railway's own shape, or what a service's JSON logger writes. Pure."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.stages.logs.text_lines import LEVELS, Stamp, level_of, stamp_of

_TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "asctime", "datetime")
_TEXT_KEYS = ("message", "msg", "event")
_LEVEL_KEYS = ("level", "levelname", "severity", "log.level", "lvl")
_RAILWAY_KEYS = frozenset({"timestamp", "message", "severity", "level", "attributes", "tags"})
_EPOCH_UNITS = ((1e9, 1e10, 1.0), (1e12, 1e13, 1e3), (1e15, 1e16, 1e6), (1e18, 1e19, 1e9))


class JsonLine(NamedTuple):
    """What a JSON object says: its message with all its other fields, its time, and its level."""

    text: str
    stamp: Stamp
    level: str | None


def json_line(text: str) -> JsonLine | None:
    """Read a line that begins with a brace; None when it is no JSON object, or one too deep to read."""
    try:
        fields = json.loads(text)
        if not isinstance(fields, dict):
            return None
        attributes = _attributes(fields.get("attributes"))
        message = next((fields[key] for key in _TEXT_KEYS if isinstance(fields.get(key), str)), "")
        full = _full_text(message, fields, attributes)
    except (ValueError, RecursionError):
        return None
    stamp = _stamp(fields)
    return JsonLine(full, stamp if stamp.at else stamp_of(message), _level(message, fields, attributes))


def railway_level(text: str, severity: str | None, *, structured: bool) -> str | None:
    """The level of a line that Railway gives: one that the text names wins over the severity.

    Railway calls all plain stderr "error", so that alone is UNPROVEN_LEVEL, unless the service's own fields
    (`structured`) show that the severity is the service's own word.
    """
    named = level_of(text)
    if named is None and severity == "error" and not structured:
        return UNPROVEN_LEVEL
    return named or LEVELS.get((severity or "").upper())


def _attributes(pairs: Any) -> dict[str, Any]:
    """Railway's attributes, whose values are JSON in text: `"info"` arrives with its quotes."""
    found: dict[str, Any] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            value = pair.get("value")
            try:
                found[pair["key"]] = json.loads(value) if isinstance(value, str) else value
            except ValueError:
                found[pair["key"]] = value
    return found


def _full_text(message: str, fields: dict[str, Any], attributes: dict[str, Any]) -> str:
    """The message, then every other field on a line of its own: a traceback may stand in one of them."""
    railways = {"attributes", "tags"} if isinstance(fields.get("attributes"), list) else set()
    hidden = {*_TIME_KEYS, *_LEVEL_KEYS, *railways}
    parts = [message] if message else []
    for name, value in (*fields.items(), *attributes.items()):
        if name in hidden or value is None or value is message:
            continue
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        parts.append(f"{name}:\n{shown}" if "\n" in shown else f"{name}={shown}")
    return "\n".join(parts)


def _stamp(fields: dict[str, Any]) -> Stamp:
    for key in _TIME_KEYS:
        value = fields.get(key)
        if isinstance(value, str):
            stamp = stamp_of(value)
            if stamp.at is not None:
                return stamp
        elif isinstance(value, int | float):
            for low, high, per_second in _EPOCH_UNITS:
                if low <= value < high:
                    return Stamp(datetime.fromtimestamp(value / per_second, UTC))
    return Stamp()


def _level(message: str, fields: dict[str, Any], attributes: dict[str, Any]) -> str | None:
    key = next((key for key in _LEVEL_KEYS if isinstance(fields.get(key), str)), None)
    word = fields[key] if key else attributes.get("level")
    if not isinstance(word, str):
        return level_of(message)
    if fields.keys() <= _RAILWAY_KEYS:
        structured = key == "level" or bool(attributes.keys() - {"level"})
        return railway_level(message, word, structured=structured)
    return LEVELS.get(word.upper()) or level_of(message)
