"""The health stage: one bounded request for each check of the plan, in the plan's order.

Checks that write belong together, as TOMAR and the COMPLETAR that releases again: one entry of the ledger,
settled when the last of them gives what the plan expects.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.steps import tested_step
from deploy_verdict.model import (
    AwaitedAnswer,
    AwaitedObservation,
    Exchange,
    Fault,
    HttpObservation,
    Observation,
    Outcome,
    Whose,
)
from deploy_verdict.plan import Check, Request
from deploy_verdict.plan.sections.claims import ASK_AGAIN_S
from deploy_verdict.plan.write_guard import entities, refusal
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.writes.collect import Debt

Keep = Callable[[tuple[Observation, ...]], None]
NOT_ASKED = "nothing that restores it was asked"


def check_health(
    context: Context, checks: Iterable[Check], offset_s: float, keep: Keep | None = None
) -> tuple[HttpObservation, ...]:
    """Ask each check once; a check that the stop came before is not asked and will be missing.

    `keep` is handed what was seen so far after each check. Checks that write are asked even then, once one
    of them was: the last of them is what restores.
    """
    asked = tuple(checks)
    writing = [check for check in asked if check.writes]
    debt = debt_of(context, writing)
    observations: list[HttpObservation] = []
    with context.ledger.turn() if writing else nullcontext(None) as held:
        left: str | None = NOT_ASKED
        wrote = False
        for check in asked:
            if context.stop.requested and not (wrote and check.writes):
                continue
            if check.writes and held:
                observations.append(_observed(check, offset_s, _unsent(context, check, "held", held)))
            else:
                observations.append(ask_check(context, check, offset_s, debt))
            if check.writes:
                wrote, left = True, unlike(check, observations[-1])
            if keep is not None:
                keep(tuple(observations))
        debt.close(left)
    return tuple(observations)


def debt_of(context: Context, writing: Sequence[Check], settles: str | None = None) -> Debt:
    """The ledger's entry of checks that write."""
    names = tuple(check.name for check in writing)
    clock = context.pace.clock
    return Debt(context.ledger, ", ".join(names), clock.now, checks=names, settles=settles)


def unlike(request: Check, exchange: Exchange) -> str | None:
    """Why this answer is not what the plan expects, or None."""
    result = tested_step(request, exchange)
    return None if result.outcome is Outcome.PASS else f"{request.name}: {result.told}"


def ask_check(context: Context, check: Check, offset_s: float, debt: Debt | None = None) -> HttpObservation:
    """One check's request as an observation."""
    return _observed(check, offset_s, ask_request(context, check, debt))


def _observed(check: Check, offset_s: float, exchange: Exchange) -> HttpObservation:
    return HttpObservation(check=check.name, offset_s=offset_s, **dict(exchange))


def ask_request(context: Context, request: Request, debt: Debt | None = None) -> Exchange:
    """Send a request, unless it would write what the plan does not allow. What it writes is noted before."""
    may_write = context.plan.test_data.may_write
    headers = {**context.plan.service.headers, **request.headers}
    reason = refusal(request.method, request.path, request.json_, may_write, headers=headers)
    if reason:
        return _unsent(context, request, "refused-by-guard", reason)
    if debt is not None and request.writes:
        debt.owe(entities(request.path, request.json_, may_write), {})
    return context.probe.ask(
        request.method, request.path, json=request.json_, headers=headers, timeout_s=request.timeout
    )


def _unsent(context: Context, request: Request, kind: str, reason: str) -> Exchange:
    return Exchange(
        at=context.pace.clock.now(),
        method=request.method,
        url=context.probe.base_url + request.path,
        request_id="",
        fault=Fault(kind=kind, whose=Whose.US, detail=reason),
    )


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
