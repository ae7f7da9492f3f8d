"""Replays recorded answers: as exchanges, and as the E2E suite that would have received them. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from deploy_verdict.evidence.answers.steps import captures
from deploy_verdict.model import Exchange, Fault, Race, StepRecord, Whose
from deploy_verdict.plan import Answer, Plan, Step
from deploy_verdict.plan.checks.references import PRE_CHECK
from deploy_verdict.plan.placeholders import with_captures
from deploy_verdict.plan.sections.fixtures import BEFORE_EACH_NAME, PRE_CHECK_NAME, step_name

T0 = datetime(2026, 1, 1, tzinfo=UTC)
Answers = Mapping[str, tuple[Answer, ...]]
# A step with earlier captures filled in, and the record that the collector would have written.
ReplayedStep = tuple[Step, StepRecord]
_FAULT_DETAILS = {"timeout": "no answer within the timeout", "refused": "the connection was refused"}


def exchange_of(answer: Answer, method: str = "GET", url: str = "") -> Exchange:
    """Return a recorded answer as if it had just arrived."""
    fault = None
    if answer.fault is not None:
        fault = Fault(kind=answer.fault, whose=Whose.TARGET, detail=_FAULT_DETAILS[answer.fault])
    return Exchange(
        at=T0,
        method=method,
        url=url,
        request_id="",
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        elapsed_ms=answer.elapsed * 1000,
        fault=fault,
    )


def replay_suite(plan: Plan, answers: Answers) -> dict[str, list[ReplayedStep]]:
    """Return every test, and the pre-check, with those of its steps that have a recorded answer."""
    e2e, base_url = plan.e2e, plan.service.base_url
    if e2e is None:
        return {}
    replayed = {}
    if e2e.pre_check:
        replayed[PRE_CHECK] = list(_replay([(PRE_CHECK_NAME, "steps", e2e.pre_check)], answers, base_url))
    for test in e2e.tests:
        parts = [
            (BEFORE_EACH_NAME, "before_each", e2e.before_each),
            (test.name, "start", test.start),
            (test.name, "steps", test.steps),
            (test.name, "cleanup", test.cleanup),
        ]
        replayed[test.name] = list(_replay(parts, answers, base_url))
    return replayed


def _replay(
    parts: Sequence[tuple[str, str, Sequence[Step]]], answers: Answers, base_url: str
) -> Iterator[ReplayedStep]:
    captured: dict[str, JsonValue] = {}
    times: Counter[str] = Counter()
    for owner, part, steps in parts:
        for index, step in enumerate(steps):
            name = step_name(owner, step)
            recorded = answers.get(name, ())
            if not recorded:
                continue
            filled = with_captures(step, captured)
            # The last answer is repeated for later requests; a race uses all answers at once.
            first = 0 if filled.together else min(times[name], len(recorded) - 1)
            record = step_record(filled, part, index, recorded[first:], base_url)
            captured |= record.captured
            times[name] += 1
            yield filled, record


def step_record(step: Step, part: str, index: int, answers: Sequence[Answer], base_url: str) -> StepRecord:
    """Return the record that the collector would write: the first answer, or one for each racer."""
    record: dict[str, Any] = {"part": part, "index": index, "name": step.name}
    if step.together is None:
        exchange = exchange_of(answers[0], step.method, base_url + step.path)
        captured, not_captured = captures(step, exchange)
        record |= {"exchange": exchange, "captured": captured, "not_captured": not_captured}
    else:
        requests = [request for request in step.together.requests for _ in range(step.together.times)]
        exchanges = tuple(
            exchange_of(answer, request.method, base_url + request.path)
            for answer, request in zip(answers, requests, strict=False)
        )
        record["race"] = Race(
            exchanges=exchanges,
            starts_ms=(0.0,) * len(exchanges),
            ends_ms=(10.0,) * len(exchanges),
            spread_ms=0.0,
            overlapped=True,
        )
    return StepRecord.model_validate(record)
