"""The health stage: one bounded request for each check of the plan, in the plan's order."""

from collections.abc import Callable, Iterable

from deploy_verdict.collectors import Context
from deploy_verdict.model import Exchange, Fault, HttpObservation, Observation, Whose
from deploy_verdict.plan import Check, Request
from deploy_verdict.plan.guard import refusal

Keep = Callable[[tuple[Observation, ...]], None]


def check_health(
    context: Context, checks: Iterable[Check], offset_s: float, keep: Keep | None = None
) -> tuple[HttpObservation, ...]:
    """Ask each check once; a check that the stop came before is not asked and will be missing.

    `keep` is handed what was seen so far after each check.
    """
    observations: list[HttpObservation] = []
    for check in checks:
        if context.stop.requested:
            break
        observations.append(ask_check(context, check, offset_s))
        if keep is not None:
            keep(tuple(observations))
    return tuple(observations)


def ask_check(context: Context, check: Check, offset_s: float) -> HttpObservation:
    """One check's request as an observation."""
    return HttpObservation(check=check.name, offset_s=offset_s, **dict(ask_request(context, check)))


def ask_request(context: Context, request: Request) -> Exchange:
    """Send a request, unless it would write what the plan does not allow."""
    may_write = context.plan.test_data.may_write
    headers = {**context.plan.service.headers, **request.headers}
    reason = refusal(request.method, request.path, request.json_, may_write, headers=headers)
    return _refused(context, request, reason) if reason else _asked(context, request)


def _asked(context: Context, check: Request) -> Exchange:
    headers = {**context.plan.service.headers, **check.headers}
    return context.probe.ask(
        check.method, check.path, json=check.json_, headers=headers, timeout_s=check.timeout
    )


def _refused(context: Context, check: Request, reason: str) -> Exchange:
    return Exchange(
        at=context.pace.clock.now(),
        method=check.method,
        url=context.probe.base_url + check.path,
        request_id="",
        fault=Fault(kind="refused-by-guard", whose=Whose.US, detail=reason),
    )
