"""Whether an event is about the plan's service: a project's services share one label at GitHub."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy_verdict.base.clock import Clock, Stop
from deploy_verdict.model import Deployment, Subject
from deploy_verdict.railway import RailwayError
from deploy_verdict.railway.connection import Link
from deploy_verdict.stages.deployment.collect import wait_for_deployment
from deploy_verdict.stages.deployment.state import short

# Railway lists a deployment well before GitHub hears of its success.
LISTED_WITHIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Owned:
    """Railway's word: the deployment that is meant, or why it is not the plan's; none where it is silent."""

    deployment: Deployment | None = None
    not_ours: str | None = None


def owned(link: Link, subject: Subject, *, clock: Clock, stop: Stop, tell: Callable[[str], None]) -> Owned:
    """Ask Railway whose deployment it is; a commit that was just pushed may take a moment to be listed."""
    if link.railway is None or link.place is None:
        return Owned()
    try:
        found, _ = wait_for_deployment(
            link.railway,
            link.place,
            subject=subject,
            wait_s=LISTED_WITHIN_S if subject.commit and not subject.deployment else 0.0,
            clock=clock,
            stop=stop,
            tell=tell,
        )
    except RailwayError as error:
        # A deployment that is named, and that Railway says is another service's.
        return Owned(not_ours=error.fault.detail if error.fault.kind == "not-found" else None)
    if found is None:
        told = f"Railway has no deployment of commit {short(subject.commit)} for the plan's service"
        return Owned(not_ours=told)
    if found.status == "SKIPPED":
        reason = found.skipped_reason or "no reason is given"
        told = f"Railway skipped commit {short(found.commit)} for the plan's service ({reason})"
        return Owned(deployment=found, not_ours=told)
    return Owned(deployment=found)
