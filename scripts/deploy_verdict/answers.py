"""Every request of ours that the evidence holds, whatever stage sent it, and how long it took. Pure."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploy_verdict.model import (
    BurstObservation,
    Exchange,
    ExerciseObservation,
    HttpObservation,
    Loaded,
    Reading,
    TestObservation,
)
from deploy_verdict.plan import Plan
from deploy_verdict.units import path_of


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One exchange with where it stands in the evidence. `check` is the health check or pool, or None."""

    stage: str
    check: str | None
    offset_s: float
    pointer: str
    exchange: Exchange


def all_sent(loaded: Iterable[Loaded]) -> Iterator[Sent]:
    """Each exchange of the evidence once, readings of bursts included."""
    for item in loaded:
        for index, observation in enumerate(item.evidence.observations):
            pointer = f"{item.name}#/observations/{index}"
            stage, offset_s = item.evidence.stage, getattr(observation, "offset_s", item.evidence.offset_s)
            if isinstance(observation, HttpObservation):
                yield Sent(
                    stage=stage,
                    check=observation.check,
                    offset_s=offset_s,
                    pointer=pointer,
                    exchange=observation,
                )
            elif isinstance(observation, BurstObservation):
                for number, exchange in enumerate(_readings(observation)):
                    yield Sent(
                        stage=stage,
                        check=observation.check,
                        offset_s=offset_s,
                        pointer=f"{pointer}/readings/{number}",
                        exchange=exchange,
                    )
            elif isinstance(observation, ExerciseObservation):
                for place, check, exchange in _exercised(observation):
                    yield Sent(
                        stage=stage,
                        check=check,
                        offset_s=offset_s,
                        pointer=f"{pointer}/{place}",
                        exchange=exchange,
                    )
            elif isinstance(observation, TestObservation):
                for place, exchange in _steps(observation):
                    yield Sent(
                        stage=stage,
                        check=None,
                        offset_s=offset_s,
                        pointer=f"{pointer}/{place}",
                        exchange=exchange,
                    )


def _readings(burst: BurstObservation) -> Iterator[Exchange]:
    yield from (_read(burst, reading) for reading in burst.readings)


def _read(burst: BurstObservation | ExerciseObservation, reading: Reading) -> Exchange:
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


def _exercised(seen: ExerciseObservation) -> Iterator[tuple[str, str | None, Exchange]]:
    """The readings of the gauge, which are of the pool, and the load."""
    for number, turn in enumerate(seen.rounds):
        for part in ("before", "busy", "rest"):
            for index, reading in enumerate(getattr(turn, part)):
                yield f"rounds/{number}/{part}/{index}", seen.check, _read(seen, reading)
    for part in ("answers", "settled"):
        for index, exchange in enumerate(getattr(seen, part)):
            yield f"{part}/{index}", None, exchange


def _steps(test: TestObservation) -> Iterator[tuple[str, Exchange]]:
    for index, step in enumerate(test.steps):
        for number, exchange in enumerate(step.earlier):
            yield f"steps/{index}/earlier/{number}", exchange
        if step.exchange is not None:
            yield f"steps/{index}/exchange", step.exchange
        for number, exchange in enumerate(step.race.exchanges if step.race else ()):
            yield f"steps/{index}/race/exchanges/{number}", exchange


def to_check(plan: Plan, name: str, loaded: Iterable[Loaded]) -> tuple[Sent, ...]:
    """All that was sent to a health check's method and path, by any stage.

    What was sent at once, in a race or an exercise, queued up and is none of it.
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
            and sent.stage != "exercise"
            and sent.exchange.method == check.method
            and path_of(sent.exchange.url).endswith(path)
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
