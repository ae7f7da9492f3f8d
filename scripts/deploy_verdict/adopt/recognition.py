"""Recognizes answers: which kind of health they report, and which numbers of a pool they hold. Pure.

Every drafted line holds for the answer that it was drafted from; the caller tests that again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy_verdict.expect import Lacking, read_json
from deploy_verdict.model import Exchange

# Selector and matcher, as a plan has them.
Line = tuple[str, Any]
GOOD = {
    "ok", "up", "healthy", "pass", "passing", "working", "alive", "ready", "running", "success", "available",
    "online", "connected", "green", "operational", "good", "serving", "pong", "live", "true",
}  # fmt: skip
TELLING = {"ok", "healthy", "ready", "alive", "up", "live", "success", "operational"}
# Keys that hold a service's parts: terminus, actuator, .NET, health+json, and common names.
PARTS = ("details", "components", "entries", "checks", "dependencies", "services", "info", "results")
MOST_PARTS = 4
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class PoolDraft:
    """A pool's numbers as the plan has them; `used_now` and `limit_now` are the live values."""

    name: str
    path: str
    used: str
    limit: Any
    used_now: float
    limit_now: float
    free: str | None = None


def json_of(answer: Exchange) -> Any:
    """Return the body as JSON, or None."""
    found = read_json(answer.body) if answer.body else Lacking("empty")
    return None if isinstance(found, Lacking) else found.value


def health_lines(answer: Exchange) -> list[Line]:
    """Return lines that only a healthy answer meets; none if nothing in it shows health."""
    body = json_of(answer)
    if isinstance(body, dict):
        own = list(_good_fields("$", body))
        parts = [line for key in PARTS for line in _parts(f"$.{key}", body.get(key))]
        # terminus says everything twice, in info and in details.
        parts = [line for line in parts if not line[0].startswith("$.info") or "details" not in body]
        return [*own[:3], *parts[:MOST_PARTS]]
    text = body if isinstance(body, str) else (answer.body or "")
    words = " ".join(text.split())
    if 0 < len(words) <= 60 and not words.startswith("<") and "{" not in words:
        if body is not None and not isinstance(body, str):
            return [("$", body)] if body is True else []
        return [("text", {"matches": f"^\\W*{re.escape(words)}\\W*$"})] if _is_good(words) else []
    return []


def _is_good(text: str) -> bool:
    """Whether a short text reports health: "Healthy", "OK", "Prometheus Server is Ready."."""
    words = re.findall(r"[a-z]+", text.lower())
    return (
        bool(words) and not {"not", "no", "error", "fail", "failed"} & set(words) and bool(GOOD & set(words))
    )


def _good_fields(place: str, body: dict[str, Any]) -> Iterator[Line]:
    for key, value in body.items():
        telling = key.lower() in TELLING
        if (isinstance(value, str) and value.lower() in GOOD) or (value is True and telling):
            yield member(place, key), value


def _parts(place: str, value: Any) -> Iterator[Line]:
    """Yield one line for each part of the service that has a state of its own."""
    for key, item in value.items() if isinstance(value, dict) else ():
        # health+json has a list for each part.
        is_list = isinstance(item, list) and bool(item)
        state, inside = (item[0], f"{member(place, key)}[0]") if is_list else (item, member(place, key))
        if isinstance(state, dict):
            good = _good_fields(inside, state)
            yield from (line for line in good if line[0].endswith(("status", "healthy")))
        elif isinstance(state, str) and state.lower() in GOOD:
            yield inside, state


def member(place: str, key: str) -> str:
    """Return the path of a member, quoted if its name is not a plain word."""
    if _NAME.fullmatch(key):
        return f"{place}.{key}"
    quoted = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"{place}['{quoted}']"


_USED = {
    "inuse", "used", "active", "activeconnections", "checkedout", "acquired", "busy", "borrowed", "numused",
    "usedconnections", "connectionsinuse", "inuseconnections", "connectionsactive",
}  # fmt: skip
_LIMIT = {
    "max", "limit", "maxconnections", "poolsize", "maxsize", "capacity", "maximum", "maxopenconnections",
    "maxpoolsize", "maxactive", "size", "total", "maximumpoolsize", "connectionsmax",
}  # fmt: skip
_FREE = {"free", "available", "idle", "availableconnections", "idleconnections", "freeconnections"}


def json_pools(path: str, answer: Exchange) -> Iterator[PoolDraft]:
    """Yield a pool for each object that holds a number in use with its limit, anywhere in the answer."""
    yield from _pools_in(path, "$", json_of(answer), 0)


def _pools_in(path: str, place: str, value: Any, depth: int) -> Iterator[PoolDraft]:
    if not isinstance(value, dict) or depth > 4:
        return
    numbers = {
        key: item
        for key, item in value.items()
        if isinstance(item, int) and not isinstance(item, bool) and item >= 0
    }
    by_word = {re.sub(r"[^a-z]", "", key.lower()): key for key in numbers}
    used = next((key for word, key in by_word.items() if word in _USED), None)
    limit = next((key for word, key in by_word.items() if word in _LIMIT), None)
    free = next((key for word, key in by_word.items() if word in _FREE), None)
    if used and limit and 0 < numbers[limit] >= numbers[used]:
        adds_up = free is not None and numbers[used] + numbers[free] == numbers[limit]
        name = re.sub(r"[^a-z0-9]+", "-", place.rpartition(".")[2].lower()).strip("-") or "pool"
        yield PoolDraft(
            name=name,
            path=path,
            used=member(place, used),
            limit=member(place, limit),
            free=member(place, free) if free and adds_up else None,
            used_now=numbers[used],
            limit_now=numbers[limit],
        )
    for key, item in value.items():
        yield from _pools_in(path, member(place, key), item, depth + 1)


OPEN_FILES = "open-files"
# The name of the pool, the metric in use and its limit, in common client libraries.
_METRIC_PAIRS = (
    ("hikari", "hikaricp_connections_active", "hikaricp_connections_max"),
    ("jdbc", "jdbc_connections_active", "jdbc_connections_max"),
    ("sql", "go_sql_in_use_connections", "go_sql_max_open_connections"),
    ("sql", "go_sql_stats_connections_in_use", "go_sql_stats_connections_max_open"),
    ("r2dbc", "r2dbc_pool_acquired_connections", "r2dbc_pool_max_allocated_connections"),
    ("tomcat-threads", "tomcat_threads_busy_threads", "tomcat_threads_config_max_threads"),
    ("jetty-threads", "jetty_threads_busy", "jetty_threads_config_max"),
    (OPEN_FILES, "process_open_fds", "process_max_fds"),
    (OPEN_FILES, "process_files_open_files", "process_files_max_files"),
)
_FILES = re.compile(r"(^|[_ ])(fds?|files?)_")
_IN_USE = re.compile(
    r"(?P<of>\w+?)_(in_use|active|used|busy|checked_out|checkedout|acquired|borrowed)(_connections)?"
)
_LIMIT_ENDS = ("max", "limit", "size", "capacity", "max_connections", "max_size", "max_open", "maximum")
_SAMPLE = re.compile(
    r"^(?P<name>[A-Za-z_:][\w:]*)(?P<labels>\{[^}]*\})?\s+(?P<value>[0-9.eE+]+)(?:\s+-?\d+)?$"
)


def metric_pools(path: str, answer: Exchange) -> Iterator[PoolDraft]:
    """Yield a pool for each pair of Prometheus samples with the same labels: in use, and its limit."""
    samples: dict[tuple[str, str], float] = {}
    for line in (answer.body or "").splitlines():
        found = _SAMPLE.match(line.strip())
        if found:
            samples[found["name"], found["labels"] or ""] = float(found["value"])
    found_pools = list(_paired(path, samples))
    files = {pool.limit_now for pool in found_pools if pool.name.startswith(OPEN_FILES)}
    for pool in found_pools:
        # A service's own count of the same files is updated only now and then, so no load shows in it.
        if pool.name.startswith(OPEN_FILES) or pool.limit_now not in files or not _FILES.search(pool.used):
            yield pool


def _paired(path: str, samples: Mapping[tuple[str, str], float]) -> Iterator[PoolDraft]:
    taken: set[str] = set()
    for (name, labels), used_now in samples.items():
        pair = next(((as_, limit) for as_, used, limit in _METRIC_PAIRS if used == name), None)
        pairs = [pair] if pair else list(_guessed(name))
        for called, limit in pairs:
            limit_now = samples.get((limit, labels), 0.0)
            unique = called if called not in taken else f"{called}-{len(taken) + 1}"
            if limit_now > 0 and used_now <= limit_now:
                taken.add(unique)
                yield PoolDraft(
                    name=unique,
                    path=path,
                    used=f"prometheus: {name}{labels}",
                    limit=f"prometheus: {limit}{labels}",
                    used_now=used_now,
                    limit_now=limit_now,
                )
                break


def _guessed(name: str) -> Iterator[tuple[str, str]]:
    found = _IN_USE.fullmatch(name)
    if found:
        called = found["of"].replace("_", "-").removesuffix("-connections")
        yield from ((called, f"{found['of']}_{end}") for end in _LIMIT_ENDS)
