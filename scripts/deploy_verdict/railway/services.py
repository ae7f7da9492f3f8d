"""Queries about the project's other services: which there are, and which deployments ran when."""

from dataclasses import replace
from datetime import datetime

from deploy_verdict.model import Deployment
from deploy_verdict.railway.answers import AnswerPart, NodePage, Text, object_of
from deploy_verdict.railway.client import RailwayClient
from deploy_verdict.railway.deployments import ServiceIds, deployments
from deploy_verdict.railway.errors import our_error, provider_error

_MOST_PAGES = 20
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
