"""What to do about a finding that is inconclusive, so that the next window can tell. Pure."""

import re
from collections import Counter

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.measures import log_observation
from deploy_verdict.markup.labels import counted
from deploy_verdict.model import Coverage, Finding
from deploy_verdict.plan.checks.references import PRE_CHECK, SUITE
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
    if stage == "logs":
        return _about_log(bundle, finding)
    if stage == "e2e" and finding.check in (PRE_CHECK, SUITE):
        return "Run the E2E suite again"
    if "out of a cache" in finding.actual:
        return f"Let {finding.check} ask a path that is not cached, and run the window again"
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


def _about_log(bundle: Bundle, finding: Finding) -> str:
    if finding.rule not in ("readable", "errors"):
        return f"Search the window's log by hand for {finding.check}"
    text = finding.actual
    if "dropped lines" in text:
        return "Log less, as the platform drops lines above its limit (these are lost); run the window again"
    if "is silent" in text:
        return _about_silence(bundle)
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


def _about_silence(bundle: Bundle) -> str:
    """Whether the service answered us while its log was silent."""
    reading = log_observation(bundle)
    silence = reading.longest_silence if reading is not None else None
    if silence is None:
        return "Find out whether the service stopped in the silent time, or only its log"
    sent = [item.exchange for item in bundle.sent_to_service]
    asked = [item for item in sent if silence.start <= item.at <= silence.end]
    answered = sum(item.fault is None and item.status is not None for item in asked)
    if not asked:
        return "Ask the service's other logs what happened in the silent time: this tool did not ask it then"
    told = f"the service answered {answered} of {len(asked)} requests of this tool in the silent time"
    if 2 * answered > len(asked):
        return f"Look at how the log is collected: {told}, so only its log stopped"
    return f"Find out why the service stopped: {told}"


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
            f"Add a pool that counts the connections of {finding.check} at its server (`redis:` or "
            f"`postgres:` in the plan), and run the window again: {finding.actual}"
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
            f"Raise the rate limit of {finding.check} for this tool, or sample it less often in the plan: "
            f"{finding.actual}"
        )
    return f"Read {finding.check} by hand, and run the window again: {finding.actual}"
