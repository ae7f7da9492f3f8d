"""One line of a log as a dated, levelled text, whatever its shape. Pure.

What cannot be read is text without a time, never an error: a log holds whatever somebody printed.
"""

import re
from datetime import datetime
from typing import Literal, NamedTuple

from deploy_verdict.stages.logs.json_lines import json_line
from deploy_verdict.stages.logs.text_lines import level_of, stamp_of

_COLOURS = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


Kind = Literal["line", "access", "crash"]


class SourceLine(NamedTuple):
    """One line. `level` is CRITICAL, ERROR, WARNING, INFO, DEBUG, or UNPROVEN_LEVEL; times are in UTC.

    `enveloped`: the time stands beside the text, not in it. `zoned`: False when the time bears no zone
    (then it is read as UTC). `glued`: the rest of an overlong line. `after_t0`: whether the line is
    known to have been written before or after T0; None where nobody knows. `kind`, `format`, `message_at`:
    see Entry.
    """

    text: str
    at: datetime | None = None
    level: str | None = None
    zoned: bool = True
    enveloped: bool = False
    glued: bool = False
    after_t0: bool | None = None
    kind: Kind = "line"
    format: str | None = None
    message_at: int = 0


def parsed(text: str, after_t0: bool | None = None) -> SourceLine:
    """Read one line, given without its line end."""
    text = without_colours(text)
    if text.startswith("{"):
        found = json_line(text)
        if found is not None:
            shown = without_colours(found.text)
            return SourceLine(shown, found.stamp.at, found.level, found.stamp.zoned, True, False, after_t0)
    stamp = stamp_of(text)
    return SourceLine(text, stamp.at, level_of(text, stamp.end), stamp.zoned, False, False, after_t0)


def without_colours(text: str) -> str:
    """The text without a terminal's escape sequences."""
    return _COLOURS.sub("", text) if "\x1b" in text else text
