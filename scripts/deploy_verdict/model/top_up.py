"""What a top-up gave: so many runs of a test or a check, and what became of them."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from deploy_verdict.model.enums import Record
from deploy_verdict.model.floor import Tally
from deploy_verdict.model.observations import Exchange, StepRecord, Unrestored


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
