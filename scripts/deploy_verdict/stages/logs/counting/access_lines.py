"""Access lines: how each request was answered, ours included, as they do not say whose it was. Pure."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.model import PathAnswers

PARTS = 8
MOST_PATHS = 100
OTHER = ("*", "other paths")
_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS"
# "GET /orders HTTP/1.1" 200, and GET /orders 200: the status follows the path, a few words later at most.
_PLAIN = re.compile(
    rf"\b({_METHODS}) \"?(?:https?://[^/\s\"]+)?(/[^\s\"]*)\"?(?: HTTP/[\d.]+)?\"?"
    r"(?:[ \t:,|→=>-]+(?:status|code)?[=: ]*"
    r"|.{0,40}?(?:\b(?:status|code|responded|returned|answered|with)\W{1,3}|[-=]>\s*))"
    r"([1-5]\d\d)\b(?!\.\d| ?(?:ms|s|sec|rows|items|records|bytes|users)\b)"
)
# [GIN] … | 401 | 1.2ms | 10.0.0.1 | GET "/orders"
_STATUS_FIRST = re.compile(rf"\|\s*([1-5]\d\d)\s*\|.{{0,80}}?\b({_METHODS})\s+\"?(/[^\s\"]*)")
# Fields of JSON and key=value lines; the fields of a JSON line arrive as name=value.
_FIELDS = {
    "method": re.compile(rf"(?i)\b(?:http_?|request_?|req\.)?(?:method|verb)\"?[=:]\s?\"?({_METHODS})\b"),
    "path": re.compile(
        r"(?i)\b(?:http_?|request_?|req\.)?(?:path|uri|url|route|target)\"?[=:]\s?\"?(?:https?://[^/\s\"]+)?(/[^\s\",}]*)"
    ),
    "status": re.compile(r"(?i)\b(?:http_?|response_?|res\.)?status(?:_?code)?\"?[=:]\s?\"?([1-5]\d\d)\b"),
}
_RAILS = re.compile(r"\bCompleted ([1-5]\d\d) ")


def answered(text: str) -> tuple[str, str, str] | None:
    """Return method, path and status of an access line, else None. "*" stands for what it does not say."""
    found = _found(text)
    return None if found is None else (found[0], found[1], text[found[2] : found[2] + 3])


def _found(text: str) -> tuple[str, str, int] | None:
    """Return method and path of an access line and the place of its status, else None."""
    if "/" in text:
        match = _PLAIN.search(text)
        if match is not None:
            return match.group(1), match.group(2), match.start(3)
        match = _STATUS_FIRST.search(text)
        if match is not None:
            return match.group(2), match.group(3), match.start(1)
        if "tatus" not in text.replace("STATUS", "tatus"):
            return None
        found = {name: regex.search(text) for name, regex in _FIELDS.items()}
        if found["status"] is not None and found["method"] is not None and found["path"] is not None:
            return found["method"].group(1).upper(), found["path"].group(1), found["status"].start(1)
    match = _RAILS.search(text) if "Completed " in text else None
    return ("*", "*", match.start(1)) if match is not None else None


class PathTally:
    """How one path was answered, in each part of the reading."""

    __slots__ = ("_part_s", "_start_s", "parts")

    def __init__(self, start_s: float, part_s: float) -> None:
        self._start_s, self._part_s = start_s, part_s
        self.parts = [Counter[str]() for _ in range(PARTS)]

    def add(self, status: str, at_s: float | None, count: int = 1) -> None:
        """Count responses; those without a time go into the first part."""
        part = int((at_s - self._start_s) / self._part_s) if at_s is not None else 0
        self.parts[min(PARTS - 1, max(0, part))][status] += count


class AccessTally:
    """Counts responses by path and status, in the whole reading and in each of its parts."""

    def __init__(self, start: datetime, end: datetime, redact: Callable[[str], str]) -> None:
        self._start_s, self._redact = start.timestamp(), redact
        self._part_s = max((end - start).total_seconds(), 1e-6) / PARTS
        self._paths: dict[tuple[str, str], PathTally] = {}

    def find(self, text: str) -> tuple[PathTally, int] | None:
        """Return the tally of an access line's path and the place of its status, else None."""
        found = _found(text.partition("\n")[0]) or (_found(text) if "\n" in text else None)
        if found is None:
            return None
        method, path, place = found
        key = method, path_shape(self._redact(path))
        if key not in self._paths and len(self._paths) >= MOST_PATHS:
            key = OTHER
        known = self._paths.get(key)
        if known is None:
            known = self._paths[key] = PathTally(self._start_s, self._part_s)
        return known, place

    def counted(self) -> tuple[PathAnswers, ...]:
        """Return every path, the busiest first."""
        paths = [
            PathAnswers(
                method=method,
                path=path,
                requests=sum(part.total() for part in known.parts),
                statuses=dict(sorted(sum(known.parts, Counter[str]()).items())),
                parts=tuple(dict(sorted(part.items())) for part in known.parts),
            )
            for (method, path), known in self._paths.items()
        ]
        return tuple(sorted(paths, key=lambda item: -item.requests))
