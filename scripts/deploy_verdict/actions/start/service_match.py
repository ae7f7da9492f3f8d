"""Decides whether an event is about the plan's service: a project's services share one label on GitHub."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy_verdict.base.clock import Clock, Stop
from deploy_verdict.model import Deployment, Subject
from deploy_verdict.railway import RailwayError
from deploy_verdict.railway.connection import RailwayConnection
from deploy_verdict.stages.deployment.collect import wait_for_deployment
from deploy_verdict.stages.deployment.state import short

# Railway lists a deployment well before GitHub hears of its success.
LISTED_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class ServiceMatch:
    """What Railway knows: the deployment, and why it is not the plan's; neither without an answer."""

    deployment: Deployment | None = None
    not_ours: str | None = None


def match_service(
    railway: RailwayConnection, subject: Subject, *, clock: Clock, stop: Stop, tell: Callable[[str], None]
) -> ServiceMatch:
    """Ask Railway whose deployment it is, and wait briefly, as a commit just pushed may be listed late."""
    if railway.client is None or railway.place is None:
        return ServiceMatch()
    try:
        found, _ = wait_for_deployment(
            railway.client,
            railway.place,
            subject=subject,
            wait_s=LISTED_WITHIN_S if subject.commit and not subject.deployment else 0.0,
            clock=clock,
            stop=stop,
            tell=tell,
        )
    except RailwayError as error:
        # The event names a deployment of another service.
        return ServiceMatch(not_ours=error.fault.detail if error.fault.kind == "not-found" else None)
    if found is None:
        reason = f"Railway has no deployment of commit {short(subject.commit)} for the plan's service"
        return ServiceMatch(not_ours=reason)
    if found.status == "SKIPPED":
        why = found.skipped_reason or "no reason given"
        reason = f"Railway skipped commit {short(found.commit)} for the plan's service ({why})"
        return ServiceMatch(deployment=found, not_ours=reason)
    return ServiceMatch(deployment=found)
