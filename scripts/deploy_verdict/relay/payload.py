"""What Railway's webhook says, in both of its shapes. Pure.

The payload is not signed, and its fields contradict each other at times, so it is only a hint: its ids are
passed on, and the verifier asks Railway itself.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[\w][\w ./-]{0,63}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")
DEPLOYED = "deploymentdeployed"


@dataclass(frozen=True, kw_only=True)
class Hint:
    """A deployment that went live, by its ids; None where the payload does not say."""

    deployment: str
    project: str | None = None
    environment: str | None = None
    environment_name: str | None = None
    service: str | None = None
    service_name: str | None = None
    commit: str | None = None

    def client_payload(self) -> dict[str, str]:
        """What repository_dispatch carries: at most ten properties, none of them null."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def hint_of(body: Any) -> Hint | None:
    """The hint of a successful deployment; None for every other event, and for what cannot be read."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("resource"), dict):
        return _current(body)
    return _older(body)


def _current(body: dict[str, Any]) -> Hint | None:
    """The shape since 2025-11: the type decides, as details.status has contradicted it."""
    if _plain(body.get("type")) != DEPLOYED:
        return None
    resource, details = body["resource"], _dict(body.get("details"))
    return _hint(resource, details.get("commitHash"))


def _older(body: dict[str, Any]) -> Hint | None:
    if _plain(body.get("type")) != "deploy" or _plain(body.get("status")) != "success":
        return None
    meta = _dict(_dict(body.get("deployment")).get("meta"))
    return _hint(body, meta.get("commitHash"))


def _hint(parts: dict[str, Any], commit: Any) -> Hint | None:
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
    )


def _plain(value: Any) -> str:
    """A word without case, dots, spaces and underscores: the spelling varies."""
    return re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None
