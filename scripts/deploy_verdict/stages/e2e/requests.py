"""A step's request in its final form: filled, checked by the guard, sent, or written as a command line."""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from deploy_verdict.evidence.answers.steps import may_have_written
from deploy_verdict.model import Exchange, StepRecord, Unrestored
from deploy_verdict.plan import Request, Step
from deploy_verdict.plan.placeholders import filled, filled_body, filled_path, names_in, names_in_body
from deploy_verdict.plan.requests import changes_data
from deploy_verdict.redaction.redactor import carries_credentials
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.guarded_request import entities_of, refusal_of
from deploy_verdict.stages.write_ledger import OpenEntry


@dataclass
class TestRun:
    """The state of one run of one test. Its captures are its own, as tests are independent.

    `writes` holds a token for each request that may have changed something. The token is added before the
    request leaves, so that an interrupted request counts, and removed if it reached nobody. `entry` is the
    run's entry in the ledger, which `cleanup` settles.
    """

    context: Context
    records: list[StepRecord] = field(default_factory=list)
    captured: dict[str, JsonValue] = field(default_factory=dict)
    unrestored: list[Unrestored] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False
    writes: set[object] = field(default_factory=set)
    entry: OpenEntry | None = None
    cleanup: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FinalRequest:
    """A request in the form in which it is sent."""

    method: str
    path: str
    json: JsonValue
    headers: Mapping[str, str]
    timeout_s: float | None
    host: str | None = None
    anonymous: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change data."""
        return changes_data(self.method, self.path, self.json)


def of_own_cookies(context: Context) -> Context:
    """Return the context of one test, with its own cookies if the plan wants that."""
    is_asked = context.plan.e2e is not None and context.plan.e2e.cookies
    return replace(context, probe=context.probe.with_cookies()) if is_asked else context


def lacking(request: Request, captured: Mapping[str, JsonValue], *paths: str | None) -> tuple[str, ...]:
    """Return the names that a request needs and that no step has captured."""
    needed = [*names_in([request.path, request.headers, *paths]), *names_in_body(request)]
    return tuple(dict.fromkeys(name for name in needed if name not in captured))


def final(
    context: Context, request: Request, captured: Mapping[str, JsonValue], path: str | None = None
) -> FinalRequest:
    """Fill every placeholder of a request; `path` replaces its own. Nothing that it needs may be lacking."""
    final_path = filled_path(path or request.path, captured)
    headers = {name: str(filled(value, captured)) for name, value in request.headers.items()}
    return FinalRequest(
        method=request.method,
        path=final_path,
        json=filled_body(request, captured),
        headers={**context.plan.site(request.host).headers, **headers},
        timeout_s=request.timeout,
        host=request.host,
        anonymous=request.auth == "none",
    )


def refused(context: Context, request: FinalRequest) -> str | None:
    """Return why the guard refuses this request, redacted, or None."""
    reason = refusal_of(context, request.method, request.path, request.json, request.headers, request.host)
    return context.redact(reason) if reason else None


def record_write(test_run: TestRun, requests: Iterable[FinalRequest]) -> None:
    """Record in the ledger what these requests may write and what restores it, all in one write to disk."""
    context = test_run.context
    written = [request for request in requests if request.writes]
    if test_run.entry is None or not written:
        return
    needed = {name: None for step in requests_of(test_run.cleanup) for name in lacking(step, {})}
    captured = {name: test_run.captured[name] for name in needed if name in test_run.captured}

    def restore() -> list[str]:
        return [curl(context, step, captured) for step in requests_of(test_run.cleanup)]

    named = [name for one in written for name in entities_of(context, one.method, one.path, one.json)]
    test_run.entry.record_write(named, captured, restore)


def requests_of(steps: Iterable[Step]) -> tuple[Request, ...]:
    """Return the requests of steps, including those of races."""
    return tuple(one for step in steps for one in (step.together.requests if step.together else (step,)))


def send(test_run: TestRun, request: FinalRequest) -> Exchange:
    """Send a request that the guard allows."""
    token = object()
    if request.writes:
        record_write(test_run, (request,))
        test_run.writes.add(token)
    exchange = test_run.context.probe.to(request.host).ask(
        request.method,
        request.path,
        json=request.json,
        headers=request.headers,
        timeout_s=request.timeout_s,
        anonymous=request.anonymous,
    )
    if not may_have_written(exchange):
        test_run.writes.discard(token)
    return exchange


def curl(context: Context, request: Request, captured: Mapping[str, JsonValue]) -> str:
    """Return the command line that sends a request by hand; what was not captured stays as {name}.

    A header with credentials is as in the plan, where the redactor knows it, never a token the service
    issued.
    """
    places: dict[str, JsonValue] = {name: f"{{{name}}}" for name in lacking(request, captured)}
    ready = final(context, request, {**places, **captured})
    site = context.plan.site(request.host)
    parts = ["curl", "-X", ready.method, context.probe.to(request.host).base_url + ready.path]
    own = {name: value for name, value in request.headers.items() if carries_credentials(name)}
    auth = site.auth.headers if site.auth and not ready.anonymous else {}
    for name, value in {**auth, **ready.headers, **own}.items():
        parts += ["-H", f"{name}: {value}"]
    if ready.json is not None:
        parts += [
            "-H",
            "Content-Type: application/json",
            "--data",
            json.dumps(ready.json, ensure_ascii=False),
        ]
    return shlex.join(context.redact(part) for part in parts)
