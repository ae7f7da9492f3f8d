"""What a return to floor gave: the gauge at rest before and after many cycles, and what became of them."""

from typing import Literal

from pydantic import AwareDatetime, Field

from deploy_verdict.model.enums import Record
from deploy_verdict.model.observations import Exchange, Reading, Unrestored


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
