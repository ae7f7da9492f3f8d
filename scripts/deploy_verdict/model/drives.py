"""What an exercise of a pool's gauge gave: readings with our load and without it."""

from typing import Literal

from pydantic import AwareDatetime

from deploy_verdict.model.enums import Record
from deploy_verdict.model.observations import Exchange, Reading


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
