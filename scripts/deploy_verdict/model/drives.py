"""What an exercise of a pool's gauge gave: readings with our load and without it."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from deploy_verdict.model.enums import Record
from deploy_verdict.model.observations import Exchange, Reading, StepRecord, Unrestored


class Tally(Record):
    """How often a step was answered as it should be, by status. Its bodies are not kept."""

    name: str
    method: str
    url: str
    answers: dict[str, int]


class FloorObservation(Record):
    """One drive. `failures` are all answers that ended a cycle, `beside` what led to the first and followed
    the last; `ended` says why not all cycles were done.
    """

    kind: Literal["floor"] = "floor"
    check: str
    offset_s: float
    at: AwareDatetime
    url: str
    before: tuple[Reading, ...] = ()
    after: tuple[Reading, ...] = ()
    cycles: int = 0
    failed: int = 0
    took_s: float = Field(default=0.0, ge=0)
    tallies: tuple[Tally, ...] = ()
    failures: tuple[Exchange, ...] = ()
    beside: tuple[Exchange, ...] = ()
    unrestored: tuple[Unrestored, ...] = ()
    ended: str | None = None
    interrupted: bool = False


class ExerciseRound(Record):
    """One turn: the gauge before it, under our load, and as often again once all of it was answered."""

    before: tuple[Reading, ...]
    busy: tuple[Reading, ...] = ()
    rest: tuple[Reading, ...] = ()


class ExerciseObservation(Record):
    """One exercise of a pool. `held_back` says why no more requests were sent; `settled` came after it."""

    kind: Literal["exercise"] = "exercise"
    check: str
    offset_s: float
    at: AwareDatetime
    url: str
    at_once: int
    rounds: tuple[ExerciseRound, ...] = ()
    answers: tuple[Exchange, ...] = ()
    settled: tuple[Exchange, ...] = ()
    held_back: str | None = None
    interrupted: bool = False


class FailedRun(Record):
    """The step that ended a run, and what its test had captured until then."""

    step: StepRecord
    captured: dict[str, JsonValue] = Field(default={})


class TopUpObservation(Record):
    """One operation's top-up, `check` being the exposure and `of` whose runs these are.

    `wanted` clean runs, of which `clean_before` were there; good answers are only counted (`tallies`).
    `beside` is what led to the first run and followed the last; `ended` says why no more were begun.
    """

    kind: Literal["top-up"] = "top-up"
    check: str
    of: str
    offset_s: float
    at: AwareDatetime
    wanted: int
    clean_before: int
    done: int = 0
    failed: int = 0
    took_s: float = Field(default=0.0, ge=0)
    tallies: tuple[Tally, ...] = ()
    failures: tuple[FailedRun, ...] = ()
    beside: tuple[Exchange, ...] = ()
    unrestored: tuple[Unrestored, ...] = ()
    ended: str = ""
    interrupted: bool = False
