"""The way to the platform: connected once for each process, and why not where it cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy_verdict.base.clock import Clock
from deploy_verdict.model import Fault, Whose
from deploy_verdict.plan import Plan
from deploy_verdict.railway import RailwayClient, RailwayError, ServiceIds, connected, place
from deploy_verdict.redaction.redactor import Redactor


@dataclass(frozen=True, kw_only=True)
class Link:
    """Either the platform's client and the service's place there, or the fault that says why not."""

    railway: RailwayClient | None = None
    place: ServiceIds | None = None
    fault: Fault | None = None


def linked(plan: Plan, environment: Mapping[str, str], *, clock: Clock, redactor: Redactor) -> Link:
    """Connect as the plan says; raises for nothing that the platform does."""
    section = plan.railway
    if section is None:
        detail = "the plan has no railway section — add one, or leave the stage out with --without"
        return Link(fault=Fault(kind="no-section", whose=Whose.US, detail=detail))
    try:
        railway = connected(environment, clock=clock, redactor=redactor)
        where = place(
            railway, project=section.project, service=section.service, environment=section.environment
        )
    except RailwayError as error:
        return Link(fault=error.fault)
    return Link(railway=railway, place=where)
