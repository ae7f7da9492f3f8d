"""What collectors observe: one record for each kind of observation."""

import operator
from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from deploy_verdict.model.enums import Record, Whose


class LedgerEntry(Record):
    """The writes of one test, or of checks that belong together.

    `open`: started, and its end is unknown. `left`: it ended, and `told` says why the entity is not restored.
    `captured` is what the cleanup needs; `settles` names a dead run's entry that this one restores.
    """

    id: str
    at: AwareDatetime
    check: str
    checks: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    captured: dict[str, JsonValue] = Field(default={})
    restore: tuple[str, ...] = ()
    state: Literal["open", "settled", "left"] = "open"
    told: str = ""
    settles: str | None = None


class LedgerObservation(Record):
    """The ledger of one sample."""

    kind: Literal["ledger"] = "ledger"
    check: str = "ledger"
    offset_s: float
    entries: tuple[LedgerEntry, ...]


class Fault(Record):
    """Why there is no response: kind is one of timeout, refused, reset, dns, tls, protocol, redirect, …

    `retry_after_s`: for how many seconds the refusing side wants us to wait.
    """

    kind: str
    whose: Whose
    detail: str
    retry_after_s: float | None = Field(default=None, exclude_if=operator.not_)


class Attempt(Record):
    """One attempt to reach the target; a second one follows if the first did not connect, or met the edge."""

    at: AwareDatetime
    elapsed_ms: float = Field(ge=0)
    fault: Fault | None = None


class Exchange(Record):
    """One request of ours and its response, or why there is none.

    `body` is redacted text, cut at the plan's limit (`body_truncated`); `elapsed_ms` runs from the first
    attempt's connect to the last byte.
    """

    at: AwareDatetime
    method: str
    url: str
    request_id: str
    attempts: tuple[Attempt, ...] = ()
    status: int | None = Field(default=None, strict=True)
    headers: dict[str, str] = Field(default={})
    body: str | None = None
    body_bytes: int = 0
    body_truncated: bool = False
    redirects: tuple[str, ...] = ()
    elapsed_ms: float | None = Field(default=None, ge=0)
    fault: Fault | None = None


class HttpObservation(Exchange):
    """A health check's request, alone or beside the pool sample at `offset_s`."""

    kind: Literal["http"] = "http"
    check: str
    offset_s: float


class FingerprintAttempt(Record):
    """What one response says of a schema: its fields, or in `lacking` why they are unknown.

    `absent`: the response is an OpenAPI document without the schema.
    """

    offset_s: float
    elapsed_ms: float | None = Field(default=None, ge=0)
    status: int | None = Field(default=None, strict=True)
    fault: Fault | None = None
    fields: tuple[str, ...] | None = None
    lacking: str | None = None
    absent: bool = False


class FingerprintObservation(Record):
    """Which code answers, by its OpenAPI document: every attempt, and the wait in seconds of plan time."""

    kind: Literal["fingerprint"] = "fingerprint"
    check: str
    offset_s: float
    at: AwareDatetime
    url: str
    sought: str
    waited_s: float
    attempts: tuple[FingerprintAttempt, ...]


class AwaitedAnswer(Record):
    """One response to a repeated check; `offset_s` is its time."""

    offset_s: float
    exchange: Exchange


class AwaitedObservation(Record):
    """A check that shows a commit, repeated until it passed or time was up; seconds of plan time."""

    kind: Literal["awaited"] = "awaited"
    check: str
    offset_s: float
    at: AwareDatetime
    waited_s: float
    answers: tuple[AwaitedAnswer, ...]


class OtherAnswer(Record):
    """The response of another address in the same reading, such as that of a limit."""

    path: str
    url: str
    status: int | None = Field(default=None, strict=True)
    body: str | None = None
    body_truncated: bool = False
    fault: Fault | None = None


class Reading(Record):
    """One reading of a burst, kept raw so that another plan can use other fields of it.

    `instance` is who answered, if the response says so; `copy_by` the header of a copy from a cache;
    `new_connection` that we closed the previous one, so another process may have answered; `first_try` the
    fault of a first attempt on a connection that the other side gave up, or of the edge. Of a metrics page,
    only the lines of the plan's metrics are kept. If a server was queried directly, the body is its counts as
    JSON, and there is no status.
    """

    offset_s: float
    elapsed_ms: float | None = Field(default=None, ge=0)
    status: int | None = Field(default=None, strict=True)
    body: str | None = None
    instance: str | None = None
    copy_by: str | None = None
    new_connection: bool = Field(default=False, exclude_if=operator.not_)
    body_truncated: bool = Field(default=False, exclude_if=operator.not_)
    also: tuple[OtherAnswer, ...] = Field(default=(), exclude_if=operator.not_)
    first_try: Fault | None = Field(default=None, exclude_if=operator.not_)
    fault: Fault | None = None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults of all its responses."""
        return tuple(fault for fault in (self.fault, *(answer.fault for answer in self.also)) if fault)


class BurstObservation(Record):
    """One sample of a pool. `offset_s` is planned, `actual_offset_s` is when its first reading began.

    `not_asked`: the plan leaves the pool out if its server's address is empty, and it was.
    """

    kind: Literal["burst"] = "burst"
    check: str
    offset_s: float
    actual_offset_s: float
    at: AwareDatetime
    url: str
    readings: tuple[Reading, ...]
    not_asked: bool = Field(default=False, exclude_if=operator.not_)
    interrupted: bool = False


class Race(Record):
    """Requests that were released through one barrier; milliseconds count from the first start.

    `tries` counts the races up to this one: earlier ones did not overlap in time.
    """

    exchanges: tuple[Exchange, ...]
    starts_ms: tuple[float, ...]
    ends_ms: tuple[float, ...]
    spread_ms: float
    overlapped: bool
    tries: int = 1


class StepRecord(Record):
    """One step of a test (`part` and `index` as in the plan) and its result."""

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
    """What the cleanup did not restore, with the exact request that would."""

    request: str
    reason: str


class TestObservation(Record):
    """One run of one declared E2E test. `stopped` says after which step it ended, and why."""

    __test__ = False  # pytest: not a test class
    kind: Literal["test"] = "test"
    check: str
    offset_s: float
    at: AwareDatetime
    elapsed_ms: float = Field(ge=0)
    steps: tuple[StepRecord, ...] = ()
    stopped: str | None = None
    unrestored: tuple[Unrestored, ...] = ()
    interrupted: bool = False


class StoppedObservation(Record):
    """A sample that was not taken because an earlier P0 stopped our own writes.

    `check` is the finding that failed, as stage/check/rule, and `failed_at_s` the offset of the sample that
    shows it, if that is known.
    """

    kind: Literal["stopped"] = "stopped"
    check: str
    offset_s: float
    at: AwareDatetime
    failed_at_s: float | None = None


# The check of an interim reading: what was new at a sample, not the complete window.
INTERIM = "interim"


class SuiteObservation(Record):
    """One run of the complete suite: its duration, and the result of a plugged-in command."""

    kind: Literal["suite"] = "suite"
    check: str
    offset_s: float
    at: AwareDatetime
    elapsed_ms: float = Field(ge=0)
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    cases: int | None = None
    fault: Fault | None = None


class CaseObservation(Record):
    """A test case that a plugged-in suite reported in its JUnit file, in that suite's own words.

    `flaky` passed when the suite repeated it.
    """

    kind: Literal["case"] = "case"
    check: str
    offset_s: float
    elapsed_ms: float | None = Field(default=None, ge=0)
    result: Literal["passed", "failed", "error", "skipped", "flaky"]
    message: str = ""
