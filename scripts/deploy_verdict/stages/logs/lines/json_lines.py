"""A log line that is a JSON object: written by a service's JSON logger, or by a platform as a wrapper. Pure.

Keys count in any case, with or without hyphens and underscores. What a number means depends on the shape
around it: 40 is a warning in pino and an error in Python.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from deploy_verdict.model import UNPROVEN_LEVEL
from deploy_verdict.stages.logs.lines.alike import Places
from deploy_verdict.stages.logs.lines.json_tokens import (
    as_shown,
    cuts_of,
    is_open_number,
    values_of,
    within_quotes,
)
from deploy_verdict.stages.logs.lines.levels import (
    CRITICAL,
    DEBUG,
    ERROR,
    ERROR_LEVELS,
    INFO,
    WARNING,
    bunyan_level,
    hundreds_level,
    named_level,
    otel_level,
    python_level,
    syslog_level,
)
from deploy_verdict.stages.logs.lines.source_lines import SourceLine, without_colours
from deploy_verdict.stages.logs.lines.times import Stamp, epoch_time

Reader = Callable[[str], SourceLine]
TimeReader = Callable[[str], Stamp]

# Keys without case, dots, hyphens and underscores; the first that holds something counts.
TIME_KEYS = (
    "timestamp", "time", "ts", "@timestamp", "asctime", "datetime", "@t", "t", "date", "timeunixnano",
    "observedtimeunixnano", "eventtime", "timestampms", "starttime", "realtimetimestamp", "instant",
    "created", "when", "ibmdatetime", "timestampseconds",
)  # fmt: skip
TEXT_KEYS = (
    "message", "msg", "event", "fullmessage", "shortmessage", "@message", "@m", "renderedmessage", "@mt",
    "messagetemplate", "body", "textpayload", "text", "log", "line", "m", "logmessage", "content",
    "resultdescription",
)  # fmt: skip
LEVEL_KEYS = (
    "level", "levelname", "loglevel", "lvl", "severity", "severitytext", "logseverity", "errorseverity", "@l",
    "@level", "sev",
    "levelno", "severitynumber", "priority", "syslogpriority", "prio", "loglevelname", "levelvalue",
    "leveltext", "levelstr", "levelstring", "severitylevel", "logseveritylevel",
)  # fmt: skip
# Keys that hold a level if the lines of a log without another one agree on it. Some words are an outcome
# instead.
AGREED_KEYS = (
    "l", "lv", "ll", "lev", "le", "s", "type", "kind", "class", "category", "logtype", "msgtype", "tag",
)  # fmt: skip
_OUTCOMES = frozenset({"SUCCESS", "FAILURE", "FAIL"})
_WRAPPERS = (
    "log",
    "record",
    "fields",
    "jsonpayload",
    "body",
    "data",
    "payload",
    "@fields",
    "meta",
    "attributes",
)
# The payload of a request or job, if the line has a message of its own: no word in it is the logger's.
_CARGO = frozenset({"body", "data", "payload", "attributes"})
# One line that holds many: OpenTelemetry's exporters, CloudWatch's subscriptions.
_BATCHES = ("resourcelogs", "scopelogs", "logrecords", "logevents")
_RAILWAY_KEYS = frozenset({"timestamp", "message", "severity", "level", "attributes", "tags"})
_RAILWAY_FLAT = {"timestamp", "message", "level"}
_PYTHON_KEYS = frozenset({"levelno", "lineno", "funcname", "pathname"})
_REQUEST_PATHS = frozenset(
    {
        "path",
        "uri",
        "url",
        "requesturi",
        "requestpath",
        "request",
        "urlpath",
        "xenvoyoriginalpath",
        "requesturl",
    }
)
_REQUEST_STATUSES = frozenset(
    {"status", "statuscode", "responsecode", "downstreamstatus", "originstatus", "httpstatus", "response"}
)
_STACK_KEYS = ("stack", "trace", "excinfo", "exception", "@x", "errorverbose")
_MONGO_LEVELS = {"F": CRITICAL, "E": ERROR, "W": WARNING, "I": INFO, "D": DEBUG}
_MYSQL_LEVELS = (INFO, ERROR, WARNING, INFO)
_MAX_DEPTH, _MOST_LAYOUTS = 4, 200
# Whose JSON it is, by some of its keys; the first that fits.
_SHAPES = (
    (frozenset({"t", "s", "c", "msg"}), "MongoDB's JSON"),
    (frozenset({"shortmessage"}), "GELF"),
    (frozenset({"version", "host", "fullmessage"}), "GELF"),
    (frozenset({"prio", "errcode"}), "MySQL's JSON"),
    *(
        (frozenset({key}), "journald's JSON")
        for key in ("realtimetimestamp", "systemdunit", "syslogidentifier")
    ),
    *((frozenset({key}), "OpenTelemetry's JSON") for key in ("severitynumber", "timeunixnano")),
    *((frozenset({key}), "Python's JSON") for key in _PYTHON_KEYS),
    (frozenset({"channel", "levelname"}), "Monolog's JSON"),
    (frozenset({"context", "sequence", "version"}), "Roarr's JSON"),
)
# Levels that are counted from 0: by Application Insights, Microsoft's LogLevel, MySQL.
_INSIGHTS_LEVELS = (DEBUG, INFO, WARNING, ERROR, CRITICAL)
_MICROSOFT_LEVELS = (DEBUG, DEBUG, INFO, WARNING, ERROR, CRITICAL)
_as_json = json.JSONEncoder(ensure_ascii=False).encode


class JsonLine(NamedTuple):
    """What a JSON object says: its message with all its other fields, its time, and its level."""

    text: str
    stamp: Stamp
    level: str | None
    format: str
    kind: str = "line"
    bare: bool = False
    records: tuple["JsonLine", ...] = ()


def json_objects(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the objects in the lines of a log, without their wrappers."""
    found = []
    for text in texts:
        written = text[text.find("{") :].strip() if "{" in text else ""
        while written.startswith("{"):
            try:
                fields = json.loads(written)
            except (ValueError, RecursionError):
                break
            inner = next((fields[key] for key in ("log", "message") if isinstance(fields.get(key), str)), "")
            written = inner.strip()
            if not written.startswith("{"):
                found.append(fields)
    return found


def _agree_on(key: str, objects: Sequence[Mapping[str, Any]]) -> bool:
    words = [str(named[key]).upper() for named in objects if isinstance(named.get(key), str)]
    levels = [named_level(word) for word in words]
    is_level = bool(levels) and None not in levels and len(words) >= 0.9 * len(objects)
    return is_level and not _OUTCOMES & {*words} and any(level not in ERROR_LEVELS for level in levels)


class _Layout(NamedTuple):
    """Where lines with these keys in this order have message, time and level, and the levels met so far."""

    message: str
    time: str
    level: str
    shown: tuple[str, ...]
    format: str
    levels: dict[str | int, str]


class JsonReader:
    """Reads JSON lines of one log. `read` reads a message that is a line of its own, `read_time` a time."""

    def __init__(self, read: Reader, read_time: TimeReader) -> None:
        self._read, self._read_time = read, read_time
        self._layouts: dict[tuple[str, ...], _Layout | None] = {}
        self._agreed_key: str | None = None

    def learn(self, objects: Sequence[Mapping[str, Any]]) -> None:
        """Decide by a log's first objects whether an ambiguous key means the level here."""
        every = [{_normal(key): value for key, value in fields.items()} for fields in objects]
        open_ones = [named for named in every if _level(named)[0] is None and not _is_request(named)]
        self._agreed_key = next((key for key in AGREED_KEYS if _agree_on(key, open_ones)), None)

    def line(self, text: str) -> JsonLine | None:
        """Read a line that begins with a brace; None if it is not a JSON object, or nested too deeply."""
        try:
            fields = json.loads(text)
            if isinstance(fields, list):
                return self._batch(fields, text)
            if not isinstance(fields, dict):
                return None
            if fields.keys() == _RAILWAY_FLAT and "\\n" not in text and not _is_loggers(fields):
                return self._flat(fields)
            layout = self._layouts.get(tuple(fields))
            found = self._quick(layout, fields) if layout is not None and "\\n" not in text else None
            if found is None:
                records = _records(fields)
                if records:
                    return self._batch(records, text)
                found = _of_fields(fields, self._read, self._read_time, self._agreed_key)
                self._learn(fields, found)
            return found
        except (ValueError, RecursionError, OverflowError):
            return None

    def _flat(self, fields: dict[str, Any]) -> JsonLine | None:
        """Read a line with Railway's own three keys, as most are."""
        message, written, word = fields["message"], fields["timestamp"], fields["level"]
        if type(message) is not str or type(written) is not str:
            return _of_fields(fields, self._read, self._read_time, self._agreed_key)
        inner, stamp = self._read(message), self._read_time(written)
        if stamp.at is None and inner.at is not None:
            stamp = Stamp(inner.at, inner.zoned)
        level = platform_level(inner, word, structured=False)
        return JsonLine(message, stamp, level, inner.format or "Railway's JSON", inner.kind, inner.bare)

    def _batch(self, records: list[Any], text: str) -> JsonLine | None:
        """Read a line that holds many, each of which is read by itself."""
        if not records or not all(isinstance(record, dict) for record in records):
            return None
        read = tuple(_of_fields(record, self._read, self._read_time, self._agreed_key) for record in records)
        return JsonLine(text, read[0].stamp, None, read[0].format, records=read)

    def _quick(self, layout: _Layout, fields: dict[str, Any]) -> JsonLine | None:
        """Read a line whose keys were met before, where these stood; None if that does not work."""
        message, written, word = fields[layout.message], fields[layout.time], fields[layout.level]
        if type(message) is not str or type(word) not in (str, int) or not message:
            return None
        level, stamp = layout.levels.get(word), _of_value(written, self._read_time)
        if level is None or stamp.at is None:
            return None
        parts = [message]
        for name in layout.shown:
            value = fields[name]
            if value is not None:
                parts.append(f"{name}={value if type(value) is str else _as_json(value)}")
        return JsonLine("\n".join(parts), stamp, level, layout.format)

    def places(self, raw: bytes, is_known: Callable[[str], bool]) -> Places | None:
        """Return where a line has its time, its level and its text.

        None if lines that differ from it only in digits may not have them there; `is_known` says whether that
        is safe for a message.
        """
        values = values_of(raw)
        fields = json.loads(raw) if values is not None else {}
        if fields.keys() == _RAILWAY_FLAT and not _is_loggers(fields):
            is_sure = is_known(str(fields["message"]))
            layout: _Layout | None = _Layout("message", "timestamp", "level", (), "", {})
        else:
            layout = self._layouts.get(tuple(fields))
            is_sure = layout is not None and fields[layout.level] in layout.levels
        if values is None or layout is None or not is_sure or type(fields[layout.message]) is not str:
            return None
        word = fields[layout.level]
        is_number, is_word = type(word) is int, type(word) is str and not any(map(str.isdigit, word))
        if len(values[layout.time]) != 1 or not (is_number or is_word):
            return None
        parts: list[bytes | re.Match[bytes]] = [values[layout.message][0]]
        for name in layout.shown:
            if fields[name] is not None:
                parts += [f"\n{name}=".encode(), *as_shown(values[name])]
        level = values[layout.level][0].span() if is_number else None
        time = within_quotes(values[layout.time][0])
        numbers = tuple(
            part.span() for part in parts if isinstance(part, re.Match) and is_open_number(part[0])
        )
        return Places(time, cuts_of(parts), level, numbers)

    def _learn(self, fields: dict[str, Any], found: JsonLine) -> None:
        keys = tuple(fields)
        if found.level is None or found.kind != "line" or found.bare or fields.keys() <= _RAILWAY_KEYS:
            return
        layout = self._layouts.get(keys)
        if layout is None and len(self._layouts) < _MOST_LAYOUTS:
            layout = self._layouts[keys] = _layout_of(fields, found.format)
        if layout is None:
            return
        word: Any = fields[layout.level]
        if type(word) in (str, int) and len(layout.levels) < _MOST_LAYOUTS:
            layout.levels[word] = found.level


def _layout_of(fields: dict[str, Any], format_: str) -> _Layout | None:
    """Return where a line has its message, time and level, if all are at the top level; else None."""
    named = {_normal(key): key for key in fields}
    texts = [named[key] for key in TEXT_KEYS if key in named and isinstance(fields[named[key]], str)]
    time = next((named[key] for key in TIME_KEYS if key in named), None)
    levels = [named[key] for key in LEVEL_KEYS if key in named]
    if not texts or time is None or len(levels) != 1 or len(named) != len(fields):
        return None
    if _shape(dict.fromkeys(named)) != "JSON" or "log" in named:
        return None
    shown = tuple(name for name in fields if name != texts[0] and _normal(name) not in _HIDDEN)
    return _Layout(texts[0], time, levels[0], shown, format_, {})


def _records(fields: Mapping[str, Any]) -> list[Any]:
    """Return the records of a batch, whatever stands around them."""
    for key, value in fields.items():
        if _normal(key) not in _BATCHES or not isinstance(value, list):
            continue
        inner = [_records(item) if isinstance(item, dict) else [] for item in value]
        return [record for records in inner for record in records] if any(inner) else value
    return []


def platform_level(line: SourceLine, severity: str | None, *, structured: bool) -> str | None:
    """Return the level of a line from Railway: a level in the line itself wins over the severity.

    Railway calls all plain stderr "error", so that alone is UNPROVEN_LEVEL, unless the service's own fields
    (`structured`) show that the severity is the service's own.
    """
    if line.level is not None or line.kind == "access":
        return line.level
    if severity == "error" and not structured:
        return UNPROVEN_LEVEL
    return named_level(severity) if severity else None


@lru_cache(maxsize=1024)
def _normal(key: str) -> str:
    return key.replace("_", "").replace("-", "").replace(".", "").replace(" ", "").lower()


def _of_fields(
    fields: dict[str, Any], read: Reader, read_time: TimeReader, agreed_key: str | None = None
) -> JsonLine:
    named = {_normal(key): value for key, value in fields.items()}
    attributes = railway_attributes(fields.get("attributes"))
    message = _message(named)
    inner = read(message.partition("\n")[0] if len(message) > 65536 else message.split("\n", 1)[0])
    stamp = _time(named, read_time)
    if stamp.at is None and inner.at is not None:
        stamp = Stamp(inner.at, inner.zoned)
    if isinstance(fields.get("log"), str) and named.keys() <= {
        "log",
        "stream",
        "time",
        "attrs",
        "tag",
        "kubernetes",
        "docker",
    }:
        return JsonLine(
            message.rstrip("\n"), stamp, inner.level, inner.format or "Docker's JSON", inner.kind, inner.bare
        )
    full = _full_text(message, fields, attributes)
    if fields.keys() <= _RAILWAY_KEYS and not _is_loggers(fields):
        return _railways(fields, attributes, inner, full, stamp)
    level, shape = _level(named)
    kind = "line"
    if level is None and attributes.get("level") is not None:
        level = named_level(str(attributes["level"]))
    if level is None and agreed_key is not None and isinstance(named.get(agreed_key), str):
        level = named_level(named[agreed_key])
    if level is None and _is_request(named):
        return JsonLine(full, stamp, None, "JSON access log", "access")
    if level is None and "levelless" not in shape:
        level, kind = inner.level, inner.kind
    if _holds_stack(fields):
        kind = "crash"
    return JsonLine(full, stamp, level, shape, kind, level is None and kind == "line" and inner.bare)


def _is_loggers(fields: dict[str, Any]) -> bool:
    """Return whether flat JSON is a logger's: its level comes first, or is a word Railway does not use."""
    if "attributes" in fields or "severity" in fields or not isinstance(fields.get("level"), str):
        return "level" in fields and not isinstance(fields["level"], str)
    return next(iter(fields)) == "level" or fields["level"].lower() not in ("info", "error", "warn", "debug")


def _railways(
    fields: dict[str, Any], attributes: dict[str, Any], inner: SourceLine, full: str, stamp: Stamp
) -> JsonLine:
    key = "level" if isinstance(fields.get("level"), str) else "severity"
    own = isinstance(fields.get("attributes"), list)
    word = fields.get(key) or attributes.get("level")
    structured = bool(attributes.keys() - {"level"}) or (own and key == "level")
    level = platform_level(inner, word if isinstance(word, str) else None, structured=structured)
    bare = inner.bare and not structured
    return JsonLine(full, stamp, level, inner.format or "Railway's JSON", inner.kind, bare)


def railway_attributes(pairs: Any) -> dict[str, Any]:
    """Return Railway's attributes, whose values are JSON in text: `"info"` arrives with its quotes."""
    found: dict[str, Any] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            value = pair.get("value")
            try:
                found[pair["key"]] = json.loads(value) if isinstance(value, str) else value
            except ValueError:
                found[pair["key"]] = value
    return found


def _message(named: Mapping[str, Any], depth: int = 0) -> str:
    for key in TEXT_KEYS:
        value = named.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and isinstance(value.get("stringValue"), str):
            return str(value["stringValue"])
    for inner in _wrapped(named) if depth < _MAX_DEPTH else ():
        found = _message(inner, depth + 1)
        if found:
            return found
    return ""


def _wrapped(named: Mapping[str, Any]) -> list[dict[str, Any]]:
    has_message = any(key in named for key in ("message", "msg", "method", "status"))
    values = (named.get(key) for key in _WRAPPERS if not (has_message and key in _CARGO))
    return [
        {_normal(key): inner for key, inner in value.items()} for value in values if isinstance(value, dict)
    ]


def _time(named: Mapping[str, Any], read_time: TimeReader, depth: int = 0) -> Stamp:
    problem = Stamp()
    for key in TIME_KEYS:
        value = named.get(key)
        if value is None:
            continue
        stamp = _of_value(value, read_time)
        if stamp.at is not None:
            return stamp
        problem = stamp if stamp.problem else problem
    if problem.problem:
        return problem
    for inner in _wrapped(named) if depth < _MAX_DEPTH else ():
        stamp = _time(inner, read_time, depth + 1)
        if stamp.at is not None:
            return stamp
    return Stamp()


def _of_value(value: Any, read_time: TimeReader) -> Stamp:
    if isinstance(value, str):
        return read_time(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return epoch_time(value)
    if not isinstance(value, dict):
        return Stamp()
    inner = {_normal(key): item for key, item in value.items()}
    if isinstance(inner.get("seconds"), int):  # Google Cloud's
        nanos = inner.get("nanos")
        return epoch_time(inner["seconds"] + (nanos / 1e9 if isinstance(nanos, int) else 0.0))
    if isinstance(inner.get("epochsecond"), int):  # log4j's JSON
        nanos = inner.get("nanoofsecond")
        return epoch_time(inner["epochsecond"] + (nanos / 1e9 if isinstance(nanos, int) else 0.0))
    # MongoDB's {"$date": …}, PHP's {"date": …, "timezone": …}, loguru's {"repr": …, "timestamp": …}.
    written = next((inner[key] for key in ("$date", "timestamp", "date", "repr") if inner.get(key)), None)
    zone = inner.get("timezone")
    if isinstance(written, str) and isinstance(zone, str):
        with_zone = read_time(f"{written} {zone}" if zone[:1].isalpha() else written + zone)
        return with_zone if with_zone.at else read_time(written)
    return Stamp() if isinstance(written, dict) else _of_value(written, read_time)


def _level(named: Mapping[str, Any], depth: int = 0) -> tuple[str | None, str]:
    """Return the level, and the name of the shape that gives it."""
    shape = _shape(named)
    word = named.get("s")
    if shape == "MongoDB's JSON" and isinstance(word, str):
        return _MONGO_LEVELS.get(word[:1]), shape
    context = named.get("context")
    if shape == "Roarr's JSON" and isinstance(context, dict) and isinstance(context.get("logLevel"), int):
        return bunyan_level(context["logLevel"]), shape
    for key in LEVEL_KEYS:
        level = _level_at(key, named, shape)
        if level is not None:
            return level, shape
    if named.keys() >= {"@t"} and "@l" not in named and named.keys() & {"@m", "@mt"}:
        return INFO, "Serilog's compact JSON"
    if named.keys() >= {"ts", "caller", "msg"} and named.keys() & {"v", "err"}:
        return (ERROR if "err" in named else INFO), "klog's JSON"
    for inner in _wrapped(named) if depth < _MAX_DEPTH else ():
        level, _ = _level({key: value for key, value in inner.items() if key not in named}, depth + 1)
        if level is not None:
            return level, shape
    status = named.get("status")
    if "ddsource" in named or "ddtags" in named or {"dd", "status", "message"} <= named.keys():
        return (named_level(status) if isinstance(status, str) else None), "Datadog's JSON"
    return None, shape


def _level_at(key: str, named: Mapping[str, Any], shape: str) -> str | None:
    value = named.get(key)
    if isinstance(value, dict):
        value = next((value[inner] for inner in ("name", "value", "level", "text") if inner in value), None)
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str) and not (value.isascii() and value.strip().isdigit()):
        return named_level(value) or _of_decorated(value)
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return _of_number(key, float(value), named, shape)
    return None


def _of_decorated(word: str) -> str | None:
    """Return a level within colours, brackets or its type: [ERROR], <SeverityNumber.ERROR: 17>."""
    return named_level(without_colours(word).strip("[]():<> ").partition(":")[0].rpartition(".")[2])


def _shape(named: Mapping[str, Any]) -> str:
    """Return whose JSON it is, as far as that decides what a number means."""
    keys = named.keys()
    return next((shape for shown, shape in _SHAPES if shown <= keys), "JSON")


def _of_number(key: str, number: float, named: Mapping[str, Any], shape: str) -> str | None:
    """Return the level that a number means in its place; None if that is not certain."""
    is_otel = key == "severity" and number >= 8 and bool(named.keys() & {"body", "traceid", "resource"})
    if key == "severitynumber" or (is_otel and number <= 24):
        return otel_level(number) if 1 <= number <= 24 else None
    for is_counted, levels in (
        (key == "severitylevel", _INSIGHTS_LEVELS),
        (key == "loglevel" and named.keys() >= {"eventid", "category"}, _MICROSOFT_LEVELS),
        (shape == "MySQL's JSON", _MYSQL_LEVELS),
    ):
        if is_counted:
            return levels[int(number)] if 0 <= number < len(levels) else None
    if key == "levelno" or (shape == "Python's JSON" and key == "level"):
        return python_level(number)
    if shape in ("GELF", "journald's JSON") or (
        key in ("priority", "syslogpriority", "severity") and number <= 7
    ):
        return syslog_level(int(number)) if 0 <= number <= 7 else None
    if key == "levelvalue":  # Logback's numbers
        return next(
            (level for least, level in ((40000, ERROR), (30000, WARNING), (20000, INFO)) if number >= least),
            DEBUG,
        )
    if number >= 100:
        return hundreds_level(number) if number <= 800 else None
    if not 10 <= number < 70:
        return None
    is_bunyan = (
        "pid" in named or "hostname" in named or ("msg" in named and isinstance(named.get("time"), int | str))
    )
    # 40 is a warning for one and an error for the other; for other numbers both agree whether it is an error.
    return None if 40 <= number < 50 and not is_bunyan else bunyan_level(number)


def _is_request(named: Mapping[str, Any]) -> bool:
    """Return whether it is a server's line for a request: method, path and status, and no level."""
    has_method = any("method" in key for key in named)
    paths = any(key.endswith(tuple(_REQUEST_PATHS)) for key in named)
    statuses = any(key.endswith(tuple(_REQUEST_STATUSES)) for key in named)
    return statuses and ((paths and has_method) or "request" in named)


def _holds_stack(fields: Mapping[str, Any], depth: int = 0) -> bool:
    """Return whether a field holds an exception's stack."""
    for key, value in fields.items():
        if isinstance(value, str) and "\n" in value:
            if _normal(key).startswith(_STACK_KEYS) or _normal(key).endswith(_STACK_KEYS):
                return True
        elif isinstance(value, dict) and depth < _MAX_DEPTH and _holds_stack(value, depth + 1):
            return True
    return False


def _full_text(message: str, fields: dict[str, Any], attributes: dict[str, Any]) -> str:
    """Return the message, then every other field on its own line, as one of them may hold a traceback."""
    railways = {"attributes", "tags"} if isinstance(fields.get("attributes"), list) else set()
    parts = [message] if message else []
    for name, value in (*fields.items(), *attributes.items()):
        if value is None or value is message or name in railways:
            continue
        if _normal(name) in _HIDDEN and not isinstance(value, dict | list):
            continue
        shown = value if isinstance(value, str) else _as_json(value)
        parts.append(f"{name}:\n{shown}" if "\n" in shown else f"{name}={shown}")
    return "\n".join(parts)


_HIDDEN = frozenset({*TIME_KEYS, *LEVEL_KEYS}) - {
    "t",
    "date",
    "created",
    "instant",
    "priority",
    "prio",
    "eventtime",
    "starttime",
    "when",
}
