"""The words that stages exchange: evidence on one side of the judge, the verdict on the other.

Units stand in names; times are UTC. Evidence holds what was seen and never an outcome, so that the
same evidence can be judged again under a corrected plan. Adding a field keeps the schema's number.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

STAGES = ("deployment", "health", "e2e", "pools", "logs")
# The level of a log line that only Railway calls an error: so it calls all plain stderr.
UNPROVEN_LEVEL = "severity error"


class Outcome(StrEnum):
    """What became of one finding or one criterion."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Severity(StrEnum):
    """How bad a fail is: P0 production is broken, P1 the fix does not hold, P2 look at it."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


class VerdictOutcome(StrEnum):
    """The worst of all findings; the order of the members is from good to bad."""

    STABLE = "stable"
    INCONCLUSIVE = "inconclusive"
    ATTENTION = "attention"
    CRITICAL = "critical"

    @property
    def shown(self) -> str:
        """The word that the report uses."""
        words = {"attention": "NEEDS ATTENTION", "critical": "CRITICAL ISSUES"}
        return words.get(self.value, self.value.upper())


class Whose(StrEnum):
    """Whose fault it was that an observation is empty; only the first two speak about the target."""

    TARGET = "target"
    EDGE = "edge"
    RUNNER = "runner"
    PROVIDER = "provider"
    US = "us"


class Record(BaseModel):
    """Frozen data; unknown fields of a newer writer are ignored, NaN and infinities are refused."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Fault(Record):
    """Why there is no answer: kind is one of timeout, refused, reset, dns, tls, protocol, redirect, …"""

    kind: str
    whose: Whose
    detail: str


class Attempt(Record):
    """One try to reach the target; a second one follows a failed connect only."""

    at: datetime
    elapsed_ms: float
    fault: Fault | None = None


class Exchange(Record):
    """One request of ours and what came back, or why nothing did.

    `body` is redacted text, cut at the plan's limit (`body_truncated`); `elapsed_ms` runs from the
    first attempt's connect to the last byte.
    """

    at: datetime
    method: str
    url: str
    request_id: str
    attempts: tuple[Attempt, ...] = ()
    status: int | None = None
    headers: dict[str, str] = Field(default={})
    body: str | None = None
    body_bytes: int = 0
    body_truncated: bool = False
    redirects: tuple[str, ...] = ()
    elapsed_ms: float | None = None
    fault: Fault | None = None


class HttpObservation(Exchange):
    """A health check's request, or one that is made beside a pool sample (then `offset_s` says which)."""

    kind: Literal["http"] = "http"
    check: str
    offset_s: float


class Reading(Record):
    """One reading of a burst: raw, so that another plan can read other fields of it."""

    offset_s: float
    elapsed_ms: float | None = None
    status: int | None = None
    body: str | None = None
    fault: Fault | None = None


class BurstObservation(Record):
    """One sample of a pool. `offset_s` is planned, `actual_offset_s` is when its first reading began."""

    kind: Literal["burst"] = "burst"
    check: str
    offset_s: float
    actual_offset_s: float
    at: datetime
    url: str
    readings: tuple[Reading, ...]
    interrupted: bool = False


class Race(Record):
    """Requests that were released through one barrier; milliseconds count from the first start.

    `tries` counts the races that were run until this one: earlier ones did not overlap in time.
    """

    exchanges: tuple[Exchange, ...]
    starts_ms: tuple[float, ...]
    ends_ms: tuple[float, ...]
    spread_ms: float
    overlapped: bool
    tries: int = 1


class StepRecord(Record):
    """One step of a test: which one (`part` and `index` as in the plan) and what it gave."""

    part: Literal["before_each", "start", "steps", "cleanup"]
    index: int
    name: str
    exchange: Exchange | None = None
    race: Race | None = None
    refused: str | None = None
    earlier: tuple[Exchange, ...] = ()
    captured: dict[str, JsonValue] = Field(default={})
    not_captured: dict[str, str] = Field(default={})


class Unrestored(Record):
    """What cleanup left behind, with the exact request that would restore it."""

    request: str
    reason: str


class TestObservation(Record):
    """One run of one declared E2E test. `stopped` says after which step and why it went no further."""

    __test__ = False  # pytest: not a test class
    kind: Literal["test"] = "test"
    check: str
    offset_s: float
    at: datetime
    elapsed_ms: float
    steps: tuple[StepRecord, ...] = ()
    stopped: str | None = None
    unrestored: tuple[Unrestored, ...] = ()
    interrupted: bool = False


class SuiteObservation(Record):
    """One run of the whole suite: how long it took, and what a plugged-in command did."""

    kind: Literal["suite"] = "suite"
    check: str
    offset_s: float
    at: datetime
    elapsed_ms: float
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    cases: int | None = None
    fault: Fault | None = None


class CaseObservation(Record):
    """A test case that a plugged-in suite reported in its JUnit file, in that suite's own words."""

    kind: Literal["case"] = "case"
    check: str
    offset_s: float
    elapsed_ms: float | None = None
    result: Literal["passed", "failed", "error", "skipped"]
    message: str = ""


class LogLine(Record):
    """An example line; `at` is None where the line bears no time. A traceback stays with its line."""

    at: datetime | None = None
    level: str | None = None
    text: str


class PatternCount(Record):
    """How often a pattern of the plan was seen, and where. `sought` tells it from another of that name."""

    pattern: str
    sought: str | None = None
    count: int
    first_at: datetime | None = None
    last_at: datetime | None = None
    examples: tuple[LogLine, ...] = ()


class Silence(Record):
    """A stretch of the window without any line."""

    start: datetime
    end: datetime
    length_s: float


class LogObservation(Record):
    """A reading of a whole log. Counts are of the window, except patterns that ask for the whole log.

    `lines_read` and `undated_lines` are of the whole log; `incomplete` names what could not be read.
    """

    kind: Literal["log"] = "log"
    check: str = "log"
    source: str
    start: datetime
    end: datetime
    lines_read: int = 0
    lines_in_window: int = 0
    undated_lines: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    longest_silence: Silence | None = None
    levels: dict[str, int] = Field(default={})
    tracebacks: int = 0
    errors: tuple[LogLine, ...] = ()
    patterns: tuple[PatternCount, ...] = ()
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    fault: Fault | None = None


Observation = Annotated[
    HttpObservation
    | BurstObservation
    | TestObservation
    | SuiteObservation
    | CaseObservation
    | LogObservation,
    Field(discriminator="kind"),
]


class Subject(Record):
    """What all of this is about."""

    target: str
    service: str | None = None
    environment: str | None = None
    commit: str | None = None
    deployment: str | None = None


class WindowFrame(Record):
    """The window as evidence names it; offsets are seconds of plan time since T0."""

    id: str
    t0: datetime
    length_s: float
    offsets_s: tuple[float, ...]
    speed: float = 1.0


class Evidence(Record):
    """One stage's file: who looked, when it was planned and done, and what was seen."""

    schema_: Literal["deploy-verdict/evidence/1"] = Field(default="deploy-verdict/evidence/1", alias="schema")
    stage: str
    subject: Subject
    window: WindowFrame
    plan_name: str
    plan_sha256: str
    tool_version: str
    run_url: str | None = None
    attempt: int = 1
    offset_s: float
    planned_at: datetime
    started_at: datetime
    finished_at: datetime
    interrupted: bool = False
    observations: tuple[Observation, ...] = ()

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Loaded(Record):
    """An evidence file that could be read; `name` is its file name, which pointers begin with."""

    name: str
    evidence: Evidence


class Unreadable(Record):
    """An evidence file that could not be read, and why."""

    name: str
    reason: str


class Finding(Record):
    """One expectation, tested. `rule` is its short name inside the check; criteria refer to it."""

    stage: str
    check: str
    rule: str
    expectation: str
    outcome: Outcome
    severity: Severity | None = None
    expected: str
    actual: str
    because: str | None = None
    evidence: str | None = None
    offset_s: float | None = None


class CriterionResult(Record):
    """A row of the success table."""

    name: str
    target: str
    actual: str
    outcome: Outcome
    findings: int


class Slot(Record):
    """One planned look: state is taken, late, partial, missing or unreadable."""

    stage: str
    offset_s: float
    state: Literal["taken", "late", "partial", "missing", "unreadable"]
    note: str = ""


class Coverage(Record):
    """How many of the planned looks were taken."""

    planned: int
    taken: int
    slots: tuple[Slot, ...] = ()


class Verdict(Record):
    """verdict.json: all findings and the worst of them."""

    schema_: Literal["deploy-verdict/verdict/1"] = Field(default="deploy-verdict/verdict/1", alias="schema")
    subject: Subject
    window: WindowFrame
    plan_name: str
    plan_sha256: str
    tool_version: str
    judged_at: datetime
    outcome: VerdictOutcome
    findings: tuple[Finding, ...]
    criteria: tuple[CriterionResult, ...]
    coverage: Coverage
    left_out: tuple[str, ...] = ()
    interrupted: bool = False
    limits: tuple[str, ...] = ()

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


def dumped(record: Record) -> dict[str, Any]:
    """A record as JSON values, with the aliases of its schema."""
    return record.model_dump(mode="json", by_alias=True)


class WindowFile(Record):
    """window.json: what a stopped run needs to go on with the same window."""

    schema_: Literal["deploy-verdict/window/1"] = Field(default="deploy-verdict/window/1", alias="schema")
    window: WindowFrame
    subject: Subject
    plan_name: str
    plan_sha256: str
    left_out: tuple[str, ...] = ()
    log_bytes_at_t0: int | None = None
    finished: bool = False

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
