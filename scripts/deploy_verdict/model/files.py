"""The files that jobs exchange: evidence, verdict.json, window.json, run.json, captured runs."""

import operator
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from deploy_verdict.model.drives import ExerciseObservation, FloorObservation, TopUpObservation
from deploy_verdict.model.enums import Outcome, Record, Severity, VerdictOutcome
from deploy_verdict.model.logs import LogAtT0, LogObservation
from deploy_verdict.model.observations import (
    AwaitedObservation,
    BurstObservation,
    CaseObservation,
    FingerprintObservation,
    HttpObservation,
    LedgerObservation,
    StoppedObservation,
    SuiteObservation,
    TestObservation,
)
from deploy_verdict.model.platform import (
    DeploymentObservation,
    MetricsObservation,
    PreviousTrafficObservation,
    ServicesObservation,
    TrafficObservation,
)
from deploy_verdict.stages.registry import names

Observation = Annotated[
    HttpObservation
    | FingerprintObservation
    | AwaitedObservation
    | BurstObservation
    | ExerciseObservation
    | FloorObservation
    | TopUpObservation
    | TestObservation
    | SuiteObservation
    | CaseObservation
    | StoppedObservation
    | LogObservation
    | DeploymentObservation
    | TrafficObservation
    | PreviousTrafficObservation
    | MetricsObservation
    | ServicesObservation
    | LedgerObservation,
    Field(discriminator="kind"),
]


class Subject(Record):
    """The service and deployment under watch."""

    target: str
    service: str | None = None
    environment: str | None = None
    commit: str | None = None
    deployment: str | None = None


class WindowRef(Record):
    """The window that an evidence file belongs to."""

    id: str
    t0: AwareDatetime
    length_s: float = Field(gt=0)
    speed: float = Field(default=1.0, gt=0)


class WindowFrame(WindowRef):
    """The complete window; offsets are seconds of plan time since T0.

    `earlier_lengths_s` are the lengths in evidence from before the window was extended.
    """

    offsets_s: tuple[float, ...]
    earlier_lengths_s: tuple[float, ...] = ()


class Evidence(Record):
    """One sample's file: the tool, the scheduled and actual times, and the observations."""

    schema_: Literal["deploy-verdict/evidence/1"] = Field(default="deploy-verdict/evidence/1", alias="schema")
    stage: str = Field(examples=list(names()))
    subject: Subject
    # Without offsets, which ten thousand files would repeat ten thousand times.
    window: WindowRef
    plan_name: str
    plan_sha256: str
    tool_version: str
    run_url: str | None = None
    attempt: int = 1
    offset_s: float
    planned_at: AwareDatetime
    started_at: AwareDatetime
    finished_at: AwareDatetime
    interrupted: bool = False
    observations: tuple[Observation, ...] = ()

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Loaded(Record):
    """A readable evidence file; `name` is its file name, with which pointers start."""

    name: str
    evidence: Evidence

    def pointed(self) -> Iterator[tuple[str, Observation]]:
        """Each observation with its pointer, such as "pools.T+015.a1.json#/observations/2"."""
        for index, observation in enumerate(self.evidence.observations):
            yield f"{self.name}#/observations/{index}", observation


class Unreadable(Record):
    """An unreadable evidence file, and why."""

    name: str
    reason: str


class Finding(Record):
    """One tested expectation. `rule` is its short name within the check; criteria refer to it.

    `remedy`: for an inconclusive finding, what to do so that the next window can tell. `rests_on`: the checks
    ("health/login") whose findings decide it.
    """

    stage: str
    check: str
    rule: str
    expectation: str
    outcome: Outcome
    severity: Severity | None = None
    expected: str
    actual: str
    because: str | None = None
    remedy: str | None = Field(default=None, exclude_if=operator.not_)
    rests_on: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)
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
    """One scheduled sample: its state is taken, late, partial, missing or unreadable."""

    stage: str
    offset_s: float
    state: Literal["taken", "late", "partial", "missing", "unreadable"]
    note: str = ""


class Coverage(Record):
    """How many of the scheduled samples were taken."""

    planned: int
    taken: int
    slots: tuple[Slot, ...] = ()


class RootCause(Record):
    """What explains findings, in one sentence; `title` is the same without its proof.

    Without a severity it explains only inconclusive findings. `findings` names the findings it explains, the
    leading one first, as stage/check/rule; `unknown` counts the inconclusive ones that follow from it.
    `doubts` are readings of the plan that other findings contradict. `since_s`: when it was first seen, in
    plan seconds from T+0.
    """

    title: str
    sentence: str
    severity: Severity | None = None
    since_s: float | None = None
    findings: tuple[str, ...] = ()
    unknown: int = 0
    doubts: tuple[str, ...] = ()
    evidence: str | None = None


class NextAction(Record):
    """One thing to do now; DIR in its command is the window's directory."""

    text: str
    command: str | None = None


class Verdict(Record):
    """verdict.json: all findings and the worst of them, and what explains them."""

    schema_: Literal["deploy-verdict/verdict/1"] = Field(default="deploy-verdict/verdict/1", alias="schema")
    subject: Subject
    window: WindowFrame
    plan_name: str
    plan_sha256: str
    tool_version: str
    judged_at: AwareDatetime
    outcome: VerdictOutcome
    findings: tuple[Finding, ...]
    criteria: tuple[CriterionResult, ...]
    coverage: Coverage
    left_out: tuple[str, ...] = ()
    interrupted: bool = False
    ended: str | None = None
    limits: tuple[str, ...] = ()
    causes: tuple[RootCause, ...] = ()
    do_now: tuple[NextAction, ...] = ()

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    @property
    def is_rehearsal(self) -> bool:
        """Whether the window ran faster than the clock, or without a stage: it then proves nothing good."""
        return self.window.speed > 1 or bool(self.left_out)


class EarlierVerdict(Record):
    """One line of history.jsonl: a verdict with its subject. `e2e` is "7/8": tests passed, of all.

    `is_rehearsal`: not a complete window at the clock's speed. `link`: the run that judged.
    """

    window: str
    plan: str
    target: str
    service: str | None = None
    environment: str | None = None
    deployment: str | None = None
    commit: str | None = None
    outcome: str
    e2e: str | None = Field(default=None, pattern=r"^\d{1,6}/\d{1,6}$")
    link: str | None = None
    interrupted: bool = False
    is_rehearsal: bool = False
    judged_at: AwareDatetime


class Layout(Record):
    """How a window differs from its plan; seconds of plan time.

    `tails_s` are single samples after the end; `over` means that another release came before one of them, so
    none follows. `spread_s`: over how long each sample after T+0 reads the pools if separate jobs take the
    samples. With `one_job`, a single job of GitHub Actions takes every sample: two jobs with samples at the
    same time would compete for the test entity.
    """

    length_s: float = Field(gt=0)
    every_s: float = Field(gt=0)
    dense_every_s: float | None = Field(default=None, gt=0)
    spread_s: float | None = Field(default=None, gt=0, exclude_if=operator.not_)
    tails_s: tuple[float, ...] = ()
    extended: bool = False
    one_job: bool = False
    over: bool = False


class RunFile(Record):
    """run.json: how a window runs on GitHub, for the jobs that come after the gate.

    `plan` is the plan's path in the service's repository, and `ref` the commit that holds it. `continues` is
    the run whose evidence it adds to.
    """

    schema_: Literal["deploy-verdict/run/1"] = Field(default="deploy-verdict/run/1", alias="schema")
    run: int
    kind: Literal["window", "extension", "tail", "rollback"] = "window"
    plan: str
    label: str | None = None
    commit: str | None = None
    number: int | None = None
    dry_run: bool = False
    continues: int | None = None
    ref: str = ""
    private: bool = True

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class WindowFile(Record):
    """window.json: what a run needs to resume its window.

    `remarks` are sentences for the head of the report, such as which jobs take the samples. `variables` are
    the values of the plan's variables, without secrets.
    """

    schema_: Literal["deploy-verdict/window/1"] = Field(default="deploy-verdict/window/1", alias="schema")
    window: WindowFrame
    subject: Subject
    plan_name: str
    plan_sha256: str
    left_out: tuple[str, ...] = ()
    layout: Layout | None = None
    remarks: tuple[str, ...] = ()
    variables: dict[str, str] = Field(default={})
    log_bytes_at_t0: int | None = None
    log_head_at_t0: str | None = None
    other_logs_at_t0: dict[str, LogAtT0] = Field(default={})
    waited_s: float = 0.0
    ended: str | None = None
    finished: bool = False

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class SentNotification(Record):
    """notified.json: the last message about a window.

    `services` are its recipients by the kinds of their addresses (slack, mailto), as the addresses are
    secrets. If another job sent an alarm, neither they nor `sent_at` are known.
    """

    window: str
    outcome: VerdictOutcome
    judged_at: AwareDatetime
    sent_at: AwareDatetime | None = None
    services: tuple[str, ...] = ()


class RollbackFile(Record):
    """rollback.json: the rollback that was requested, and its result."""

    target: str
    target_commit: str | None = None
    subject: str
    asked_at: AwareDatetime
    known_before: tuple[str, ...]
    state: Literal["asked", "answered", "unclear", "refused", "live", "failed", "not seen"]
    deployment: str | None = None
    detail: str = ""


class MeasuredValue(Record):
    """A measure as tables show it, None if it is unknown; `outcome` is the worst of its findings."""

    value: str | None = None
    outcome: Outcome | None = None


class CapturedRun(Record):
    """captures/NAME.json: small enough to keep beside the plan permanently."""

    schema_: Literal["deploy-verdict/captured/1"] = Field(default="deploy-verdict/captured/1", alias="schema")
    name: str
    subject: Subject
    window_id: str
    t0: AwareDatetime
    length_s: float
    speed: float = 1.0
    plan_name: str
    plan_sha256: str
    tool_version: str
    judged_at: AwareDatetime
    outcome: VerdictOutcome
    criteria: tuple[CriterionResult, ...] = ()
    measures: dict[str, MeasuredValue] = Field(default={})

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
