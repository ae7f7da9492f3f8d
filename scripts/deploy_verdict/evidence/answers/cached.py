"""Is a response a copy from a cache? Then it says nothing of the service now. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from deploy_verdict.evidence.processes.process_marks import UPTIME
from deploy_verdict.expect import Found, read_json
from deploy_verdict.model import Exchange

# Matches TCP_MEM_HIT too, but not hit-for-pass, which is no copy.
_HIT = re.compile(r"(?i)(?<![a-z])(hit|stale|updating|prerender|fresh)(?![a-z]|-for)")
_CACHES = (
    "x-cache",
    "cf-cache-status",
    "x-vercel-cache",
    "x-cache-status",
    "x-proxy-cache",
    "x-fastcgi-cache",
    "x-nextjs-cache",
    "x-drupal-cache",
    "x-rack-cache",
    "x-litespeed-cache",
    "x-edge-cache",
    "cdn-cache",
    "cache-status",
)
_YES = re.compile(r"(?i)1|true|yes|hit")
# Dates have whole seconds. Responses this far apart with the same date are copies of one.
APART_S = 3.0
# Nobody caches a health response for this long on purpose. Window time; it takes three responses at least.
STILL_S, FEWEST_STILL = 300.0, 3
# In a rehearsal at high speed a response may still be cached for some seconds of real time, and a clock that
# shows minutes stands still for one.
LEAST_STILL_S, LEAST_OF_MINUTES_S = 5.0, 90.0
# A time within this distance is the response's own. Numbers above MOST_EPOCH_S count milliseconds.
MOMENT_S, MOST_EPOCH_S = 5.0, 1e11
_NOW = re.compile(
    r"(?i)(server|current|response|local|utc)[_-]?(time(stamp)?|date_?time)([_-]?(utc|ms))?|now"
)
_CLOCK = re.compile(rf"(?i)(time(stamp)?|date_?time)([_-]?(utc|ms))?|ts|{_NOW.pattern[4:]}")
# When the components were last checked; some services do that only every few minutes.
_LOOKED = re.compile(
    r"(?i)(last[_-]?)?(health[_-]?)?check(ed)?[_-]?(at|on|time(stamp)?)|last[_-]?(health[_-]?)?check(ed)?"
)
LOOKED_STILL_S = 3600.0
_COARSE = re.compile(r"(?i)[_-]?(m|mins?|minutes|h|hrs?|hours|d|days)$")
# An uptime without a unit may count hours or days. A number this large, or with decimals, counts seconds.
_LEAST_OF_SECONDS = 1000


def why_cached(exchange: Exchange) -> str | None:
    """Return which header says that the response came from a cache, or None if none does."""
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    age = headers.get("age", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", age) and float(age) > 0:
        return f"Age: {age}"
    for name in ("x-from-cache", "x-cached"):
        if _YES.fullmatch(headers.get(name, "").strip()):
            return f"{name}: {headers[name]}"
    if re.search(r"[1-9]", headers.get("x-cache-hits", "")):
        return f"x-cache-hits: {headers['x-cache-hits']}"
    if len(headers.get("x-varnish", "").split()) > 1:
        return f"x-varnish: {headers['x-varnish']}, which names the request that it is a copy of"
    if headers.get("warning", "").startswith(("110", "111")):
        return f"Warning: {headers['warning'][:60]}"
    for name in _CACHES:
        if _HIT.search(headers.get(name, "")):
            return f"{name}: {headers[name]}"
    return None


def copies(exchanges: Iterable[Exchange], speed: float = 1.0) -> Iterator[tuple[Exchange, str]]:
    """Yield each response that is a copy, with the reason.

    It is one by its headers, by having the body and date of a much earlier response, or by a clock in its
    body that stands still.
    """
    answered = sorted((item for item in exchanges if item.fault is None and item.status), key=_at)
    still = _standing_still(answered, speed)
    first: dict[tuple[str, str], Exchange] = {}
    for exchange in answered:
        reason = why_cached(exchange) or still.get(id(exchange))
        date = _date(exchange)
        known = first.setdefault((date, exchange.body or ""), exchange) if date else exchange
        apart_s = (exchange.at - known.at).total_seconds()
        if reason is None and apart_s >= APART_S:
            reason = f"the same body and Date ({date}) as {apart_s:.0f} s before"
        if reason is not None:
            yield exchange, reason


def _at(exchange: Exchange) -> datetime:
    return exchange.at


def _date(exchange: Exchange) -> str:
    return next((value for name, value in exchange.headers.items() if name.lower() == "date"), "")


def _standing_still(answered: Sequence[Exchange], speed: float) -> dict[int, str]:
    """Return the responses whose own clock or uptime has stood still for too long, by id, with the reason."""
    runs: dict[str, list[tuple[Exchange, float]]] = {}
    frozen: dict[int, str] = {}
    for exchange in answered:
        for field, value in _clocks(exchange):
            run = runs.setdefault(field, [])
            if run and run[-1][1] != value:
                run.clear()
            run.append((exchange, value))
            apart_s = (exchange.at - run[0][0].at).total_seconds()
            still_s = LOOKED_STILL_S if _LOOKED.fullmatch(field[2:]) else STILL_S
            least_s = LEAST_STILL_S if value % 60 else LEAST_OF_MINUTES_S
            is_long = apart_s >= max(least_s, still_s / speed)
            if len(run) >= FEWEST_STILL and is_long and _was_current(field, *run[0]):
                frozen[id(exchange)] = f"{field} has stood still for {apart_s:.0f} s"
    return frozen


def _was_current(field: str, exchange: Exchange, value: float) -> bool:
    """Return whether a value was current when it was first seen, by the service's own clock.

    The time of a build or of a start is not. The service's clock need not be right.
    """
    name = field.removeprefix("$.")
    if UPTIME.match(name) or _NOW.fullmatch(name) or _LOOKED.fullmatch(name):
        return True
    try:
        now = parsedate_to_datetime(_date(exchange))
    except ValueError:
        now = exchange.at
    now = now if now.tzinfo else now.replace(tzinfo=UTC)
    return abs(value - now.timestamp()) <= MOMENT_S


def _clocks(exchange: Exchange) -> Iterator[tuple[str, float]]:
    """Yield the times and uptimes at the top level of a JSON object, in seconds."""
    body = exchange.body or ""
    document = read_json(body) if body.lstrip().startswith("{") else None
    if not isinstance(document, Found) or not isinstance(document.value, dict):
        return
    for key, item in document.value.items():
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            continue
        if UPTIME.match(key) and isinstance(item, int | float) and _is_of_seconds(key, item):
            yield f"$.{key}", float(item)
        elif (_CLOCK.fullmatch(key) or _LOOKED.fullmatch(key)) and (moment := _moment(item)) is not None:
            yield f"$.{key}", moment


def _is_of_seconds(key: str, value: float) -> bool:
    is_named = re.search(r"(?i)time[_-]?(in[_-]?)?(ns|us|ms|mil\w+|s|secs?|seconds)$", key) is not None
    return is_named or (not _COARSE.search(key) and (value >= _LEAST_OF_SECONDS or round(value, 2) != value))


def _moment(value: str | float) -> float | None:
    """Return a moment as seconds since 1970.

    Reads RFC 3339, mail dates, and numbers of seconds or milliseconds.
    """
    if isinstance(value, int | float):
        return value / (1000.0 if value > MOST_EPOCH_S else 1.0)
    try:
        moment = datetime.fromisoformat(value) if value[:1].isdigit() else parsedate_to_datetime(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
