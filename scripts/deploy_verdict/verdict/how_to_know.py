"""What to do about a finding that is inconclusive, so that the next window can tell. Pure."""

import re

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Coverage, Finding
from deploy_verdict.plan.references import PRE_CHECK, SUITE
from deploy_verdict.stages.registry import by_hand

_MISSED = re.compile(r"missed|not taken|no evidence|not checked")
_LACKING = re.compile(r"the answer has (no .+?)(?: \(\d+×\)|$)")


def how_to_know(bundle: Bundle, coverage: Coverage, finding: Finding) -> str:
    """What to do so that the next window can tell."""
    stage, rule = finding.stage, finding.rule
    if stage == "evidence":
        return f"Find out why {finding.check} is not evidence of this run: {finding.actual}"
    if rule == "coverage" or stage == "pools":
        return _about_samples(bundle, coverage, finding)
    if by_hand(stage):
        return _about_platform(finding)
    if stage in ("test_data", "exposure"):
        what = (
            "Restore the test data"
            if stage == "test_data"
            else f"Run {finding.check} more often, or watch longer"
        )
        return f"{what}: {finding.actual}"
    if stage == "logs":
        return _about_log(finding)
    if stage == "e2e" and finding.check in (PRE_CHECK, SUITE):
        return "Run the E2E suite again"
    if stage == "e2e":
        return f"Run the E2E test {finding.check} again: {finding.actual}"
    return f"Check {finding.check} again: {finding.actual}"


def _about_log(finding: Finding) -> str:
    if finding.rule in ("readable", "errors"):
        return "Make the backend log readable (its source, our access), then review it and judge again"
    return f"Search the window's log by hand for {finding.check}"


def _about_platform(finding: Finding) -> str:
    if finding.rule == "deployed":
        return f"Verify by hand that {finding.check} is deployed: {finding.actual}"
    return by_hand(finding.stage)


def _about_samples(bundle: Bundle, coverage: Coverage, finding: Finding) -> str:
    if finding.rule == "gauge":
        return f"Check by hand that the gauge of {finding.check} is live: {finding.actual}"
    missed = sum(slot.state != "taken" for slot in coverage.slots)
    longer = bundle.plan.escalation.extend_to
    extend = f"Extend the window to {shown_duration(longer)}" if longer else "Extend the window"
    if missed and (finding.rule == "coverage" or _MISSED.search(finding.actual)):
        return f"{extend}, or run it again: {counted(missed, 'sample')} not taken as scheduled"
    lacking = _LACKING.search(finding.actual)
    if lacking:
        return f"Correct the plan or the service: the answer of {finding.check} has {lacking[1]}"
    return f"{extend}, and read by hand what could not be read: {finding.actual}"
