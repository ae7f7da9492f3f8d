"""What a log review observed: counts, examples, templates of lines."""

from typing import Literal

from pydantic import AwareDatetime, Field

from deploy_verdict.model.enums import Record
from deploy_verdict.model.observations import Fault


class LogLine(Record):
    """An example line; `at` is None where the line has no time. A traceback stays with its line."""

    at: AwareDatetime | None = None
    level: str | None = None
    text: str


class PatternCount(Record):
    """How often a pattern of the plan occurred, and where. `sought` is its text, as a name can be reused."""

    pattern: str
    sought: str | None = None
    count: int
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    examples: tuple[LogLine, ...] = ()


class TemplateCount(Record):
    """Lines of one template and kind: `error` by their level or a traceback.

    `unproven`: only the platform calls them errors, as it does all stderr, or no level is known and they
    speak of something that went wrong. `unlevelled`: no level is known.
    """

    template: str
    kind: Literal["error", "unproven", "unlevelled", "other"]
    count: int
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    level: str | None = None
    example: str


class PathAnswers(Record):
    """How requests to one method and path were answered, ours among them; ids in the path are {id}.

    `parts`: the statuses in each of so many equal parts of the reading.
    """

    method: str
    path: str
    requests: int
    statuses: dict[str, int]
    parts: tuple[dict[str, int], ...] = ()


class Silence(Record):
    """A stretch of the window without any line."""

    start: AwareDatetime
    end: AwareDatetime
    length_s: float


class LogObservation(Record):
    """A reading of a complete log. Counts are of the window, except patterns that cover the complete log.

    `lines_read` and `undated_lines` are of the complete log; `incomplete` names what could not be read. The
    check `baseline` is a reading of the time before the deployment, `interim` one of what was new at a sample
    in the window. `templates` is None where none were kept; `templates_left_out` counts the lines of each
    kind beyond those kept. `incident` counts the lines of the plan's incident templates.

    `entries_in_window` counts what continues a line with that line. Of these, `levels` has those with a known
    level, `access_lines` the requests that a server logs without one, and `unlevelled_lines` the rest;
    `suspect_lines` are those among the rest that speak of something that went wrong. `formats` counts the
    entries of each format that was read.
    """

    kind: Literal["log"] = "log"
    check: str = "log"
    source: str
    start: AwareDatetime
    end: AwareDatetime
    lines_read: int = 0
    lines_in_window: int = 0
    undated_lines: int = 0
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    longest_silence: Silence | None = None
    levels: dict[str, int] = Field(default={})
    entries_in_window: int = 0
    access_lines: int = 0
    unlevelled_lines: int = 0
    unlevelled_first: LogLine | None = None
    suspect_lines: int = 0
    suspect_first: LogLine | None = None
    formats: dict[str, int] = Field(default={})
    tracebacks: int = 0
    errors: tuple[LogLine, ...] = ()
    patterns: tuple[PatternCount, ...] = ()
    templates: tuple[TemplateCount, ...] | None = None
    templates_left_out: dict[str, int] = Field(default={})
    incident: tuple[PatternCount, ...] = ()
    answers: tuple[PathAnswers, ...] = ()
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    fault: Fault | None = None


COMPLETE, BASELINE = "log", "baseline"
