"""Bad news before the window's end: what failed for good, and whether anything is left to watch. Pure.

An alarm is a P0 or P1 that no later sample can undo. What later samples may change (growth, stability,
coverage) is listed in the registry and never raises one.
"""

from collections.abc import Sequence

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import deployment_samples, readings_of
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Finding, HttpObservation, Outcome, Severity, Verdict, Whose
from deploy_verdict.stages.deployment.state import NOT_BEGUN, OVER, standing
from deploy_verdict.stages.registry import named

ALARMING = (Severity.P0, Severity.P1)
_THEIRS = (Whose.TARGET, Whose.EDGE)
# Stages that test whether the service is up, and nothing more.
_STATE = ("heartbeat", "health")


def alarming(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the failures that raise an alarm, the worst first."""
    found = [finding for finding in findings if _alarms(finding)]
    return tuple(sorted(found, key=lambda finding: finding.severity or Severity.P1))


def _alarms(finding: Finding) -> bool:
    # Evidence that cannot be read belongs to no stage, and is never a fail.
    if finding.outcome is not Outcome.FAIL or (finding.severity or Severity.P1) not in ALARMING:
        return False
    row = named(finding.stage)
    return row.can_alarm and finding.rule not in row.settled_at_end


def only_alarming(verdict: Verdict) -> Verdict:
    """Return the verdict without the failures that raise no alarm."""
    found = alarming(verdict.findings)
    kept = (item for item in verdict.findings if item.outcome is not Outcome.FAIL)
    return verdict.model_copy(update={"findings": (*found, *kept)})


def nothing_left(bundle: Bundle) -> str | None:
    """Return why nothing is left to watch: the deployment failed, stopped, was removed or replaced."""
    for sample in deployment_samples(bundle):
        stands, offset_s = standing(sample.observation, bundle.subject), sample.observation.offset_s
        if stands.state in OVER or (offset_s == 0 and stands.state in NOT_BEGUN):
            return f"{stands.words} (seen at {shown_offset(offset_s)})"
    return None


def unanswered(bundle: Bundle, verdict: Verdict) -> str | None:
    """Return why the service counts as down since T+0: no health check and no heartbeat was answered so far.

    A single unanswered connect may be the network on the way and raises no alarm; the next sample decides.
    What was not sent for a reason of ours (a write that is held) says nothing either way.
    """
    answers = [
        item
        for stage in _STATE
        for _, item in readings_of(bundle, stage, HttpObservation)
        if item.fault is None or item.fault.whose is not Whose.US
    ]
    down = [item for item in answers if item.fault is not None and item.fault.whose in _THEIRS]
    if not down or len(down) < len(answers) or not alarming(verdict.findings):
        return None
    checks = counted(len({item.check for item in down}), "health check")
    detail = down[-1].fault.detail if down[-1].fault else ""
    return f"the service answered none of its {checks}: {detail} (seen at {shown_offset(down[-1].offset_s)})"


def why_ended(bundle: Bundle, verdict: Verdict) -> str | None:
    """Return why the window ends now and not at its length; None while it continues."""
    over = nothing_left(bundle)
    if over is not None:
        return over
    found = alarming(verdict.findings)
    if found and bundle.plan.escalation.end_on == "critical":
        worst = found[0]
        return (
            f"{worst.severity} {worst.stage}/{worst.check} failed, and the plan ends the window then "
            "(escalation.end_on)"
        )
    return None
