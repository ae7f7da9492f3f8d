"""The health stage: one bounded request for each check of the plan, in the plan's order.

Checks that write belong together, as TOMAR and the COMPLETAR that releases again: one entry of the ledger,
settled when the last of them gives what the plan expects.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext

from deploy_verdict.evidence.steps import tested_step
from deploy_verdict.model import Exchange, Fault, HttpObservation, Observation, Outcome, Whose
from deploy_verdict.plan import Check, Request
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
