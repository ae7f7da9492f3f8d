"""A race: requests that leave through one barrier, each with when it began and ended."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from deploy_verdict.evidence.answers.steps import overlapped, tested_answers, tested_race
from deploy_verdict.model import Exchange, Outcome, Race, StepRecord
from deploy_verdict.plan import Together
from deploy_verdict.stages.e2e.requests import (
    FinalRequest,
    TestRun,
    final,
    lacking,
    record_write,
    refused,
    send,
)


@dataclass(frozen=True)
class _Run:
    """One request of a race; times in seconds of the monotonic clock."""

    exchange: Exchange
    start_s: float
    end_s: float


def take_race(
    test_run: TestRun,
    part: Literal["before_each", "start", "steps", "cleanup"],
    index: int,
    name: str,
    together: Together,
) -> tuple[StepRecord, str | None]:
    """Run a race once; return the record, and why the test cannot go on, or None.

    If one request is refused, none is sent.
    """
    record = StepRecord(part=part, index=index, name=name)
    missing = {
        place: "no earlier step has captured it"
        for request in together.requests
        for place in lacking(request, test_run.captured)
    }
    if missing:
        lost = f"{', '.join(missing)} was not captured, so the requests cannot be filled"
        return record.model_copy(update={"not_captured": missing}), lost
    requests = [final(test_run.context, request, test_run.captured) for request in together.requests]
    refusal = next((reason for request in requests if (reason := refused(test_run.context, request))), None)
    if refusal:
        return record.model_copy(update={"refused": refusal}), f"refused: {refusal}"
    # Before the barrier: writing to disk behind it would spread the starts.
    record_write(test_run, requests)
    race = _released(test_run, [request for request in requests for _ in range(together.times)])
    return record.model_copy(update={"race": race}), raced(together, race)


def raced(together: Together, race: Race) -> str | None:
    """Return why the test cannot go on after this race, or None."""
    result = tested_race(together, race)
    return None if result.outcome is Outcome.PASS else result.actual


def is_worth_another_try(together: Together, race: Race) -> bool:
    """Return whether to repeat a race: its responses were right, but the requests did not overlap.

    Requests with wrong responses are never sent again.
    """
    return tested_answers(together, race).outcome is Outcome.PASS and not overlapped(race)


def _released(test_run: TestRun, requests: Sequence[FinalRequest]) -> Race:
    clock = test_run.context.pace.clock
    barrier = threading.Barrier(len(requests))
    for host in {request.host for request in requests if not request.anonymous}:
        # Log in before the barrier: a login behind it would spread the starts.
        test_run.context.probe.to(host).enter()

    def ask(request: FinalRequest) -> _Run:
        barrier.wait()
        start_s = clock.monotonic_s()
        return _Run(send(test_run, request), start_s, clock.monotonic_s())

    with ThreadPoolExecutor(max_workers=len(requests), thread_name_prefix="race") as threads:
        try:
            runs = [future.result() for future in [threads.submit(ask, request) for request in requests]]
        finally:
            # If interrupted while threads are still starting, the others would wait at the barrier forever.
            barrier.abort()
    return _race(runs)


def _race(runs: Sequence[_Run]) -> Race:
    first_s = min(run.start_s for run in runs)
    last_s = max(run.start_s for run in runs)
    return Race(
        exchanges=tuple(run.exchange for run in runs),
        starts_ms=tuple(round((run.start_s - first_s) * 1000, 3) for run in runs),
        ends_ms=tuple(round((run.end_s - first_s) * 1000, 3) for run in runs),
        spread_ms=round((last_s - first_s) * 1000, 3),
        overlapped=last_s < min(run.end_s for run in runs),
    )
