"""Checks that show a commit, asked until they hold or the time is up: the code before may still answer.

Every answer is kept, and the check is asked afterwards like any other. Only reads are asked again and again.
"""

from collections.abc import Iterator

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.steps import tested_step
from deploy_verdict.model import AwaitedAnswer, AwaitedObservation, Outcome
from deploy_verdict.plan import Check
from deploy_verdict.plan.sections.claims import ASK_AGAIN_S
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.health.collect import ask_request


def await_checks(context: Context, offset_s: float, until_s: float) -> tuple[AwaitedObservation, ...]:
    """One observation for each such check of the plan. `until_s` is the end of the wait that all share."""
    return tuple(
        _awaited(context, check, offset_s, until_s)
        for check in context.plan.awaited
        if not context.stop.requested
    )


def _awaited(context: Context, check: Check, offset_s: float, until_s: float) -> AwaitedObservation:
    began_s, at = context.pace.offset_s(), context.pace.clock.now()
    answers = tuple(_answers(context, check, until_s))
    waited_s = max(0.0, answers[-1].offset_s - began_s)
    if len(answers) > 1:
        context.tell(f"{check.name}: asked {len(answers)} times in {shown_duration(waited_s)}")
    return AwaitedObservation(
        check=check.name, offset_s=offset_s, at=at, waited_s=round(waited_s, 3), answers=answers
    )


def _answers(context: Context, check: Check, until_s: float) -> Iterator[AwaitedAnswer]:
    while True:
        offset_s = round(context.pace.offset_s(), 3)
        exchange = ask_request(context, check)
        yield AwaitedAnswer(offset_s=offset_s, exchange=exchange)
        # The last one is asked when the time is up, however long the one before it took.
        is_last = offset_s >= until_s or context.stop.requested
        if is_last or tested_step(check, exchange).outcome is Outcome.PASS:
            return
        context.pace.wait_until(min(offset_s + ASK_AGAIN_S, until_s))
