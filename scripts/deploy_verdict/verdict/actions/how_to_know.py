"""What to do about an inconclusive finding, so that the next window can tell. Pure."""

from collections import Counter

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Coverage, Finding
from deploy_verdict.plan.checks.references import PRE_CHECK, SUITE
from deploy_verdict.stages.registry import by_hand


def how_to_know(bundle: Bundle, coverage: Coverage, finding: Finding) -> str:
    """Return the remedy that the finding's judge gives, else the one that its stage has in common."""
    stage, rule = finding.stage, finding.rule
    if stage == "evidence":
        return f"Find out why {finding.check} is not evidence of this run: {finding.actual}"
    if rule == "coverage":
        return _about_samples(coverage, finding)
    if by_hand(stage):
        return _about_platform(finding)
    if finding.remedy is not None:
        return finding.remedy
    if stage == "pools":
        return _about_samples(coverage, finding)
    if stage == "logs":
        return f"Search the window's log by hand for {finding.check}"
    if stage == "e2e" and finding.check in (PRE_CHECK, SUITE):
        return "Run the E2E suite again"
    return f"{_again(finding)}: {finding.actual}"


def _again(finding: Finding) -> str:
    if finding.stage == "test_data":
        return "Restore the test data"
    if finding.stage == "exposure":
        return f"Run {finding.check} more often, or watch longer"
    return (
        f"Run the E2E test {finding.check} again"
        if finding.stage == "e2e"
        else f"Check {finding.check} again"
    )


def _about_platform(finding: Finding) -> str:
    if finding.rule == "deployed":
        return f"Verify by hand that {finding.check} is deployed: {finding.actual}"
    hand = by_hand(finding.stage)
    return f"{finding.remedy}; until then: {hand[0].lower()}{hand[1:]}" if finding.remedy else hand


def _about_samples(coverage: Coverage, finding: Finding) -> str:
    if finding.rule == "gauge":
        return (
            f"Add a pool that counts the connections of {finding.check} at its server (`redis:` or "
            f"`postgres:` in the plan), and run the window again: {finding.actual}"
        )
    missed = Counter(slot.stage for slot in coverage.slots if slot.state != "taken")
    if missed[finding.stage] or (missed and finding.rule == "coverage"):
        each = ", ".join(f"{count} of {stage}" for stage, count in missed.items())
        return f"Run the window again: {counted(missed.total(), 'sample', 'was')} missed ({each})"
    return f"Read {finding.check} by hand, and run the window again: {finding.actual}"
