"""One step of a test: fill it, hold it against the guard, send it, capture from its answer."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from deploy_verdict.evidence.steps import captures, tested_step
from deploy_verdict.model import Exchange, Outcome, StepRecord, Unrestored
from deploy_verdict.plan import Step, Test
from deploy_verdict.plan.placeholders import with_captures
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.race import take_race
from deploy_verdict.stages.e2e.requests import Trial, curl, final, lacking, refused, requests_of, send

Part = Literal["before_each", "start", "steps", "cleanup"]
NO_ROUTE = (404, 405)


def take(trial: Trial, part: Part, index: int, step: Step) -> str | None:
    """Take one step and record it; returns why its test cannot go on, or None."""
    step = with_captures(step, trial.captured)
    if step.together is not None:
        record, reason = take_race(trial, part, index, step.name, step.together)
    else:
        record, reason = _take_request(trial, part, index, step)
    trial.records.append(record)
    return reason


def _take_request(trial: Trial, part: Part, index: int, step: Step) -> tuple[StepRecord, str | None]:
    record = StepRecord(part=part, index=index, name=step.name)
    missing = {name: "no earlier step has captured it" for name in _missing(trial, step)}
    if missing:
        told = f"{', '.join(missing)} was not captured, so the request cannot be filled"
        return record.model_copy(update={"not_captured": missing}), told
    exchange, earlier, refusal = _asked(trial, step)
    record = record.model_copy(update={"exchange": exchange, "earlier": earlier, "refused": refusal})
    if exchange is None:
        return record, f"refused: {refusal}"
    result = tested_step(step, exchange)
    if result.outcome is not Outcome.PASS:
        return record, result.told
    captured, not_captured = captures(step, exchange)
    trial.captured |= captured
    told = "; ".join(f"{name} was not captured: {reason}" for name, reason in not_captured.items())
    return record.model_copy(update={"captured": captured, "not_captured": not_captured}), told or None


def _missing(trial: Trial, step: Step) -> tuple[str, ...]:
    return lacking(step, trial.captured, step.if_no_route)


def _asked(trial: Trial, step: Step) -> tuple[Exchange | None, tuple[Exchange, ...], str | None]:
    """The answer, the answers of paths that have no route, and why the guard refused to go on."""
    answers: list[Exchange] = []
    for path in (step.path, step.if_no_route):
        if path is None or (answers and not _has_no_route(answers[-1])):
            break
        request = final(trial.context, step, trial.captured, path)
        refusal = refused(trial.context, request)
        if refusal:
            return None, tuple(answers), refusal
        answers.append(send(trial, request))
    return answers[-1], tuple(answers[:-1]), None


def _has_no_route(exchange: Exchange) -> bool:
    return exchange.fault is None and exchange.status in NO_ROUTE


def clean_up(trial: Trial, steps: Sequence[Step]) -> None:
    """Take every cleanup step, whatever the others gave; what is left behind is named with its request.

    When it is interrupted itself, the steps that were not done are named too.
    """
    pending = list(enumerate(steps))
    try:
        while pending:
            index, step = pending[0]
            reason = take(trial, "cleanup", index, step)
            if reason:
                trial.unrestored.append(_unrestored(trial, step, reason))
            del pending[0]
    finally:
        trial.unrestored += [_unrestored(trial, step, "it was interrupted") for _, step in pending]


def turn_for(context: Context, test: Test, before_each: Sequence[Step]) -> AbstractContextManager[str | None]:
    """The wait for the test entities, where the test writes any; why they are not to be had, or None."""
    steps = (*before_each, *test.start, *test.steps, *test.cleanup)
    is_writing = any(request.writes for request in requests_of(steps))
    return context.ledger.lock() if is_writing else nullcontext(None)


def settle(trial: Trial) -> None:
    """Close the ledger's entry, after the cleanup."""
    if trial.pending is not None:
        left = "; ".join(f"{item.reason}; send: {item.request}" for item in trial.unrestored)
        trial.pending.close(left or None)


def _unrestored(trial: Trial, step: Step, reason: str) -> Unrestored:
    lines = [curl(trial.context, request, trial.captured) for request in requests_of((step,))]
    return Unrestored(request="\n".join(lines), reason=reason)
