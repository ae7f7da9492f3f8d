"""Whether an event is about the plan's service: a project's services share one label at GitHub."""

from collections.abc import Callable

from deploy_verdict.clock import Clock, Stop
from deploy_verdict.collectors.deployment import settle
from deploy_verdict.lifecycle import short
from deploy_verdict.linking import Link
from deploy_verdict.model import Subject
from deploy_verdict.railway import RailwayError

# Railway lists a deployment well before GitHub hears of its success.
LISTED_WITHIN_S = 60.0


def not_ours(
    link: Link, subject: Subject, *, clock: Clock, stop: Stop, tell: Callable[[str], None]
) -> str | None:
    """Why the event is another service's, by Railway's word; None also where it cannot be asked."""
    if link.railway is None or link.place is None:
        return None
    try:
        found, _ = settle(
            link.railway,
            link.place,
            subject=subject,
            wait_s=0.0 if subject.deployment else LISTED_WITHIN_S,
            clock=clock,
            stop=stop,
            tell=tell,
        )
    except RailwayError as error:
        # A deployment that is named, and that Railway says is another service's.
        return error.fault.detail if error.fault.kind == "not-found" else None
    if found is None:
        return f"Railway has no deployment of commit {short(subject.commit)} for the plan's service"
    if found.status == "SKIPPED":
        reason = found.skipped_reason or "no reason is given"
        return f"Railway skipped commit {short(subject.commit)} for the plan's service ({reason})"
    return None
