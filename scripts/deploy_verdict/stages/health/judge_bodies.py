"""What answers say where the plan does not look: copies, failures in a 200, a catch-all page. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.cached import copies
from deploy_verdict.evidence.exchanges import Sent
from deploy_verdict.evidence.finding import unknown
from deploy_verdict.expect import Found, read_json, shown
from deploy_verdict.model import Finding
from deploy_verdict.plan import Check

_NO = ("success", "ok", "succeeded", "healthy", "valid", "passed")
_STATES = ("status", "state", "result", "outcome", "health")
_BAD_STATES = re.compile(
    r"(?i)\s*(err(or)?|fail(ed|ure)?|unhealthy|down|ko|nok|critical|fatal|unavailable|degraded|broken)\s*"
)
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_BAD_TITLE = re.compile(
    r"(?i)error|not found|unavailable|maintenance|exception|sign in|log ?in|forbidden|denied|\b[45]\d\d\b"
)
_HTML = re.compile(r"(?is)^\s*(<!doctype html|<html)")


def judge_bodies(bundle: Bundle) -> Iterator[Finding]:
    """A finding only where something is wrong: the plan asks for none of it."""
    sent: dict[str, list[Sent]] = {}
    for item in bundle.sent:
        if item.check is not None and item.exchange.fault is None and "/readings/" not in item.pointer:
            sent.setdefault(item.check, []).append(item)
    pages = _pages(bundle, sent)
    for check in bundle.plan.health:
        answers = sent.get(check.name, [])
        yield from _copied(check, answers)
        if check.looks_at_status_only:
            yield from _of_itself(check, answers, pages)


def _copied(check: Check, answers: Sequence[Sent]) -> Iterator[Finding]:
    by_exchange = {id(item.exchange): item for item in answers}
    found = [] if check.writes else list(copies(item.exchange for item in answers))
    if found:
        first, reason = by_exchange[id(found[0][0])], found[0][1]
        text = (
            f"{len(found)} of {len(answers)} answers are copies out of a cache ({reason} at "
            f"{shown_offset(first.offset_s)}): they say nothing about the service — "
            "ask a path without a cache"
        )
        ruling = unknown(text).at(first.pointer, first.offset_s)
        yield ruling.as_finding("health", check.name, "fresh", "the service itself answers")


def _of_itself(check: Check, answers: Sequence[Sent], pages: dict[str, set[str]]) -> Iterator[Finding]:
    """Where the status is good, and the body says something else."""
    told = [(item, words) for item in answers if (words := _complaint(check, item, pages)) is not None]
    if not told:
        return
    item, words = told[0]
    text = (
        f"{len(told)} of {len(answers)} answers have a body that {words}, and the plan looks at the status "
        "only — add a line for the body, such as `$.success: true`"
    )
    ruling = unknown(text).at(item.pointer, item.offset_s)
    yield ruling.as_finding("health", check.name, "body", "the body does not contradict the status")


def _complaint(check: Check, item: Sent, pages: dict[str, set[str]]) -> str | None:
    status, body = item.exchange.status, item.exchange.body or ""
    if status is None or not 200 <= status < 300:
        return None
    if _HTML.match(body):
        title = _TITLE.search(body)
        words = " ".join(title.group(1).split())[:80] if title else ""
        if _BAD_TITLE.search(words):
            return f"is a page with the title {words!r}"
        others = sorted(pages.get(body, set()) - {check.path})
        return f"is the same page as that of {others[0]}" if others else None
    document = read_json(body)
    return _failure(document.value) if isinstance(document, Found) else None


def _failure(value: Any) -> str | None:
    """What a JSON object says on its top level: success false, an error, a bad state."""
    if not isinstance(value, dict):
        return None
    for key, item in value.items():
        name = key.lower() if isinstance(key, str) else ""
        is_no = name in _NO and item is False
        is_bad = name in _STATES and isinstance(item, str) and bool(_BAD_STATES.fullmatch(item))
        is_error = name in ("error", "errors", "exception") and bool(item)
        if is_no or is_bad or is_error:
            return f"says {key}: {shown(item)}"
    return None


def _pages(bundle: Bundle, sent: dict[str, list[Sent]]) -> dict[str, set[str]]:
    """The paths that gave each HTML page; of a catch-all they are several."""
    pages: dict[str, set[str]] = {}
    for check in bundle.plan.health:
        for item in sent.get(check.name, []):
            body = item.exchange.body or ""
            if _HTML.match(body) and item.exchange.status == 200:
                pages.setdefault(body, set()).add(check.path)
    return pages
