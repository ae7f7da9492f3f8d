"""Lines without a known level, and whether one of them may be an error. Pure.

This only decides between pass and inconclusive: no word in a message makes it an error.
"""

import re
from collections.abc import Iterator

from deploy_verdict.model import LogLine, LogObservation, TemplateCount

# If more than this share of the lines has no level, they could hide an error whatever they say.
MOST_SHARE = 0.05
REMEDY = "log with a level, or say in the plan what such lines mean (logs.unlevelled: info)"
_ASIDE = re.compile(r"\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|\S*[/=?&]\S*")
_CERTAIN = re.compile(
    r"(?i:\b(?:fatal|failed|failing|fails|panic(?:ked)?|crashed|aborted|aborting|unhandled|uncaught|traceback"
    r"|refused|denied|rejected|unreachable|corrupt(?:ed)?|cannot|can't|couldn't|could not|unable to|timed out"
    r"|segmentation fault|segfault|exit(?:ed|s)? with (?:non-zero|(?:status|code) [1-9][0-9]*)"
    r"|status=[1-9][0-9]*/"
    r"|out of memory|core dumped|killed|broken pipe|falló|fallo|no se pudo|rechazad[ao]|excepción"
    r"|fehlgeschlagen|échec)\b)"
    r"|\bsh: .{1,80}: not found$"
    r"|\b(?:[A-Z]\w*)?(?:Error|Exception)\b(?=:|\b.{0,80}:|$)|\bERR!|\b(?:ERROR|CRITICAL|SEVERE|EXCEPTION)\b"
)
_POSSIBLE = re.compile(r"(?i)\b(?:errors?|exceptions?|failures?|crash|abort|critical|severe|timeout)\b")
_CALM = re.compile(
    r"(?i)\b(?:0|no|without|zero) (?:\w+ )?(?:errors?|exceptions?|failures?|timeouts?)\b"
    r"|\b(?:errors?|failures?|failed)[:= ]+0\b"
    r"|\b(?:error|exception|failure|crash|abort|critical|timeout)s?\b.{0,60}\b(?:enabled|disabled|started"
    r"|registered|loaded|configured|initiali[sz]ed|ready|installed|mounted|running|set|added|active|on|off)\b"
)


def may_be_error(text: str) -> bool:
    """Return whether the first line of a message without a level speaks of a failure."""
    line = _ASIDE.sub(" ", text.split("\n", 1)[0][:2000])
    return bool(_CERTAIN.search(_CALM.sub(" ", line))) or bool(
        _POSSIBLE.search(line) and not _CALM.search(line)
    )


def unlevelled_doubts(observation: LogObservation | None, limit: int) -> Iterator[str]:
    """Yield why lines without a level may hold more than `limit` errors, and what to do about it."""
    if observation is None:
        return
    suspects, unlevelled = observation.suspect_lines, observation.unlevelled_lines
    errors = sum(observation.levels.get(level, 0) for level in ("ERROR", "CRITICAL"))
    total = observation.entries_in_window
    if unlevelled > MOST_SHARE * total and errors + unlevelled > limit:
        first = _first(observation.unlevelled_first)
        yield f"{unlevelled} of {total} lines carry no level that is known{first}: {REMEDY}"
    elif suspects and errors + suspects > limit:
        lines = "1 line" if suspects == 1 else f"{suspects} lines"
        yield f"{lines} without a known level may be errors{_first(observation.suspect_first)}: {REMEDY}"


def unlevelled_kinds_doubts(
    observation: LogObservation, new: tuple[TemplateCount, ...] | None
) -> Iterator[str]:
    """Yield why new kinds of lines without a level may hide an error; `new` is None if kinds are unknown."""
    total = observation.entries_in_window
    if new is None:
        count, first = observation.unlevelled_lines, _first(observation.unlevelled_first)
    else:
        kinds = [item for item in new if item.kind == "unlevelled"]
        count = sum(item.count for item in kinds) + observation.templates_left_out.get("unlevelled", 0)
        first = f" (first: {first_line_of(kinds[0].example)})" if kinds else ""
    if count > MOST_SHARE * total:
        new_ones = "" if new is None else " of new kinds"
        yield f"{count} of {total} lines{new_ones} carry no level that is known{first}: {REMEDY}"


def first_line_of(text: str, most_chars: int = 120) -> str:
    """Return the first line of a text, cut to `most_chars`."""
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= most_chars else line[: most_chars - 1] + "…"


def _first(line: LogLine | None) -> str:
    return "" if line is None else f" (first: {first_line_of(line.text)})"
