"""Every request of ours in the evidence, by whatever stage, and how long it took. Pure.

Of those that the service itself answered, also the time at which it must have logged each.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy_verdict.base.log_templates import path_shape
from deploy_verdict.base.units import path_of
from deploy_verdict.model import (
    Attempt,
    AwaitedObservation,
    BurstObservation,
    Exchange,
    ExerciseObservation,
    Fault,
    FingerprintObservation,
    FloorObservation,
    HttpObservation,
    Loaded,
    Observation,
    Reading,
    Tally,
    TestObservation,
    TopUpObservation,
    WindowRef,
)
from deploy_verdict.plan import Plan
from deploy_verdict.stages.registry import driven, loads

_FOREVER_S = 1e9


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One exchange and its place in the evidence. `check` is its health check or pool, or None."""

    stage: str
    check: str | None
    offset_s: float
    pointer: str
    exchange: Exchange

    @property
    def is_reading(self) -> bool:
        """Whether it is one of a burst's readings of a pool."""
        return "/readings/" in self.pointer


def all_sent(loaded: Iterable[Loaded]) -> Iterator[Sent]:
    """Yield each exchange in the evidence once, including readings of the pools."""
    for item in loaded:
        stage = item.evidence.stage
        for pointer, observation in item.pointed():
            offset_s = getattr(observation, "offset_s", item.evidence.offset_s)
            for place, check, exchange in _kept(observation, item.evidence.window):
                yield Sent(
                    stage=stage, check=check, offset_s=offset_s, pointer=pointer + place, exchange=exchange
                )


def sent_to_service(plan: Plan, loaded: Iterable[Loaded]) -> Iterator[Sent]:
    """Yield each exchange with the service itself, as responses of other systems say nothing of it."""
    sent = all_sent(loaded)
    if not plan.hosts:
        return sent
    return (item for item in sent if plan.is_ours(plan.host_of(item.exchange.url)))


_Kept = tuple[str, str | None, Exchange]


def _kept(observation: Observation, window: WindowRef) -> Iterator[_Kept]:
    """Yield each exchange with its place in the observation, and its check or pool."""
    if isinstance(observation, HttpObservation):
        yield "", observation.check, observation
    elif isinstance(observation, BurstObservation):
        for number, reading in enumerate(observation.readings):
            yield from _read(observation, f"/readings/{number}", reading, window)
    elif isinstance(observation, ExerciseObservation):
        yield from _exercised(observation, window)
    elif isinstance(observation, FloorObservation):
        yield from _driven(observation, window)
    elif isinstance(observation, TopUpObservation):
        yield from _topped_up(observation)
    elif isinstance(observation, TestObservation):
        yield from _steps(observation)


def _read(
    burst: BurstObservation | ExerciseObservation | FloorObservation,
    place: str,
    reading: Reading,
    window: WindowRef,
) -> Iterator[_Kept]:
    """Yield the requests of one reading.

    A server that was queried directly got no HTTP request, so only its failure to answer counts here.
    """
    if reading.status is None and reading.fault is None:
        return
    at = at_offset(window, reading.offset_s)
    yield (
        place,
        burst.check,
        Exchange(
            at=at,
            method="GET",
            url=burst.url,
            request_id="",
            status=reading.status,
            body=reading.body,
            body_truncated=reading.body_truncated,
            elapsed_ms=reading.elapsed_ms,
            attempts=() if reading.first_try is None else (_first_try(at, reading.first_try),),
            fault=reading.fault,
        ),
    )
    for number, answer in enumerate(reading.also):
        yield (
            f"{place}/also/{number}",
            None,
            Exchange(
                at=at,
                method="GET",
                url=answer.url,
                request_id="",
                status=answer.status,
                body=answer.body,
                body_truncated=answer.body_truncated,
                fault=answer.fault,
            ),
        )


def _first_try(at: datetime, fault: Fault) -> Attempt:
    return Attempt(at=at, elapsed_ms=0.0, fault=fault)


def at_offset(window: WindowRef, offset_s: float) -> datetime:
    """Return the moment at an offset in plan seconds; an offset beyond 30 years is cut to that."""
    wall_s = min(_FOREVER_S, offset_s / window.speed)
    return window.t0 + timedelta(seconds=max(-_FOREVER_S, wall_s))


def _exercised(observation: ExerciseObservation, window: WindowRef) -> Iterator[_Kept]:
    """Yield the gauge's readings, as those of the pool, and the load."""
    for number, turn in enumerate(observation.rounds):
        for part in ("before", "busy", "rest"):
            for index, reading in enumerate(getattr(turn, part)):
                yield from _read(observation, f"/rounds/{number}/{part}/{index}", reading, window)
    for part in ("answers", "settled"):
        for index, exchange in enumerate(getattr(observation, part)):
            yield f"/{part}/{index}", None, exchange


def _driven(observation: FloorObservation, window: WindowRef) -> Iterator[_Kept]:
    """Yield the floor readings and the kept responses; good responses of the cycles are only counted."""
    for part in ("before", "after"):
        for index, reading in enumerate(getattr(observation, part)):
            yield from _read(observation, f"/{part}/{index}", reading, window)
    for part in ("failures", "beside"):
        for index, exchange in enumerate(getattr(observation, part)):
            yield f"/{part}/{index}", None, exchange


def _topped_up(observation: TopUpObservation) -> Iterator[_Kept]:
    """Yield the kept responses: those of failed runs, and those taken beside them."""
    for index, failure in enumerate(observation.failures):
        for number, exchange in enumerate(failure.step.earlier):
            yield f"/failures/{index}/step/earlier/{number}", None, exchange
        if failure.step.exchange is not None:
            yield f"/failures/{index}/step/exchange", None, failure.step.exchange
    for index, exchange in enumerate(observation.beside):
        yield f"/beside/{index}", None, exchange


def tallies(loaded: Iterable[Loaded], *stages: str) -> Iterator[Tally]:
    """Yield the tallies of good responses that were only counted, from all drives or from these stages."""
    for item in loaded:
        for observation in item.evidence.observations if item.evidence.stage in (stages or driven()) else ():
            if isinstance(observation, FloorObservation | TopUpObservation):
                yield from observation.tallies


def own_answers(sent: Iterable[Sent], start: datetime, end: datetime) -> Counter[tuple[str, str, str]]:
    """Return how often we got each (method, path, status) between two moments; ids in a path read {id}."""
    return Counter(
        (item.exchange.method, path_shape(path_of(item.exchange.url)), str(item.exchange.status))
        for item in sent
        if item.exchange.status is not None and start <= item.exchange.at <= end
    )


def _steps(test: TestObservation) -> Iterator[_Kept]:
    for index, step in enumerate(test.steps):
        for number, exchange in enumerate(step.earlier):
            yield f"/steps/{index}/earlier/{number}", None, exchange
        if step.exchange is not None:
            yield f"/steps/{index}/exchange", None, step.exchange
        for number, exchange in enumerate(step.race.exchanges if step.race else ()):
            yield f"/steps/{index}/race/exchanges/{number}", None, exchange


def to_check(plan: Plan, name: str, sent: Iterable[Sent]) -> tuple[Sent, ...]:
    """Return the requests, by any stage, to the method and path of a health check.

    Requests sent at once, in a race or an exercise, queue up: they are left out, as are the cycles of a
    drive.
    """
    check = plan.check(name)
    path = path_of(check.path)
    return tuple(
        item
        for item in sent
        if item.check == name
        or (
            item.check is None
            and "/race/" not in item.pointer
            and item.stage not in loads()
            and item.exchange.method == check.method
            and path_of(item.exchange.url).endswith(path)
            and plan.host_of(item.exchange.url) == check.host
        )
    )


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Times of the answered requests in milliseconds. p95 is the nearest rank."""

    count: int
    mean_ms: float
    p95_ms: float
    worst_ms: float


def latency(sent: Iterable[Sent]) -> Latency | None:
    """Return the times of the answered requests; None if nothing was answered."""
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


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """One request: its path without the query, when it began and ended, and its id ("" if unknown)."""

    path: str
    sent_at: datetime
    ended_at: datetime
    request_id: str = ""


def own_requests(plan: Plan, loaded: Iterable[Loaded]) -> tuple[OwnRequest, ...]:
    """Return the requests that the service itself answered, of any stage, in the order of time."""
    found = (request for item in loaded for request in _of_file(plan, item))
    return tuple(sorted(found, key=lambda request: request.sent_at))


def _of_file(plan: Plan, item: Loaded) -> Iterator[OwnRequest]:
    window = item.evidence.window
    for sent in sent_to_service(plan, [item]):
        yield from _answered(sent.exchange)
    for observation in item.evidence.observations:
        if isinstance(observation, AwaitedObservation):
            for answer in observation.answers:
                yield from _answered(answer.exchange)
        elif isinstance(observation, FingerprintObservation):
            for attempt in observation.attempts:
                if attempt.status is not None and attempt.fault is None:
                    sent_at = at_offset(window, attempt.offset_s)
                    ended_at = sent_at + timedelta(milliseconds=attempt.elapsed_ms or 0.0)
                    yield OwnRequest(path_of(observation.url), sent_at, ended_at)


def _answered(exchange: Exchange) -> Iterator[OwnRequest]:
    if exchange.status is not None and exchange.fault is None:
        ended_at = exchange.at + timedelta(milliseconds=exchange.elapsed_ms or 0.0)
        yield OwnRequest(path_of(exchange.url), exchange.at, ended_at, exchange.request_id)
