"""What responses say where the plan does not look: copies, failures in a 200, a catch-all page. Pure."""

from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.cached import copies
from deploy_verdict.evidence.answers.exchanges import Sent
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import unknown
from deploy_verdict.model import Finding
from deploy_verdict.plan import Check
from deploy_verdict.stages.health.complaints import complaint_of, is_page, kind_of_body


def judge_bodies(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding only if something is wrong, as the plan asks for none of this."""
    sent: dict[str, list[Sent]] = {}
    for item in bundle.sent:
        if item.check is not None and item.exchange.fault is None and not item.is_reading:
            sent.setdefault(item.check, []).append(item)
    pages = _pages(bundle, sent)
    for check in bundle.plan.health:
        answers = sent.get(check.name, [])
        yield from _copied(check, answers, bundle.window.speed)
        if check.looks_at_status_only:
            yield from _contradicting_body(check, answers, pages)


def _copied(check: Check, answers: Sequence[Sent], speed: float) -> Iterator[Finding]:
    by_exchange = {id(item.exchange): item for item in answers}
    found = [] if check.writes else list(copies((item.exchange for item in answers), speed))
    if found:
        first, reason = by_exchange[id(found[0][0])], found[0][1]
        text = (
            f"{len(found)} of {len(answers)} answers are copies out of a cache ({reason} at "
            f"{shown_offset(first.offset_s)}): they say nothing about the service — "
            "ask a path without a cache"
        )
        remedy = f"Let {check.name} ask a path that is not cached, and run the window again"
        ruling = unknown(text, remedy).at(first.pointer, first.offset_s)
        yield ruling.as_finding("health", check.name, "fresh", "the service itself answers")


def _contradicting_body(
    check: Check, answers: Sequence[Sent], pages: dict[str, set[str]]
) -> Iterator[Finding]:
    """Yield a finding if a good status has a body that contradicts it."""
    good = [item for item in answers if 200 <= (item.exchange.status or 0) < 300]
    bad = [(item, words) for item in good if (words := _complaint(check, item, pages)) is not None]
    if not bad:
        yield from _other_kind_of_body(check, good)
        return
    item, words = bad[0]
    text = (
        f"{len(bad)} of {len(answers)} answers have a body that {words}, and the plan looks at the status "
        "only — add a line for the body, such as `$.success: true`"
    )
    ruling = unknown(text, _remedy(check)).at(item.pointer, item.offset_s)
    yield ruling.as_finding("health", check.name, "body", "the body does not contradict the status")


def _remedy(check: Check) -> str:
    return f"Add a line to {check.name} for what its body must say, and run the window again"


def _complaint(check: Check, item: Sent, pages: dict[str, set[str]]) -> str | None:
    words = complaint_of(item.exchange, check.path)
    others = sorted(pages.get(item.exchange.body or "", set()) - {check.path})
    return words or (f"is the same page as that of {others[0]}" if others else None)


def _other_kind_of_body(check: Check, answers: Sequence[Sent]) -> Iterator[Finding]:
    """Yield a finding if an address returns another kind of body than before, such as nothing or a page."""
    known = [(item, kind_of_body(item.exchange)) for item in sorted(answers, key=lambda item: item.offset_s)]
    other = next(((item, kind) for item, kind in known if kind != known[0][1]), None)
    if other is None:
        return
    (item, kind), first = other, known[0][1]
    count = sum(kind != first for _, kind in known)
    text = (
        f"{count} of {len(known)} answers have {kind} for a body, first at {shown_offset(item.offset_s)}; "
        f"before that it was {first}, and the plan looks at the status only — add a line for the body"
    )
    ruling = unknown(text, _remedy(check)).at(item.pointer, item.offset_s)
    yield ruling.as_finding("health", check.name, "body", "the body does not contradict the status")


def _pages(bundle: Bundle, sent: dict[str, list[Sent]]) -> dict[str, set[str]]:
    """Return the paths that gave each HTML page; a catch-all page has several."""
    pages: dict[str, set[str]] = {}
    for check in bundle.plan.health:
        for item in sent.get(check.name, []):
            body = item.exchange.body or ""
            if is_page(body) and item.exchange.status == 200:
                pages.setdefault(body, set()).add(check.path)
    return pages
