"""Questions about deployments: where the service is, which ones there are, what is live, and the way back."""

from dataclasses import dataclass
from typing import Any

from deploy_verdict.model import Deployment, DeploymentStep, Settings
from deploy_verdict.railway.client import Railway
from deploy_verdict.railway.decode import (
    deployment_of,
    items,
    mapping,
    moment,
    nodes,
    number_or_none,
    text,
    text_or_none,
)
from deploy_verdict.railway.errors import our_error, provider_error

_PAGE = 50
_MOST_PAGES = 20


@dataclass(frozen=True, kw_only=True)
class Place:
    """A service in an environment of a project, by their ids."""

    project_id: str
    environment_id: str
    service_id: str


@dataclass(frozen=True, kw_only=True)
class ServiceNow:
    """The service as it is: its settings, what is active, and the newest deployment."""

    settings: Settings
    active: tuple[Deployment, ...]
    latest: Deployment | None


def place(railway: Railway, *, project: str, service: str, environment: str) -> Place:
    """The ids of a plan's service; a project token knows its own project and environment."""
    if not service:
        detail = (
            "the plan names no service — set RAILWAY_SERVICE_ID (from the service's address on the dashboard)"
        )
        raise our_error("no-service", detail)
    if railway.token.kind == "project":
        project_id, environment_id = _of_token(railway, project, environment)
    else:
        project_id, environment_id = project, _environment_id(railway, project, environment)
    return Place(project_id=project_id, environment_id=environment_id, service_id=service)


def _of_token(railway: Railway, project: str, environment: str) -> tuple[str, str]:
    token = mapping(railway.read("project_token", {}).get("projectToken"), "projectToken")
    project_id = text(token.get("projectId"), "projectToken.projectId")
    environment_id = text(token.get("environmentId"), "projectToken.environmentId")
    name = text_or_none(mapping(token.get("environment"), "projectToken.environment").get("name"))
    if project and project != project_id:
        raise our_error("no-project", f"{railway.token.variable} is of another project than the plan's")
    if environment.casefold() not in (environment_id.casefold(), (name or "").casefold()):
        told = f"{railway.token.variable} opens the environment {name or environment_id!r} only"
        raise our_error("no-environment", f"{told}, and the plan's is {environment!r}")
    return project_id, environment_id


def _environment_id(railway: Railway, project: str, environment: str) -> str:
    if not project:
        raise our_error("no-project", "the plan names no project — set RAILWAY_PROJECT_ID")
    names: list[str] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        answer = railway.read("environments", {"projectId": project, "after": cursor})
        found, cursor = nodes(answer.get("environments"), "environments")
        for node in found:
            name, identity = node.get("name"), text(node.get("id"), "environments.id")
            if environment.casefold() in (identity.casefold(), str(name).casefold()):
                return identity
            names.append(str(name)[:60])
        if cursor is None:
            known = ", ".join(names[:10]) or "none"
            told = f"the project has no environment {environment!r} — it has: {known}"
            raise our_error("no-environment", told)
    raise provider_error("protocol", f"Railway lists more than {_MOST_PAGES} pages of environments")


def deployments(railway: Railway, where: Place, *, most: int = 50) -> tuple[tuple[Deployment, ...], bool]:
    """The newest first, by createdAt, as the API's own order is not documented; and whether these are all."""
    found: list[Deployment] = []
    cursor: str | None = None
    while True:
        first = min(_PAGE, most - len(found))
        answer = railway.read("deployments", {**_ids(where), "first": first, "after": cursor})
        page, cursor = nodes(answer.get("deployments"), "deployments")
        found += [deployment_of(node, "deployments") for node in page]
        if cursor is None or not page or len(found) >= most:
            break
    dated = sorted(
        found, key=lambda item: item.created_at.timestamp() if item.created_at else 0.0, reverse=True
    )
    return tuple({item.id: item for item in dated}.values()), cursor is None


def deployment(railway: Railway, identity: str) -> Deployment:
    """One deployment by its id."""
    return deployment_of(railway.read("deployment", {"id": identity}).get("deployment"), "deployment")


def service_now(railway: Railway, where: Place) -> ServiceNow:
    """What the service is set to, and what of it is active."""
    variables = {"environmentId": where.environment_id, "serviceId": where.service_id}
    found = mapping(railway.read("service", variables).get("serviceInstance"), "serviceInstance")
    latest = found.get("latestDeployment")
    active = items(found.get("activeDeployments"), "activeDeployments")
    return ServiceNow(
        settings=_settings(found),
        active=tuple(deployment_of(item, "activeDeployments") for item in active),
        latest=None if latest is None else deployment_of(latest, "latestDeployment"),
    )


def _settings(found: dict[str, Any]) -> Settings:
    source = found.get("source") if isinstance(found.get("source"), dict) else {}
    domains = found.get("domains") if isinstance(found.get("domains"), dict) else {}
    names = [
        item.get("domain")
        for kind in ("customDomains", "serviceDomains")
        for item in ((domains or {}).get(kind) or ())
        if isinstance(item, dict)
    ]
    replicas, sleeps = found.get("numReplicas"), found.get("sleepApplication")
    return Settings(
        service_name=text_or_none(found.get("serviceName")),
        healthcheck_path=text_or_none(found.get("healthcheckPath")),
        healthcheck_timeout_s=number_or_none(found.get("healthcheckTimeout")),
        overlap_s=number_or_none(found.get("overlapSeconds")),
        draining_s=number_or_none(found.get("drainingSeconds")),
        sleeps=sleeps if isinstance(sleeps, bool) else None,
        replicas=replicas if isinstance(replicas, int) and not isinstance(replicas, bool) else None,
        domains=tuple(name for name in names if isinstance(name, str)),
        repo=text_or_none((source or {}).get("repo")),
        image=text_or_none((source or {}).get("image")),
    )


def steps(railway: Railway, deployment_id: str) -> tuple[DeploymentStep, ...]:
    """The steps of building and deploying, as they began."""
    found, _ = nodes(railway.read("steps", {"id": deployment_id}).get("deploymentEvents"), "deploymentEvents")
    return tuple(_step(node) for node in found)


def _step(node: dict[str, Any]) -> DeploymentStep:
    payload = node.get("payload") if isinstance(node.get("payload"), dict) else {}
    told = payload or {}
    attempt, most = number_or_none(told.get("attempt")), number_or_none(told.get("maxAttempts"))
    return DeploymentStep(
        step=text(node.get("step"), "deploymentEvents.step"),
        created_at=moment(node.get("createdAt")),
        completed_at=moment(node.get("completedAt")),
        attempt=None if attempt is None else int(attempt),
        max_attempts=None if most is None else int(most),
        error=text_or_none(told.get("error")),
        reason=text_or_none(told.get("reason")),
        detail=text_or_none(told.get("detail")),
    )


def roll_back(railway: Railway, deployment_id: str) -> None:
    """Roll back to a deployment; it returns Boolean, and only true, without errors, is a yes."""
    answer = railway.change("rollback", {"id": deployment_id})
    if answer.get("deploymentRollback") is not True:
        told = answer.get("deploymentRollback")
        raise provider_error(
            "refused-query", f"Railway answered the rollback with {told!r}, not true", uncertain=True
        )


def _ids(where: Place) -> dict[str, str]:
    return {
        "projectId": where.project_id,
        "environmentId": where.environment_id,
        "serviceId": where.service_id,
    }
