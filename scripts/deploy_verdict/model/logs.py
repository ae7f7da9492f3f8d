"""What a log review observed: counts, examples, templates of lines."""

from typing import Literal

from pydantic import AwareDatetime, Field

from deploy_verdict.model.enums import Record
from deploy_verdict.model.observations import Fault

DeployedBy = Literal["plan", "platform", "start line"]


class LogLine(Record):
    """An example line; `at` is None if the line has no time. A traceback stays with its line."""

    at: AwareDatetime | None = None
    level: str | None = None
    text: str


class PatternCount(Record):
    """How often a pattern of the plan matched, and where. `sought` is its text, as a name can be reused."""

    pattern: str
    sought: str | None = None
    count: int
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    examples: tuple[LogLine, ...] = ()


class TemplateCount(Record):
    """Lines of one template and kind: `error` and `warning` by their level, or a crash without a level.

    They came in `minutes` different minutes of plan time, in `spells` runs of consecutive ones, at most
    `most_in_minute` in one of them.

    `unproven`: only the platform calls them errors, as it does with all stderr; or no level is known and they
    mention a failure. `unlevelled`: no level is known.
    """

    template: str
    kind: Literal["error", "unproven", "warning", "unlevelled", "other"]
    count: int
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    minutes: int = 0
    spells: int = 0
    most_in_minute: int = 0
    level: str | None = None
    example: str


class PathAnswers(Record):
    """How requests to one method and path were answered, ours included; ids in the path are {id}.

    `parts`: the statuses in each of several equal parts of the reading.
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


class CanaryPath(Record):
    """Our answered requests to one path, and how many of them have a line."""

    path: str
    requests: int
    found: int


class UnseenRequests(Record):
    """Our longest run of requests without a line."""

    count: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class CanaryReading(Record):
    """Which of our own answered requests the log holds; `by` says how a line is known to be ours.

    `requests` counts those that could be looked for. To the paths in `crowded` others send so many requests
    that some line stands at any moment. `clock_ahead_s`: how far the log's clock is ahead of ours, if that is
    known.
    """

    by: Literal["request id", "user-agent", "path and time", "time"]
    requests: int
    found: int
    crowded: tuple[str, ...] = ()
    clock_ahead_s: float | None = None
    paths: tuple[CanaryPath, ...] = ()
    unseen: UnseenRequests | None = None


class LogAtT0(Record):
    """A log file at T0 or at a reading: lines beyond its size are new, another head is another file."""

    size: int
    head: str | None = None


class LogObservation(Record):
    """A reading of a complete log. Counts are of the window, except patterns that cover the complete log.

    `log` is the plan's name of the log, "" for the service's own; `source` says where it was read. `file`: a
    log file as it was when it was read; `begins_at`: the first time in the log. `canary`: which of our own
    requests it holds. `lines_read` and `undated_lines` are of the complete log; `incomplete` names what could
    not be read. The check `baseline` is a reading of the time before the deployment, `startup` one of what
    this deployment logged before T0 (it began at `deployed_at`, as `deployed_by` says), `interim` one of what
    was new at a sample in the window. `templates` is None if none were kept; `templates_left_out` counts the
    lines of each kind beyond those kept. `incident` counts the lines of the plan's incident templates.

    `lines_by_part`: the lines with a time in each of several equal parts of the window.

    `restarts`: how often the service said that it started, in the window later than five minutes of plan time
    after T0; `worker_starts`: how often it said so of its workers.

    `entries_in_window` counts a line and what continues it as one. Of these, `levels` has those with a known
    level, `access_lines` the requests that a server logs without one, and `unlevelled_lines` the rest;
    `suspect_lines` are those among the rest that mention a failure. `formats` counts the entries of each
    format that was read.
    """

    kind: Literal["log"] = "log"
    check: str = "log"
    log: str = ""
    source: str
    start: AwareDatetime
    end: AwareDatetime
    file: LogAtT0 | None = None
    deployed_at: AwareDatetime | None = None
    deployed_by: DeployedBy | None = None
    restarts: int = 0
    worker_starts: int = 0
    begins_at: AwareDatetime | None = None
    lines_read: int = 0
    lines_in_window: int = 0
    undated_lines: int = 0
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    longest_silence: Silence | None = None
    lines_by_part: tuple[int, ...] = ()
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
    canary: CanaryReading | None = None
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    fault: Fault | None = None


COMPLETE, BASELINE, STARTUP = "log", "baseline", "startup"
