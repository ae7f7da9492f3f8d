"""Sends one request within what the plan allows this tool to write.

The guard refuses the rest; what is sent is in the ledger before it leaves.
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from deploy_verdict.evidence.answers.steps import tested_step
from deploy_verdict.model import (
    DeploymentObservation,
    Exchange,
    Fault,
    Loaded,
    Outcome,
    Subject,
    Whose,
)
from deploy_verdict.plan import Check, Request
from deploy_verdict.plan.placeholders import (
    names_of_window,
    of_window,
    path_of_window,
    window_lacks,
    window_values,
)
from deploy_verdict.plan.writes.write_guard import entities, foreign_refusal, refusals
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.write_ledger import OpenEntry

NOT_SENT = "no request that restores it was sent"


def entry_of(context: Context, writing: Sequence[Check], settles: str | None = None) -> OpenEntry:
    """Return a ledger entry for checks that write. Their first write opens it."""
    names = tuple(check.name for check in writing)
    clock = context.pace.clock
    return OpenEntry(context.ledger, ", ".join(names), clock.now, checks=names, settles=settles)


def unlike(request: Check, exchange: Exchange) -> str | None:
    """Return why this response is not what the plan expects, or None."""
    result = tested_step(request, exchange)
    return None if result.outcome is Outcome.PASS else f"{request.name}: {result.actual}"


def refusal_of(
    context: Context,
    method: str,
    path: str,
    body: JsonValue,
    headers: Mapping[str, str],
    host: str | None = None,
    *,
    form: Mapping[str, str] | None = None,
) -> str | None:
    """Return why the guard refuses a request, or None.

    The service's OpenAPI document is fetched only if it can change the answer.
    """
    if host is not None:
        return foreign_refusal(context.plan.hosts[host].reads, method, path, body, headers, form=form)
    test_data = context.plan.test_data
    reason = next(refusals(method, path, body, test_data, headers), None)
    if reason is None or test_data.openapi is None or not reason.is_undeclared:
        return reason.text if reason else None
    documented = context.documented.of(context)
    reason = next(refusals(method, path, body, test_data, headers, documented), None)
    if reason is None:
        return None
    return f"{reason.text}; {context.documented.lacking}" if context.documented.lacking else reason.text


def entities_of(context: Context, method: str, path: str, body: JsonValue) -> tuple[str, ...]:
    """Return the test entities that a request names which the guard let through."""
    test_data = context.plan.test_data
    return entities(method, path, body, test_data) or entities(
        method, path, body, test_data, context.documented.of(context)
    )


def _subject(context: Context, request: Request) -> Subject | None:
    """Return the window's subject.

    If the request needs the commit and nobody gave one, take the platform's.
    """
    subject = context.file.subject if context.file else None
    if subject is None or subject.commit is not None or "commit" not in names_of_window(request):
        return subject
    commits = (
        observation.deployment.commit
        for item in context.evidence()
        if isinstance(item, Loaded)
        for observation in item.evidence.observations
        if isinstance(observation, DeploymentObservation) and observation.deployment is not None
    )
    return subject.model_copy(update={"commit": next(filter(None, commits), None)})


def ask_request(context: Context, request: Request, entry: OpenEntry | None = None) -> Exchange:
    """Send a request and return its exchange. What it writes is recorded in the ledger first.

    If the guard refuses it, or a value that it needs is not known, nothing is sent and the exchange has a
    fault.
    """
    headers = context.plan.headers_of(request)
    values = window_values(context.pace.t0, context.pace.clock.now(), _subject(context, request))
    lacking = window_lacks(request, values)
    if lacking:
        return unsent(context, request, "not-known", lacking)
    path, body = path_of_window(request.path, values), of_window(request.json_, values)
    form = of_window(request.form, values)
    reason = refusal_of(context, request.method, path, body, headers, request.host, form=form)
    if reason:
        return unsent(context, request, "refused-by-guard", reason)
    if entry is not None and request.writes:
        entry.record_write(entities_of(context, request.method, path, body), {})
    return context.probe.to(request.host).ask(
        request.method,
        path,
        json=body,
        form=form,
        headers=headers,
        timeout_s=request.timeout,
        anonymous=request.auth == "none",
    )


def unsent(context: Context, request: Request, kind: str, reason: str) -> Exchange:
    """Return the exchange of a request that was not sent, with a fault of this kind and reason."""
    return Exchange(
        at=context.pace.clock.now(),
        method=request.method,
        url=context.probe.to(request.host).base_url + request.path,
        request_id="",
        fault=Fault(kind=kind, whose=Whose.US, detail=reason),
    )
