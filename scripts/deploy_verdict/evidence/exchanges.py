"""Every request of ours that the evidence holds, whatever stage sent it, and how long it took. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.base.units import path_of
from deploy_verdict.model import (
    BurstObservation,
    Exchange,
    ExerciseObservation,
    FloorObservation,
    HttpObservation,
    Loaded,
    Observation,
    Reading,
    Tally,
    TestObservation,
    TopUpObservation,
)
from deploy_verdict.plan import Plan
from deploy_verdict.stages.registry import driven, loads


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One exchange with where it stands in the evidence. `check` is the health check or pool, or None."""

    stage: str
    check: str | None
    offset_s: float
    pointer: str
    exchange: Exchange


def all_sent(loaded: Iterable[Loaded]) -> Iterator[Sent]:
    """Each exchange that the evidence keeps once, readings of the pools included."""
    for item in loaded:
        stage = item.evidence.stage
        for pointer, observation in item.pointed():
            offset_s = getattr(observation, "offset_s", item.evidence.offset_s)
            for place, check, exchange in _kept(observation):
                yield Sent(
                    stage=stage, check=check, offset_s=offset_s, pointer=pointer + place, exchange=exchange
                )


_Kept = tuple[str, str | None, Exchange]


def _kept(observation: Observation) -> Iterator[_Kept]:
    """Each exchange with its place in the observation, and the check or pool that it is of."""
    if isinstance(observation, HttpObservation):
        yield "", observation.check, observation
    elif isinstance(observation, BurstObservation):
        for number, reading in enumerate(observation.readings):
            yield f"/readings/{number}", observation.check, _read(observation, reading)
    elif isinstance(observation, ExerciseObservation):
        yield from _exercised(observation)
    elif isinstance(observation, FloorObservation):
        yield from _driven(observation)
    elif isinstance(observation, TopUpObservation):
        yield from _topped_up(observation)
    elif isinstance(observation, TestObservation):
        yield from _steps(observation)


def _read(burst: BurstObservation | ExerciseObservation | FloorObservation, reading: Reading) -> Exchange:
    return Exchange(
        at=burst.at,
        method="GET",
        url=burst.url,
        request_id="",
        status=reading.status,
        body=reading.body,
        elapsed_ms=reading.elapsed_ms,
        fault=reading.fault,
    )


def _exercised(observation: ExerciseObservation) -> Iterator[_Kept]:
    """The readings of the gauge, which are of the pool, and the load."""
    for number, turn in enumerate(observation.rounds):
        for part in ("before", "busy", "rest"):
            for index, reading in enumerate(getattr(turn, part)):
                yield f"/rounds/{number}/{part}/{index}", observation.check, _read(observation, reading)
    for part in ("answers", "settled"):
        for index, exchange in enumerate(getattr(observation, part)):
            yield f"/{part}/{index}", None, exchange


def _driven(observation: FloorObservation) -> Iterator[_Kept]:
    """The floors, and the answers that were kept; the good ones of the cycles are only counted."""
    for part in ("before", "after"):
        for index, reading in enumerate(getattr(observation, part)):
            yield f"/{part}/{index}", observation.check, _read(observation, reading)
    for part in ("failures", "beside"):
        for index, exchange in enumerate(getattr(observation, part)):
            yield f"/{part}/{index}", None, exchange


def _topped_up(observation: TopUpObservation) -> Iterator[_Kept]:
    """The answers that were kept: of failed runs, and of what stood beside them."""
    for index, failure in enumerate(observation.failures):
        for number, exchange in enumerate(failure.step.earlier):
            yield f"/failures/{index}/step/earlier/{number}", None, exchange
        if failure.step.exchange is not None:
            yield f"/failures/{index}/step/exchange", None, failure.step.exchange
    for index, exchange in enumerate(observation.beside):
        yield f"/beside/{index}", None, exchange


def tallies(loaded: Iterable[Loaded], *stages: str) -> Iterator[Tally]:
    """Good answers that were counted and not kept, and are answers all the same; of all drives, or these."""
    for item in loaded:
        for observation in item.evidence.observations if item.evidence.stage in (stages or driven()) else ():
            if isinstance(observation, FloorObservation | TopUpObservation):
                yield from observation.tallies


def own_answers(loaded: Iterable[Loaded], start: datetime, end: datetime) -> Counter[tuple[str, str, str]]:
    """How often we were given each status by method and path, ids in it as {id}, between two moments."""
    return Counter(
        (sent.exchange.method, path_shape(path_of(sent.exchange.url)), str(sent.exchange.status))
        for sent in all_sent(loaded)
        if sent.exchange.status is not None and start <= sent.exchange.at <= end
    )


def _steps(test: TestObservation) -> Iterator[_Kept]:
    for index, step in enumerate(test.steps):
        for number, exchange in enumerate(step.earlier):
            yield f"/steps/{index}/earlier/{number}", None, exchange
        if step.exchange is not None:
            yield f"/steps/{index}/exchange", None, step.exchange
        for number, exchange in enumerate(step.race.exchanges if step.race else ()):
            yield f"/steps/{index}/race/exchanges/{number}", None, exchange


def to_check(plan: Plan, name: str, loaded: Iterable[Loaded]) -> tuple[Sent, ...]:
    """All that was sent to a health check's method and path, by any stage.

    What was sent at once, in a race or an exercise, queued up; that and the cycles of a drive are none of it.
    """
    check = plan.check(name)
    path = path_of(check.path)
    return tuple(
        sent
        for sent in all_sent(loaded)
        if sent.check == name
        or (
            sent.check is None
            and "/race/" not in sent.pointer
            and sent.stage not in loads()
            and sent.exchange.method == check.method
            and path_of(sent.exchange.url).endswith(path)
            and plan.host_of(sent.exchange.url) == check.host
        )
    )


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Milliseconds of the requests that were answered; p95 is the nearest rank."""

    count: int
    mean_ms: float
    p95_ms: float
    worst_ms: float


def latency(sent: Iterable[Sent]) -> Latency | None:
    """None when nothing was answered."""
    times = sorted(
        item.exchange.elapsed_ms
        for item in sent
        if item.exchange.fault is None and item.exchange.elapsed_ms is not None
    )
    if not times:
        return None
    return Latency(
        count=len(times),
        mean_ms=sum(times) / len(times),
        p95_ms=times[max(0, math.ceil(0.95 * len(times)) - 1)],
        worst_ms=times[-1],
    )
