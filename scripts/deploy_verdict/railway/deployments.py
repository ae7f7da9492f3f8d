"""Queries about deployments: the service's ids, the list, the active ones, the steps; and the rollback.

Also about the project's other services, and what makes Railway deploy a service: a branch, and whether it
waits for the commit's checks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic.aliases import AliasPath
from pydantic_core import PydanticCustomError

from deploy_verdict.model import Deployment, DeploymentStep, NeighbourService, Settings
from deploy_verdict.railway.answers import (
    AnswerPart,
    Count,
    Flag,
    Items,
    Moment,
    NodePage,
    Number,
    Text,
    object_of,
)
from deploy_verdict.railway.client import RailwayClient
from deploy_verdict.railway.errors import our_error, provider_error

_PAGE, _LONG_PAGE = 50, 500
_MOST_LISTED_PAGES = 10
_MOST_PAGES = 20
# Records of what deployed nothing. CANCELLED is in no schema, but was observed.
NOT_DEPLOYED = ("SKIPPED", "CANCELLED")


@dataclass(frozen=True, kw_only=True)
class ServiceIds:
    """A service in an environment of a project, by their ids."""

    project_id: str
    environment_id: str
    service_id: str

    @property
    def ids(self) -> dict[str, str]:
        """The ids as a query's variables."""
        return {
            "projectId": self.project_id,
            "environmentId": self.environment_id,
            "serviceId": self.service_id,
        }

    @property
    def of_service(self) -> dict[str, str]:
        """The ids for queries about the service in its environment."""
        return {"environmentId": self.environment_id, "serviceId": self.service_id}


class _Instance(AnswerPart):
    id: str
    status: str


def _of(field: str, key: str) -> Any:
    """Read a key of an untyped JSON object; None if there is no object."""
    return Field(default=None, validation_alias=AliasPath(field, key))


def _not_null(problem: str) -> AfterValidator:
    """Allow a missing field, which Railway may no longer know, but not null."""

    def checked(value: Any) -> Any:
        if value is None:
            raise PydanticCustomError(problem, "null")
        return value

    return AfterValidator(checked)


class _Deployment(AnswerPart):
    id: str
    status: str
    created_at: Moment = None
    creator: Text = _of("creator", "name")
    commit: Text = _of("meta", "commitHash")
    commit_message: Text = _of("meta", "commitMessage")
    commit_author: Text = _of("meta", "commitAuthor")
    branch: Text = _of("meta", "branch")
    repo: Text = _of("meta", "repo")
    image: Text = _of("meta", "image")
    skipped_reason: Text = _of("meta", "skippedReason")
    stopped: Annotated[bool | None, _not_null("bool_type")] = Field(
        default=None, validation_alias="deploymentStopped"
    )
    can_rollback: Annotated[bool | None, _not_null("bool_type")] = None
    instances: Annotated[Items[_Instance] | None, _not_null("tuple_type")] = None
    environment_id: Text = None
    service_id: Text = None

    def as_record(self) -> Deployment:
        return Deployment(**self.model_dump())


class _Active(AnswerPart):
    active_deployments: Items[_Deployment]


class _Settings(AnswerPart):
    service_name: Text = None
    healthcheck_path: Text = None
    healthcheck_timeout_s: Number = Field(default=None, validation_alias="healthcheckTimeout")
    overlap_s: Number = Field(default=None, validation_alias="overlapSeconds")
    draining_s: Number = Field(default=None, validation_alias="drainingSeconds")
    sleeps: Flag = Field(default=None, validation_alias="sleepApplication")
    replicas: Count = Field(default=None, validation_alias="numReplicas")

    def as_record(self) -> Settings:
        return Settings(**self.model_dump())


class _NamedInstance(AnswerPart):
    service_id: str
    service_name: Text = None
    latest_deployment: _Deployment | None = None
    active_deployments: Items[_Deployment]


class _Environmental(AnswerPart):
    service_instances: NodePage[_NamedInstance]


class _Step(AnswerPart):
    step: str
    created_at: Moment = None
    completed_at: Moment = None
    attempt: Count = _of("payload", "attempt")
    max_attempts: Count = _of("payload", "maxAttempts")
    error: Text = _of("payload", "error")
    reason: Text = _of("payload", "reason")
    detail: Text = _of("payload", "detail")


class _TokenEnvironment(AnswerPart):
    name: Text = None


class _ProjectToken(AnswerPart):
    project_id: str
    environment_id: str
    environment: _TokenEnvironment | None = None


class _Environment(AnswerPart):
    id: str
    name: Text = None


def place(railway: RailwayClient, *, project: str, service: str, environment: str) -> ServiceIds:
    """Return the ids of a plan's service; a project token implies its project and environment."""
    if not service:
        detail = (
            "the plan names no service — set RAILWAY_SERVICE_ID (from the service's URL on the dashboard)"
        )
        raise our_error("no-service", detail)
    if railway.token.kind == "project":
        project_id, environment_id = _of_token(railway, project, environment)
    else:
        project_id, environment_id = project, _environment_id(railway, project, environment)
    return ServiceIds(project_id=project_id, environment_id=environment_id, service_id=service)


def _of_token(railway: RailwayClient, project: str, environment: str) -> tuple[str, str]:
    token = object_of(_ProjectToken, railway.read("project_token", {}), "projectToken")
    name = token.environment.name if token.environment else None
    if project and project != token.project_id:
        raise our_error("no-project", f"{railway.token.variable} belongs to another project than the plan's")
    if name is None and environment.casefold() != token.environment_id.casefold():
        # Railway no longer returns the name with the token, so look it up in the project's list.
        name = (
            environment
            if _environment_id(railway, token.project_id, environment) == token.environment_id
            else None
        )
    if environment.casefold() not in (token.environment_id.casefold(), (name or "").casefold()):
        only = f"{railway.token.variable} works for the environment {name or token.environment_id!r} only"
        raise our_error("no-environment", f"{only}, and the plan's is {environment!r}")
    return token.project_id, token.environment_id


def _environment_id(railway: RailwayClient, project: str, environment: str) -> str:
    if not project:
        raise our_error("no-project", "the plan names no project — set RAILWAY_PROJECT_ID")
    names: list[str] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        data = railway.read("environments", {"projectId": project, "after": cursor})
        page = object_of(NodePage[_Environment], data, "environments")
        for node in page.nodes:
            if environment.casefold() in (node.id.casefold(), str(node.name).casefold()):
                return node.id
            names.append(str(node.name)[:60])
        cursor = page.next_cursor
        if cursor is None:
            known = ", ".join(names[:10]) or "none"
            detail = f"the project has no environment {environment!r} — it has: {known}"
            raise our_error("no-environment", detail)
    raise provider_error("protocol", f"Railway lists more than {_MOST_PAGES} pages of environments")


def deployments(
    railway: RailwayClient,
    where: ServiceIds,
    *,
    most: int = 50,
    is_enough: Callable[[Sequence[Deployment]], bool] = lambda found: True,
) -> tuple[tuple[Deployment, ...], bool]:
    """Return the deployments, newest first, and whether these are all.

    Sorted by createdAt, as the API's own order is undocumented, and without those that deployed nothing,
    which are most of a monorepo's list. At least the newest `most`, and more pages until `is_enough`.
    """
    return _listed(railway, where, "deployments", lambda found: len(found) >= most and is_enough(found))


def skipped(
    railway: RailwayClient, where: ServiceIds, *, most: int, is_enough: Callable[[Sequence[Deployment]], bool]
) -> tuple[Deployment, ...]:
    """Return the skipped deployments, newest first: at least `most`, unless fewer are enough."""
    found, _ = _listed(railway, where, "skipped", lambda found: len(found) >= most or is_enough(found))
    return found


def _listed(
    railway: RailwayClient,
    where: ServiceIds,
    document: str,
    is_enough: Callable[[Sequence[Deployment]], bool],
) -> tuple[tuple[Deployment, ...], bool]:
    """Read pages until they are enough; the first page is short, as it usually suffices."""
    found: dict[str, Deployment] = {}
    cursor: str | None = None
    only_skipped = document == "skipped"
    for number in range(_MOST_LISTED_PAGES):
        first = _LONG_PAGE if number else _PAGE
        data = railway.read(document, {**where.ids, "first": first, "after": cursor})
        page = object_of(NodePage[_Deployment], data, "deployments")
        # Filter again, as Railway may have refused the filter and the document was sent without it.
        wanted = [node.as_record() for node in page.nodes if (node.status in NOT_DEPLOYED) is only_skipped]
        found |= {item.id: item for item in wanted}
        cursor = page.next_cursor
        if cursor is None or not page.edges or is_enough(tuple(found.values())):
            break
    dated = sorted(
        found.values(), key=lambda item: item.created_at.timestamp() if item.created_at else 0.0, reverse=True
    )
    return tuple(dated), cursor is None


def deployment(railway: RailwayClient, identity: str) -> Deployment:
    """Return one deployment by its id."""
    return object_of(_Deployment, railway.read("deployment", {"id": identity}), "deployment").as_record()


def active_deployments(railway: RailwayClient, where: ServiceIds) -> tuple[Deployment, ...]:
    """Return the deployments that serve now, by the platform's own list."""
    found = object_of(_Active, railway.read("active", where.of_service), "serviceInstance")
    return tuple(node.as_record() for node in found.active_deployments)


def service_settings(railway: RailwayClient, where: ServiceIds) -> Settings:
    """Return the service's settings."""
    return object_of(_Settings, railway.read("settings", where.of_service), "serviceInstance").as_record()


def services_now(railway: RailwayClient, where: ServiceIds) -> tuple[NeighbourService, ...]:
    """Return all services of the environment with their deployments."""
    found: list[NeighbourService] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        variables = {"environmentId": where.environment_id, "projectId": where.project_id, "after": cursor}
        page = object_of(_Environmental, railway.read("services", variables), "environment").service_instances
        found += [
            NeighbourService(
                id=node.service_id,
                name=node.service_name,
                latest=node.latest_deployment.as_record() if node.latest_deployment else None,
                active=tuple(item.as_record() for item in node.active_deployments),
            )
            for node in page.nodes
        ]
        cursor = page.next_cursor
        if cursor is None:
            return tuple(found)
    raise provider_error("protocol", f"Railway lists more than {_MOST_PAGES} pages of services")


def steps(railway: RailwayClient, deployment_id: str) -> tuple[DeploymentStep, ...]:
    """Return the steps of building and deploying, in the order of their start."""
    found = object_of(NodePage[_Step], railway.read("steps", {"id": deployment_id}), "deploymentEvents")
    return tuple(DeploymentStep(**node.model_dump()) for node in found.nodes)


def roll_back(railway: RailwayClient, deployment_id: str) -> None:
    """Roll back to a deployment; raise RailwayError for any answer but true, even without errors."""
    answer = railway.change("rollback", {"id": deployment_id}).get("deploymentRollback")
    if answer is not True:
        detail = f"Railway answered the rollback with {answer!r}, not true"
        raise provider_error("refused-query", detail, uncertain=True)


_MOST_DEPLOYMENTS = 100
# These were never started and have no log of their own.
_NEVER_RAN = ("QUEUED", "INITIALIZING", "WAITING", "BUILDING", "NEEDS_APPROVAL", "FAILED", "SKIPPED")


class _Service(AnswerPart):
    id: str
    name: Text = None


class _Project(AnswerPart):
    services: NodePage[_Service]


def other_service(railway: RailwayClient, where: ServiceIds, service: str) -> ServiceIds:
    """Return the ids of another service in the same environment, by its name (in any case) or id."""
    names: list[str] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        data = railway.read("project_services", {"projectId": where.project_id, "after": cursor})
        page = object_of(_Project, data, "project").services
        for node in page.nodes:
            if service.casefold() in (node.id.casefold(), str(node.name).casefold()):
                return replace(where, service_id=node.id)
            names.append(str(node.name)[:60])
        cursor = page.next_cursor
        if cursor is None:
            known = ", ".join(names[:10]) or "none"
            raise our_error("no-service", f"the project has no service {service!r} — it has: {known}")
    raise provider_error("protocol", f"Railway lists more than {_MOST_PAGES} pages of services")


def deployments_since(railway: RailwayClient, where: ServiceIds, start: datetime) -> tuple[Deployment, ...]:
    """Return the deployments that may have logged since `start`: the one running then, and later ones."""
    found, _ = deployments(railway, where, most=_MOST_DEPLOYMENTS)
    wanted: list[Deployment] = []
    for item in found:
        if item.status in _NEVER_RAN:
            continue
        wanted.append(item)
        if item.created_at is not None and item.created_at <= start:
            break
    return tuple(reversed(wanted))


class AutodeployTrigger(AnswerPart):
    """A branch whose pushes are deployed; with `check_suites`, Wait for CI is on."""

    branch: Text = None
    check_suites: Flag = None


def triggers(railway: RailwayClient, where: ServiceIds) -> tuple[AutodeployTrigger, ...]:
    """Return the service's triggers; none if it is deployed by `railway up` or from an image."""
    return object_of(
        NodePage[AutodeployTrigger], railway.read("triggers", where.ids), "deploymentTriggers"
    ).nodes
