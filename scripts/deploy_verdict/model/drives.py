"""What drives observed: an exercise of a pool's gauge, a return to floor, a top-up."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from deploy_verdict.model.enums import Record
from deploy_verdict.model.observations import Exchange, Reading, StepRecord, Unrestored


class Tally(Record):
    """How often a step got its expected answer, by status; bodies are not kept."""

    name: str
    method: str
    url: str
    answers: dict[str, int]


class FloorObservation(Record):
    """One return to floor.

    `failures` are the responses that ended a cycle, `beside` the requests before the first and after the last
    cycle. `ended` says why not all cycles ran.
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
    """One round: the gauge before our load, under it, and as often again once all of it is answered."""

    before: tuple[Reading, ...]
    busy: tuple[Reading, ...] = ()
    rest: tuple[Reading, ...] = ()


class ExerciseObservation(Record):
    """One exercise of a pool.

    `held_back` says why no more requests were sent; `settled` are those that restore.
    """

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
    """The step that ended a run, and the values that its test had captured by then."""

    step: StepRecord
    captured: dict[str, JsonValue] = Field(default={})


class TopUpObservation(Record):
    """One operation's top-up: `check` is the exposure, `of` the test or check that ran.

    `wanted` clean runs are needed, of which `clean_before` existed. Good responses are only counted
    (`tallies`). `beside` are the requests before the first and after the last run. `ended` says why no more
    runs were started.
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
