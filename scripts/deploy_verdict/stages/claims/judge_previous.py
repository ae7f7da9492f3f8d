"""Does the previous code still serve?

Judged from the HTTP log of the deployment that this one replaced. Pure.

A single response since it should be gone is proof, whatever else looks fine. Its silence counts only if its
log has entries, or if our own requests are in the log of the new deployment.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.evidence.platform.platform_views import deployment_samples, readings_of
from deploy_verdict.expect import fault_text
from deploy_verdict.model import (
    DeploymentObservation,
    Finding,
    Outcome,
    PreviousTrafficObservation,
    Severity,
)
from deploy_verdict.model.window import CUT_TIMES, wall_end
from deploy_verdict.stages.deployment.state import SERVING, short, standing

# A deployment that answered this shortly before the end may still be answering.
STILL = timedelta(minutes=5)
OR_LEAVE_OUT = "or leave it out with traffic.previous: false"
NOT_READ = unknown(
    f"the HTTP log of the deployment before was not read — judge again with it, {OR_LEAVE_OUT}"
)


def judge_previous(bundle: Bundle, others: Sequence[Finding]) -> Iterator[Finding]:
    """Yield one finding if the plan has traffic and the deployment was live.

    A response in any reading stands.
    """
    section = bundle.plan.traffic
    asked = section is not None and section.previous and {"traffic", "deployment"} <= set(bundle.stages)
    samples = deployment_samples(bundle)
    # A deployment that never went live replaced nothing, so the previous one rightly serves.
    if not asked or (samples and not any(_is_live(bundle, sample.observation) for sample in samples)):
        return
    readings = readings_of(bundle, "traffic", PreviousTrafficObservation)
    answered = [item for item in readings if item[1].answered]
    # Of the readings that found responses, the newest has counted most of them.
    kept = NOT_READ
    if readings:
        pointer, reading = answered[-1] if answered else readings[-1]
        kept = _of_reading(bundle, reading, others).at(pointer)
    text = "the deployment before this one answers nobody any more"
    yield kept.as_finding("claims", "previous", "silent", text)


def _is_live(bundle: Bundle, observation: DeploymentObservation) -> bool:
    return standing(observation, bundle.subject).state in SERVING


def _of_reading(bundle: Bundle, reading: PreviousTrafficObservation, others: Sequence[Finding]) -> Ruling:
    name = f"deployment {short(reading.deployment)} of commit {short(reading.commit)}"
    since = f"since {reading.start:%H:%M:%S} UTC"
    if reading.answered:
        count = f"{'at least ' if reading.is_cut else ''}{reading.answered:,}"
        text = f"{name}, which this one replaced, answered {count} requests {since}"
        text += f" ({reading.own_answered:,} of ours)" if reading.own_answered else ""
        text += f", the last at {reading.last_at:%H:%M:%S} UTC" if reading.last_at else ""
        goes_on = reading.last_at is not None and reading.end - reading.last_at <= STILL
        text += "; it may still answer" if goes_on else ""
        return failed(text, Severity.P1, "older code still serves a part of the requests")
    if reading.fault is not None:
        return unknown(f"{fault_text(reading.fault)} — look at its HTTP log by hand, {OR_LEAVE_OUT}")
    if reading.deployment is None:
        return passed("the platform lists no earlier deployment that was live")
    if reading.start >= reading.end:
        late = shown_duration((reading.start - bundle.window.t0).total_seconds())
        return unknown(f"{name} may answer for {late} by the service's settings, longer than this window")
    if reading.end < wall_end(bundle.window) - CUT_TIMES:
        return unknown(f"its HTTP log was read until {reading.end:%H:%M:%S} UTC only")
    if reading.last_at is not None:
        return passed(f"{name} answered nobody {since}; the last request in its log: {_moment(reading)}")
    if _sees_ours(others):
        return passed(f"{name} has an empty HTTP log, and our own requests are in that of the new one")
    return unknown(
        f"{name} has an empty HTTP log, and nothing shows that all requests reach the new one "
        f"(see traffic/log/canary) — {OR_LEAVE_OUT[3:]}"
    )


def _moment(reading: PreviousTrafficObservation) -> str:
    return f"{reading.last_at:%Y-%m-%d %H:%M:%S} UTC"


def _sees_ours(others: Sequence[Finding]) -> bool:
    canary = [item for item in others if (item.stage, item.check, item.rule) == ("traffic", "log", "canary")]
    return bool(canary) and all(item.outcome is Outcome.PASS for item in canary)
