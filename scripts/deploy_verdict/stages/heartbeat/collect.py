"""The heartbeat: one request to the first health check that reads."""

from deploy_verdict.model import HttpObservation
from deploy_verdict.plan import Check
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.guarded_request import ask_request


def beat(context: Context, check: Check) -> HttpObservation:
    """Send the request once, on a connection of its own. Its offset is the time at which it is sent."""
    offset_s = round(context.pace.offset_s(), 3)
    return HttpObservation(check=check.name, offset_s=offset_s, **dict(ask_request(context, check)))
