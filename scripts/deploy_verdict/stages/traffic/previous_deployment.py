"""What the previous deployment still answers: a removed container may keep taking traffic for hours.

Only its own HTTP log shows that. No opinions.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Fault,
    LogLine,
    PreviousTrafficObservation,
    Whose,
)
from deploy_verdict.railway import HttpEntry, RailwayClient, RailwayError, http_log
from deploy_verdict.railway.paging import PAGE
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.deployment.state import SERVING, before, deployment_readings, standing
from deploy_verdict.stages.traffic.edge_entries import has_upstream_error, is_fallback, is_ours

MOST_EXAMPLES = 5


def read_previous(context: Context, end: datetime) -> tuple[PreviousTrafficObservation, ...]:
    """Read the previous deployment's log.

    Returns nothing if the plan does not want that, nothing was replaced, or it is too early to tell. It takes
    one request if that deployment is silent (for its newest entry), and two if it is not.
    """
    section, platform = context.plan.traffic, context.platform
    if section is None or not section.previous or platform is None or platform.railway is None:
        return ()
    readings = deployment_readings(context.evidence())
    if readings and not any(standing(item, platform.subject).state in SERVING for item in readings):
        return ()
    reading = next((item for item in readings if item.deployment is not None), None)
    start = _gone_from(context, reading)
    is_interim = context.since is not None
    # The job of a sample has no evidence of the others, and the window's end is still to come.
    if is_interim and (reading is None or not reading.recent or start >= end):
        return ()
    earlier = before(reading.deployment, reading.recent) if reading and reading.deployment else None
    if earlier is None:
        known = reading is not None and reading.recent_whole
        fault = None if known else _unknown(reading)
        return (PreviousTrafficObservation(start=start, end=max(start, end), fault=fault),)
    return (_read(context, platform.railway, earlier, start, end),)


def _gone_from(context: Context, reading: DeploymentObservation | None) -> datetime:
    """Return from when it should answer nobody: after fresh_within, or what the service's settings grant."""
    settings = reading.settings if reading else None
    granted_s = (settings.overlap_s or 0.0) + (settings.draining_s or 0.0) if settings else 0.0
    fresh_s = context.plan.fresh_within_s / context.pace.speed
    return context.pace.t0 + timedelta(seconds=max(fresh_s, granted_s))


def _read(
    context: Context, railway: RailwayClient, earlier: Deployment, start: datetime, end: datetime
) -> PreviousTrafficObservation:
    observation = PreviousTrafficObservation(
        deployment=earlier.id, commit=earlier.commit, start=start, end=max(start, end)
    )
    try:
        newest = http_log(railway, earlier.id, start=None, end=end, limit=1)
        last_at = newest[-1].at if newest else None
        observation = observation.model_copy(update={"last_at": last_at})
        if newest and (last_at is None or last_at >= start):
            entries = http_log(railway, earlier.id, start=start, end=end, limit=PAGE)
            counted = _counted(context, entries, start)
            observation = observation.model_copy(update={**counted, "is_cut": len(entries) >= PAGE})
            context.tell(f"the deployment before: {observation.answered} answers since {start:%H:%M:%SZ}")
    except RailwayError as error:
        return observation.model_copy(update={"fault": error.fault})
    return observation


def _counted(context: Context, entries: Iterable[HttpEntry], start: datetime) -> dict[str, object]:
    """Count its own responses.

    Those of the edge, or to requests from before, do not show where requests go.
    """
    answered = [entry for entry in entries if _is_answer(entry, start)]
    examples = (
        LogLine(
            at=entry.at,
            text=context.redact(f"{entry.method[:10]} {entry.path[:200]} {entry.status} {entry.total_ms} ms"),
        )
        for entry in answered[-MOST_EXAMPLES:]
    )
    own = sum(is_ours(entry) for entry in answered)
    return {"answered": len(answered), "own_answered": own, "examples": tuple(examples)}


def _is_answer(entry: HttpEntry, start: datetime) -> bool:
    if entry.at is None or entry.at - timedelta(milliseconds=max(0, entry.total_ms)) < start:
        return False
    return not (is_fallback(entry) or has_upstream_error(entry))


def _unknown(reading: DeploymentObservation | None) -> Fault:
    reason = "no sample of the deployment lists earlier ones"
    if reading is not None and reading.recent:
        reason = f"none of the {len(reading.recent)} newest was live"
    detail = f"the deployment before this one is not known: {reason}"
    return Fault(kind="no-deployment", whose=Whose.PROVIDER, detail=detail)
