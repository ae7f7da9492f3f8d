"""The connection to Railway, made once for each process, or the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy_verdict.base.clock import Clock
from deploy_verdict.model import Fault, Whose
from deploy_verdict.plan import Plan
from deploy_verdict.railway import RailwayClient, RailwayError, ServiceIds, client_from, place
from deploy_verdict.railway.allowance import HOURLY
from deploy_verdict.redaction.redactor import Redactor


@dataclass(frozen=True, kw_only=True)
class RailwayConnection:
    """A client and the service's ids, or the fault that prevents them."""

    client: RailwayClient | None = None
    place: ServiceIds | None = None
    fault: Fault | None = None


def connect_to_service(
    plan: Plan, environment: Mapping[str, str], *, clock: Clock, redactor: Redactor
) -> RailwayConnection:
    """Connect as the plan says; a refusal becomes the connection's fault and is never raised."""
    section = plan.railway
    if section is None:
        detail = "the plan has no railway section — add one, or leave the stage out with --without"
        return RailwayConnection(fault=Fault(kind="no-section", whose=Whose.US, detail=detail))
    try:
        hourly = HOURLY.get(section.tier or "")
        client = client_from(environment, clock=clock, redactor=redactor, hourly=hourly)
        where = place(
            client, project=section.project, service=section.service, environment=section.environment
        )
    except RailwayError as error:
        return RailwayConnection(fault=error.fault)
    return RailwayConnection(client=client, place=where)
