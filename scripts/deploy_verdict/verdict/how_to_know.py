"""What to do about a finding that is inconclusive, so that the next window can tell. Pure."""

import re
from collections import Counter

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Coverage, Finding
from deploy_verdict.plan.references import PRE_CHECK, SUITE
from deploy_verdict.stages.registry import by_hand

_MISSED = re.compile(r"missed|not taken|no evidence|not checked")
_WAIT = re.compile(r"to wait (?P<seconds>\d+) s\b")
_LIMITED = re.compile(r"\bstatus is 429\b|\bstatus 429\b|too many requests")
_LACKING = re.compile(r"the answer has (no .+?)(?: \(\d+×\)|$)")


def how_to_know(bundle: Bundle, coverage: Coverage, finding: Finding) -> str:
    """What to do so that the next window can tell."""
    stage, rule = finding.stage, finding.rule
    if stage == "evidence":
        return f"Find out why {finding.check} is not evidence of this run: {finding.actual}"
    if rule == "coverage" or stage == "pools":
        return _about_samples(coverage, finding)
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
    if finding.rule not in ("readable", "errors"):
        return f"Search the window's log by hand for {finding.check}"
    text = finding.actual
    if "dropped lines" in text:
        return "Log less, as the platform drops lines above its limit; search this window's log there by hand"
    if "is silent" in text:
        return "Look at the log by hand: did the service stop in the silent time, or only its log?"
    if "no dated line" in text:
        return "Find where the log of this window went: another file or service, or a wrong clock"
    if "canary" in text or "is in the log" in text:
        return (
            "Compare the log with this window's requests by hand: lines are missing, or `logs.canary` in "
            "the plan is not how the service logs a request"
        )
    if "was not read" in text:
        return f"Search the log by hand for errors, and find out why this tool did not read it: {text}"
    return "Make the backend log readable (its source, our access), then review it and judge again"


def _about_platform(finding: Finding) -> str:
    if finding.rule == "deployed":
        return f"Verify by hand that {finding.check} is deployed: {finding.actual}"
    hand = by_hand(finding.stage)
    text = finding.actual
    wait = _WAIT.search(text)
    if wait:
        again = f"Run it again in {shown_duration(float(wait['seconds']))}, when the platform's limit ends"
        return f"{again}; until then: {hand[0].lower()}{hand[1:]}"
    if "token is wrong" in text:
        return f"Replace the platform's token; until then: {hand[0].lower()}{hand[1:]}"
    if "says nothing about the token" in text:
        return (
            "Run it from another address, as the platform's edge blocks this one; until then: "
            f"{hand[0].lower()}{hand[1:]}"
        )
    return hand


def _about_samples(coverage: Coverage, finding: Finding) -> str:
    if finding.rule == "gauge":
        return (
            f"Compare the connections of {finding.check} with the server's own count (`redis:` or "
            f"`postgres:` in the plan): {finding.actual}"
        )
    missed = Counter(slot.stage for slot in coverage.slots if slot.state != "taken")
    if missed and (finding.rule == "coverage" or _MISSED.search(finding.actual)):
        each = ", ".join(f"{count} of {stage}" for stage, count in missed.items())
        return f"Run the window again: {counted(missed.total(), 'sample', 'was')} missed ({each})"
    lacking = _LACKING.search(finding.actual)
    if lacking:
        return f"Correct the plan or the service: the answer of {finding.check} has {lacking[1]}"
    if _LIMITED.search(finding.actual):
        return (
            f"Let this tool ask {finding.check} more often than its limit allows, or ask less often in the "
            f"plan: {finding.actual}"
        )
    return f"Read {finding.check} by hand, and run the window again: {finding.actual}"
