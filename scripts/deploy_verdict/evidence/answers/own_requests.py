"""Our own answered requests, with the time at which the service must have logged each. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy_verdict.base.units import path_of
from deploy_verdict.evidence.answers.exchanges import at_offset, sent_to_service
from deploy_verdict.model import AwaitedObservation, Exchange, FingerprintObservation, Loaded
from deploy_verdict.plan import Plan


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
