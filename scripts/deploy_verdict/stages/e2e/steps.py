"""One step of a test: fill it, check it with the guard, send it, capture from its response."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from deploy_verdict.evidence.answers.steps import captures, tested_step
from deploy_verdict.model import Exchange, Outcome, StepRecord, Unrestored
from deploy_verdict.plan import Step, Test
from deploy_verdict.plan.placeholders import with_captures
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.race import take_race
from deploy_verdict.stages.e2e.requests import TestRun, curl, final, lacking, refused, requests_of, send

Part = Literal["before_each", "start", "steps", "cleanup"]
NO_ROUTE = (404, 405)


def take_step(test_run: TestRun, part: Part, index: int, step: Step) -> str | None:
    """Take one step and record it; return why its test cannot go on, or None."""
    step = with_captures(step, test_run.captured)
    if step.together is not None:
        record, reason = take_race(test_run, part, index, step.name, step.together)
    else:
        record, reason = _take_request(test_run, part, index, step)
    test_run.records.append(record)
    return reason


def _take_request(test_run: TestRun, part: Part, index: int, step: Step) -> tuple[StepRecord, str | None]:
    record = StepRecord(part=part, index=index, name=step.name)
    missing = {name: "no earlier step has captured it" for name in _missing(test_run, step)}
    if missing:
        reason = f"{', '.join(missing)} was not captured, so the request cannot be filled"
        return record.model_copy(update={"not_captured": missing}), reason
    exchange, earlier, refusal = _sent(test_run, step)
    record = record.model_copy(update={"exchange": exchange, "earlier": earlier, "refused": refusal})
    if exchange is None:
        return record, f"refused: {refusal}"
    result = tested_step(step, exchange)
    if result.outcome is not Outcome.PASS:
        return record, result.actual
    captured, not_captured = captures(step, exchange)
    test_run.captured |= captured
    lost = "; ".join(f"{name} was not captured: {reason}" for name, reason in not_captured.items())
    return record.model_copy(update={"captured": captured, "not_captured": not_captured}), lost or None


def _missing(test_run: TestRun, step: Step) -> tuple[str, ...]:
    return lacking(step, test_run.captured, step.if_no_route)


def _sent(test_run: TestRun, step: Step) -> tuple[Exchange | None, tuple[Exchange, ...], str | None]:
    """Return the response, the responses of paths without a route, and why the guard refused, or None."""
    answers: list[Exchange] = []
    for path in (step.path, step.if_no_route):
        if path is None or (answers and not _has_no_route(answers[-1])):
            break
        request = final(test_run.context, step, test_run.captured, path)
        refusal = refused(test_run.context, request)
        if refusal:
            return None, tuple(answers), refusal
        answers.append(send(test_run, request))
    return answers[-1], tuple(answers[:-1]), None


def _has_no_route(exchange: Exchange) -> bool:
    return exchange.fault is None and exchange.status in NO_ROUTE


def clean_up(test_run: TestRun, steps: Sequence[Step]) -> None:
    """Take every cleanup step, whatever the others gave; record what is left behind with its request.

    If the cleanup is interrupted, the remaining steps are recorded too.
    """
    pending = list(enumerate(steps))
    try:
        while pending:
            index, step = pending[0]
            reason = take_step(test_run, "cleanup", index, step)
            if reason:
                test_run.unrestored.append(_unrestored(test_run, step, reason))
            del pending[0]
    finally:
        test_run.unrestored += [_unrestored(test_run, step, "interrupted") for _, step in pending]


def entity_lock(
    context: Context, test: Test, before_each: Sequence[Step]
) -> AbstractContextManager[str | None]:
    """Return the lock on the test entities, if the test writes any.

    It yields None, or why it cannot hold them.
    """
    steps = (*before_each, *test.start, *test.steps, *test.cleanup)
    is_writing = any(request.writes for request in requests_of(steps))
    return context.ledger.lock() if is_writing else nullcontext(None)


def close_entry(test_run: TestRun) -> None:
    """Close the ledger's entry after the cleanup."""
    if test_run.entry is not None:
        left = "; ".join(f"{item.reason}; send: {item.request}" for item in test_run.unrestored)
        test_run.entry.close(left or None)


def _unrestored(test_run: TestRun, step: Step, reason: str) -> Unrestored:
    lines = [curl(test_run.context, request, test_run.captured) for request in requests_of((step,))]
    return Unrestored(request="\n".join(lines), reason=reason)
