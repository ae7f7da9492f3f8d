"""One line of a log as a dated text with a level, whatever its shape. Pure."""

import re
from datetime import datetime
from typing import NamedTuple

from deploy_verdict.stages.logs.lines.format_rows import Kind

_COLOURS = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class SourceLine(NamedTuple):
    """One line. `level` is CRITICAL, ERROR, WARNING, INFO, DEBUG, or UNPROVEN_LEVEL; times are in UTC.

    `enveloped`: the time stands beside the text, not in it. `zoned`: False if the time has no zone (it is
    then read as UTC). `glued`: the rest of an overlong line. `after_t0`: whether the line was written after
    T0; None if nobody knows. `kind`, `format`, `message_at`: see Entry. `bare`: no format is known after the
    wrapper, so the line may continue the previous one. `awaits_level`: the level stands on the next line.
    `problem`: why a written time is unknown. `filled`: what of the time was not written, "year" or "date".
    `plain`: complete in itself, with a level or as a request, unless bare lines follow. `records`: the lines
    it holds, if it is a batch.
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
    bare: bool = False
    awaits_level: bool = False
    problem: str | None = None
    filled: str | None = None
    plain: bool = False
    records: tuple["SourceLine", ...] = ()


def without_colours(text: str) -> str:
    """Return the text without a terminal's escape sequences."""
    return _COLOURS.sub("", text) if "\x1b" in text else text
