"""Reads Railway's webhook, in both of its shapes. Pure.

The payload is not signed, and its fields sometimes contradict each other, so it is only a hint: its ids are
passed on, and the verifier asks Railway itself.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[\w][\w ./-]{0,63}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")
# A redeployment has an event of its own.
DEPLOYED = ("deploymentdeployed", "deploymentredeployed")
# Failures to report although no window opens; an instance killed for its memory counts as crashed.
FAILED = {
    "deploymentfailed": "failed",
    "deploymentcrashed": "crashed",
    "deploymentoomkilled": "crashed",
}
OLDER_FAILED = {"failed": "failed", "crashed": "crashed"}


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A deployment that went live, failed or crashed (`state`); None if the payload lacks a field."""

    deployment: str
    project: str | None = None
    environment: str | None = None
    environment_name: str | None = None
    service: str | None = None
    service_name: str | None = None
    commit: str | None = None
    state: str | None = None

    @property
    def event(self) -> str:
        """The name that is dispatched once: the deployment, with its state if it failed or crashed."""
        return " ".join(filter(None, (self.deployment, self.state)))

    def client_payload(self) -> dict[str, str]:
        """Return what repository_dispatch carries: at most ten properties, none of them null."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def hint_of(body: Any) -> Hint | None:
    """Return the hint of a deployment that went live or failed; None for other events and unreadable ones."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("resource"), dict):
        return _current(body)
    return _older(body)


def _current(body: dict[str, Any]) -> Hint | None:
    """Read the shape used since 2025-11; its type decides, as details.status has contradicted it."""
    kind = _plain(body.get("type"))
    if kind not in DEPLOYED and kind not in FAILED:
        return None
    resource, details = body["resource"], _dict(body.get("details"))
    return _hint(resource, details.get("commitHash"), FAILED.get(kind))


def _older(body: dict[str, Any]) -> Hint | None:
    status = _plain(body.get("status"))
    if _plain(body.get("type")) != "deploy" or (status != "success" and status not in OLDER_FAILED):
        return None
    meta = _dict(_dict(body.get("deployment")).get("meta"))
    return _hint(body, meta.get("commitHash"), OLDER_FAILED.get(status))


def _hint(parts: dict[str, Any], commit: Any, state: str | None) -> Hint | None:
    deployment = _id(_dict(parts.get("deployment")).get("id"))
    if deployment is None:
        return None
    environment, service = _dict(parts.get("environment")), _dict(parts.get("service"))
    return Hint(
        deployment=deployment,
        project=_id(_dict(parts.get("project")).get("id")),
        environment=_id(environment.get("id")),
        environment_name=_name(environment.get("name")),
        service=_id(service.get("id")),
        service_name=_name(service.get("name")),
        commit=commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else None,
        state=state,
    )


def _plain(value: Any) -> str:
    """Return a word without case, dots, spaces and underscores, as its spelling varies."""
    return re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None
