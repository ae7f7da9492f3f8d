"""What cures a cause, if the evidence shows it: a restart, another deployment, a setting. Pure."""

import re
from collections.abc import Iterator

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.platform.platform_views import deployed, deployment_samples
from deploy_verdict.markup.markdown import one_line
from deploy_verdict.stages.deployment.state import short
from deploy_verdict.stages.pools.judge_gauge import SAYS_FULL
from deploy_verdict.stats.growth import AHEAD, soonest_ahead_s
from deploy_verdict.verdict.causes.cause import Cause, is_full
from deploy_verdict.verdict.causes.causes import STALE, Causes, asserted

SOON_S = 1800.0
MOST_QUOTED = 160
_CONNECTS_TO = re.compile(r"(?i)connect(?:ing|ion)?(?: to| at)? (?P<address>[\w.-]+:\d{1,5})\b")
_DISK_FULL = re.compile(r"(?i)no space left on device|\bENOSPC\b|disk (?:is )?full")
_OLD = re.compile(r"deployment (?P<id>\w+)")


def first_aid(bundle: Bundle, found: Causes) -> Iterator[str]:
    """Yield what to do first against the worst cause; nothing if only its authors can fix it."""
    cause = found.failed[0]
    lead = cause.lead
    if cause.kind == "pool":
        yield _restart_for_pool(bundle, cause)
    elif cause.kind == "metrics" and lead.rule in ("growth", "limit"):
        yield _restart_for_memory(cause)
    elif cause.kind == "restarts":
        yield "Look at the platform for why it restarts: its memory, and its last log lines before a start"
    elif (lead.stage, lead.check) == ("claims", "previous"):
        old = _OLD.search(lead.actual)
        name = f"old deployment {old['id']}" if old else "old deployment"
        yield f"Remove the {name} on the platform: it still answers; this one can stay"
    elif missing_fix(bundle, cause):
        yield _deploy_again(bundle, cause)
    elif cause.kind == "log" and cause.log_line:
        yield _for_log(cause)
    elif cause.kind == "answer":
        yield from _for_address(bundle, cause)


def missing_fix(bundle: Bundle, cause: Cause) -> bool:
    """Return whether a commit in the plan's claims is not running: older code needs no rollback."""
    if cause.key == STALE:
        return True
    named = [claim.commit for claim in bundle.plan.claims]
    reasons = [item.because or "" for item in cause.findings[:1] if asserted(cause, item)]
    return any(commit in reason for commit in named for reason in reasons)


def _restart_for_pool(bundle: Bundle, cause: Cause) -> str:
    frees = "that frees the pool's connections"
    if is_full(cause):
        return f"Restart the service now: {frees}, until it fills up again"
    text = next((item.actual for item in cause.findings if AHEAD.search(item.actual)), "")
    soonest_s = soonest_ahead_s(text)
    if soonest_s is None:
        if cause.lead.rule == "floor":
            return "No hurry: find the request that keeps a connection; a restart frees what it kept"
        return f"Keep watching, and restart the service before the pool is full: {frees}"
    when = f"at this rate the pool {_full_words(text)} after the last sample"
    if soonest_s <= SOON_S:
        return f"Restart the service now: {when}, and a restart frees its connections"
    return f"Restart the service within {_hours(soonest_s)}: {when}, and a restart frees its connections"


def _restart_for_memory(cause: Cause) -> str:
    text = next((item.actual for item in cause.findings if AHEAD.search(item.actual)), "")
    soonest_s = soonest_ahead_s(text)
    if soonest_s is None:
        return "Keep watching, and restart the service before its memory reaches the limit"
    when = f"at this rate the limit {_full_words(text)} after the window, and a restart frees it"
    return f"Restart the service within {_hours(soonest_s)}: {when}"


def _full_words(text: str) -> str:
    """Return "will be full about 20 to 55 min"."""
    full = AHEAD.search(text)
    return full.group().replace(" in about ", " about ") if full else ""


def _hours(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _deploy_again(bundle: Bundle, cause: Cause) -> str:
    found = deployed(deployment_samples(bundle))
    if found is None or not found.commit:
        return "Deploy again without the build cache: older code answers"
    why = "older code answers" if cause.key == STALE else "what answers does not have it"
    return f"Deploy {short(found.commit)} again without the build cache: the platform names it, but {why}"


def _for_log(cause: Cause) -> str:
    name = cause.lead.check.partition(": ")[0] if ": " in cause.lead.check else ""
    line = one_line(cause.log_line, MOST_QUOTED)
    if _DISK_FULL.search(line):
        volume, owner = (f"the {name} volume", name) if name else ("the service's volume", "it")
        return f"Free space on {volume}; do not restart {owner} before: unsaved data would be lost"
    if SAYS_FULL.search(line) or "too many connections" in line.casefold():
        return (
            "Restart the service: that frees its connections; then compare the connections of all its "
            "instances with what the server allows"
        )
    return f"Check by hand what this line names, and correct it where it is wrong: “{line}”"


def _for_address(bundle: Bundle, cause: Cause) -> Iterator[str]:
    """Yield what to check if a backend connects to an address that does not answer."""
    found = _CONNECTS_TO.search(f"{cause.log_line} {cause.quote}")
    if found is None:
        return
    reasons = " ".join(item.because or "" for item in cause.findings).casefold()
    names = [pool.title or pool.name for pool in bundle.plan.pools]
    what = next((name for name in names if name.casefold() in reasons), "what it connects to")
    yield f"Check the address of {what} in the service's variables: it connects to {found['address']}"
