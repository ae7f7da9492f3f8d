"""The lines of a log that tell why a deployment broke."""

import re
from collections.abc import Iterable

from deploy_verdict.model import LogLine
from deploy_verdict.railway import LogEntry
from deploy_verdict.stages.logs.source_lines import without_colours
from deploy_verdict.stages.logs.text_lines import level_of

MOST_LINES, LAST_LINES, MAX_CHARS = 20, 10, 400
_TELLING = re.compile(
    r"\berror\b|\bfatal\b|\bfailed\b|exception|traceback|exit code|panic|killed", re.IGNORECASE
)


def error_lines(entries: Iterable[LogEntry]) -> tuple[LogLine, ...]:
    """The last lines that look like errors; where none does, simply the last lines."""
    lines = [
        LogLine(at=entry.at, level=level_of(entry.message), text=without_colours(entry.message)[:MAX_CHARS])
        for entry in entries
        if entry.message.strip()
    ]
    telling = [line for line in lines if _is_telling(line)]
    return tuple(telling[-MOST_LINES:] or lines[-LAST_LINES:])


def _is_telling(line: LogLine) -> bool:
    """By its level where it names one (a logger may be called error); else by its words."""
    if line.level is not None:
        return line.level in ("ERROR", "CRITICAL")
    return _TELLING.search(line.text) is not None
