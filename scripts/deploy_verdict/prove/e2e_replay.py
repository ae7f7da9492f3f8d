"""The declared E2E tests, played with recorded answers. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy_verdict.evidence.steps import captures
from deploy_verdict.model import Exchange, Race, StepRecord, TestObservation
from deploy_verdict.plan import Answer, Plan, Request, Step
from deploy_verdict.plan.placeholders import with_captures
from deploy_verdict.plan.references import PRE_CHECK
from deploy_verdict.plan.sections.fixtures import BEFORE_EACH_NAME, PRE_CHECK_NAME, step_name

AT = datetime(2026, 1, 1, tzinfo=UTC)
Answers = Mapping[str, tuple[Answer, ...]]
Exchanging = Callable[[Answer, Request, str], Exchange]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One step with what it had captured before filled in, and its record."""

    name: str
    place: tuple[str, int]
    step: Step
    record: StepRecord


@dataclass(frozen=True, kw_only=True)
class Played:
    """One test: what the collector would have written, and each step that has an answer."""

    test: str
    observation: TestObservation
    taken: tuple[Taken, ...]


def played(plan: Plan, answers: Answers, exchange_of: Exchanging) -> Iterator[Played]:
    """Every test, and the pre-check, with the answers that are recorded."""
    e2e = plan.e2e
    if e2e is None:
        return
    if e2e.pre_check:
        yield _play(plan, PRE_CHECK, [(PRE_CHECK_NAME, "steps", e2e.pre_check)], answers, exchange_of)
    for test in e2e.tests:
        parts = [
            (BEFORE_EACH_NAME, "before_each", e2e.before_each),
            (test.name, "start", test.start),
            (test.name, "steps", test.steps),
            (test.name, "cleanup", test.cleanup),
        ]
        yield _play(plan, test.name, parts, answers, exchange_of)


def _play(
    plan: Plan,
    test: str,
    parts: Sequence[tuple[str, str, Sequence[Step]]],
    answers: Answers,
    exchange_of: Exchanging,
) -> Played:
    captured: dict[str, object] = {}
    times: Counter[str] = Counter()
    taken: list[Taken] = []
    for named, part, steps in parts:
        for index, raw in enumerate(steps):
            name, step = step_name(named, raw), with_captures(raw, captured)
            given = answers.get(name, ())
            if not given:
                continue
            record = StepRecord.model_validate({"part": part, "index": index, "name": raw.name})
            if step.together is not None:
                record = record.model_copy(update={"race": _race(plan, step, given, exchange_of)})
            else:
                exchange = exchange_of(given[min(times[name], len(given) - 1)], step, plan.service.base_url)
                got, lost = captures(step, exchange)
                record = record.model_copy(
                    update={"exchange": exchange, "captured": got, "not_captured": lost}
                )
                captured |= got
            times[name] += 1
            taken.append(Taken(name=name, place=(part, index), step=step, record=record))
    observation = TestObservation(
        check=test,
        offset_s=0.0,
        at=AT,
        elapsed_ms=0.0,
        steps=tuple(item.record for item in taken),
    )
    return Played(test=test, observation=observation, taken=tuple(taken))


def _race(plan: Plan, step: Step, given: Sequence[Answer], exchange_of: Exchanging) -> Race:
    requests = (
        [request for request in step.together.requests for _ in range(step.together.times)]
        if (step.together)
        else []
    )
    exchanges = tuple(
        exchange_of(answer, request, plan.service.base_url)
        for answer, request in zip(given, requests, strict=False)
    )
    return Race(
        exchanges=exchanges,
        starts_ms=tuple(0.0 for _ in exchanges),
        ends_ms=tuple(10.0 for _ in exchanges),
        spread_ms=0.0,
        overlapped=True,
    )
