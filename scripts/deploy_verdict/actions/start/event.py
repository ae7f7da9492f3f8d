"""What a GitHub event requests, and whether it opens a window. Pure: payload and inputs are passed in.

A payload is untrusted: only ids, commits and names of a known shape are used. Shapes: docs.github.com,
events-that-trigger-workflows; Railway's deployment events as observed (the label is "<project> /
<environment>", the creator railway-app[bot]); client_payload as relay/payload.py sends it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.units import Duration
from deploy_verdict.model import Record
from deploy_verdict.plan import Plan

Kind = Literal["window", "extension", "tail", "rollback"]
# The environments that `setup-github` creates; a Railway project named verify-… has a slash in its label.
OWN_ENVIRONMENT = re.compile(r"verify-(now|t\d+)|deploy-verdict-rollback")
# "inactive", "queued" and other states say nothing about the result.
LIVE, FAILED = ("success",), ("failure", "error")
DISPATCH_TYPE = "deployment-verify"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


Maybe = BeforeValidator(_empty_is_none)


class Inputs(Record):
    """The inputs of workflow_dispatch and workflow_call; an empty text means not given."""

    plan: Annotated[str | None, Maybe] = None
    target: Annotated[str | None, Maybe] = None
    number: Annotated[int | None, Maybe] = Field(default=None, ge=1)
    commit: Annotated[str | None, Maybe] = Field(default=None, pattern=r"^[0-9a-f]{7,40}$")
    deployment: Annotated[str | None, Maybe] = Field(default=None, pattern=f"^{_ID.pattern}$")
    length: Annotated[Duration | None, Maybe] = None
    mode: Annotated[Literal["auto", "timer", "sleep", "single"] | None, Maybe] = None
    dry_run: bool = False
    continue_run: Annotated[int | None, Maybe] = Field(default=None, ge=1)
    continue_artifact: Annotated[str | None, Maybe] = Field(default=None, pattern=r"^report-a\d{1,6}$")
    plan_ref: Annotated[str | None, Maybe] = None
    kind: Kind = "window"
    label: Annotated[str | None, Maybe] = None


@dataclass(frozen=True, kw_only=True)
class VerificationRequest:
    """What to verify: a commit or a Railway deployment; the newest if both are None.

    `failed`: the platform says that it did not become live. That is reported, and no window opens.
    """

    commit: str | None = None
    deployment: str | None = None
    label: str | None = None
    by_platform: bool = False
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class IgnoredEvent:
    """Why an event opens no window; this is not an error."""

    reason: str


def read_inputs(text: str) -> Inputs:
    """Read inputs from the JSON of the workflow's `inputs` context; raise UsageError naming the wrong one."""
    try:
        value = json.loads(text or "{}") or {}
    except json.JSONDecodeError as error:
        raise UsageError(f"INPUTS is not JSON ({error.msg}) — pass toJSON(inputs)") from error
    if not isinstance(value, dict):
        raise UsageError("INPUTS is not a mapping — pass toJSON(inputs)")
    names = {name.replace("-", "_"): item for name, item in value.items()}
    known = {name: item for name, item in names.items() if name in Inputs.model_fields and item is not None}
    try:
        return Inputs.model_validate_json(json.dumps(_plain(known)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = str(first["loc"][0]).replace("_", "-") if first["loc"] else "the inputs"
        raise UsageError(f"input {where}: {first['msg']} (found {first['input']!r})") from error


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the texts that workflow_dispatch sends into booleans and numbers."""
    words: dict[Any, Any] = {"true": True, "false": False}
    return {
        name: words.get(item, item) if name == "dry_run" and isinstance(item, str) else _number(name, item)
        for name, item in inputs.items()
    }


def _number(name: str, item: Any) -> Any:
    is_number = name in ("number", "continue_run") and isinstance(item, str) and item.strip().isdigit()
    return int(item) if is_number else item


def request_of(
    name: str, payload: Mapping[str, Any], inputs: Inputs, plan: Plan
) -> VerificationRequest | IgnoredEvent:
    """Return what the event requests, or why it is ignored."""
    if name == "deployment_status":
        return _by_deployment(payload, plan)
    if name == "repository_dispatch":
        return _by_dispatch(payload, plan)
    return VerificationRequest(commit=inputs.commit, deployment=inputs.deployment, label=inputs.label)


def _by_deployment(payload: Mapping[str, Any], plan: Plan) -> VerificationRequest | IgnoredEvent:
    status, deployment = _mapping(payload.get("deployment_status")), _mapping(payload.get("deployment"))
    state, label, commit = status.get("state"), deployment.get("environment"), deployment.get("sha")
    creator = _mapping(deployment.get("creator")).get("login")
    if state not in (*LIVE, *FAILED):
        return IgnoredEvent(
            reason=f"the deployment's state is {_shown(state)}; success, failure and error are verified"
        )
    if not isinstance(label, str) or OWN_ENVIRONMENT.fullmatch(label):
        return IgnoredEvent(
            reason=f"the environment {_shown(label)} is one of the verifier's own, or has no name"
        )
    if creator not in plan.github.creators:
        known = ", ".join(plan.github.creators)
        return IgnoredEvent(
            reason=f"the deployment was created by {_shown(creator)}; the plan accepts: {known}"
        )
    wrong = _wrong_label(label, plan)
    if wrong:
        return IgnoredEvent(reason=wrong)
    if not is_full_sha(commit):
        return IgnoredEvent(reason=f"the deployment's commit is not a full SHA ({_shown(commit)})")
    return VerificationRequest(commit=commit, label=label, by_platform=True, failed=state in FAILED)


def _wrong_label(label: str, plan: Plan) -> str | None:
    """Return why a label is not the plan's; all services of a project share "<project> / <environment>"."""
    if plan.github.environment:
        if label != plan.github.environment:
            return f"the environment is {_shown(label)}; the plan watches {plan.github.environment!r}"
        return None
    if plan.railway is None or not plan.railway.environment:
        return "the plan does not say which environment it watches — set github.environment in it"
    found = label.rpartition(" / ")[2]
    if found != plan.railway.environment:
        return f"the environment is {_shown(label)}; the plan watches {plan.railway.environment!r}"
    return None


def _by_dispatch(payload: Mapping[str, Any], plan: Plan) -> VerificationRequest | IgnoredEvent:
    if payload.get("action") != DISPATCH_TYPE:
        return IgnoredEvent(reason=f"the event type is {_shown(payload.get('action'))}, not {DISPATCH_TYPE}")
    hint = _mapping(payload.get("client_payload"))
    deployment, commit = hint.get("deployment"), hint.get("commit")
    if not isinstance(deployment, str) or not _ID.fullmatch(deployment):
        return IgnoredEvent(reason=f"client_payload.deployment is not an id ({_shown(deployment)})")
    section = plan.railway
    for name, wanted in (("service", section.service), ("project", section.project)) if section else ():
        if wanted and isinstance(hint.get(name), str) and hint[name] != wanted:
            return IgnoredEvent(reason=f"the event's {name} is {_shown(hint[name])}, not the plan's")
    names = {hint.get("environment"), hint.get("environment_name")} - {None}
    if section and names and section.environment not in names:
        return IgnoredEvent(reason=f"the environment is {_shown(min(map(str, names)))}, not the plan's")
    full = commit if is_full_sha(commit) else None
    failed = hint.get("state") in ("failed", "crashed")
    return VerificationRequest(commit=full, deployment=deployment, by_platform=True, failed=failed)


def is_full_sha(value: Any) -> bool:
    """Whether a value is forty hexadecimal digits, the only form in which an event may name a commit."""
    return isinstance(value, str) and _COMMIT.fullmatch(value) is not None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _shown(value: Any) -> str:
    """Show an untrusted value, short and on one line."""
    return repr(value)[:80]
