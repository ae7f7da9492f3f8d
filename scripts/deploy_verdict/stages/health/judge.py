"""Health checks: every line of `expect`, and the alternatives of `accept`, on every response. Pure.

Also what responses say where the plan does not look (copies, failures in a 200, a catch-all page), and the
readings of a pool by the checks of the same address, as they are its responses too. The gauge of a busy pool
exceeds a limit now and then: in a few of 270 readings of a healthy one. So a line fails only on a tenth of a
sample's readings. A line that tests no number (a status text, null) also fails on single readings over the
complete window, once they are significantly more than one in a hundred.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.cached import copies
from deploy_verdict.evidence.answers.exchanges import Sent, all_sent
from deploy_verdict.evidence.answers.steps import accept_text, accepted, tested_line, worst_ruling
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, of_attempts, passed, unknown
from deploy_verdict.evidence.platform.platform_views import readings_of
from deploy_verdict.expect import Expectation
from deploy_verdict.model import Finding, HttpObservation, Outcome, Severity
from deploy_verdict.plan import Check, Plan
from deploy_verdict.stages.health.complaints import complaint_of, is_page, kind_of_body
from deploy_verdict.stats.bounds import RARE, least_percent

Answers = Sequence[tuple[str, HttpObservation]]
# The connect got no answer, so the network on the way may be the cause; a refused connect was answered.
UNREACHED = ("connect-timeout", "unreachable")
# (rule, expectation, ruling).
RuledLine = tuple[str, str, Ruling]


def judge_health(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield the findings of each check at each sample in which it is due."""
    answers = readings_of(bundle, "health", HttpObservation)
    for offset_s in bundle.plan.health_offsets_s:
        for check in bundle.plan.checks_at(offset_s):
            yield from _judge_check("health", check, offset_s, answers)
    yield from _judge_bodies(bundle)


def judge_beside(bundle: Bundle) -> Iterator[Finding]:
    """Yield the findings of the checks that are repeated beside each regular sample of a pool."""
    answers = readings_of(bundle, "pools", HttpObservation)
    window, asked_s = bundle.plan.window, {answer.offset_s for _, answer in answers}
    due_s = [item for item in window.pool_offsets_s if item in window.offsets_s or item in asked_s]
    for pool in bundle.plan.pools:
        for name in pool.beside:
            for offset_s in due_s:
                yield from _judge_check("pools", bundle.plan.check(name), offset_s, answers)


def _judge_check(stage: str, check: Check, offset_s: float, answers: Answers) -> Iterator[Finding]:
    attempts: list[tuple[str | None, HttpObservation | None]] = [
        (pointer, answer)
        for pointer, answer in answers
        if (answer.check, answer.offset_s) == (check.name, offset_s)
    ]
    judged = [
        [(rule, text, ruling.at(pointer, offset_s)) for rule, text, ruling in _ruled(check, answer, offset_s)]
        for pointer, answer in attempts or [(None, None)]
    ]
    alone = len(unreached_at(answers)) == 1 and any(_is_unreached(item) for _, item in attempts)
    for lines in zip(*judged, strict=True):
        rule, text, _ = lines[0]
        kept = of_attempts([ruling for _, _, ruling in lines])
        if kept is not None:
            kept = replace(kept, severity=Severity.P2 if alone else kept.severity or check.severity)
            yield kept.as_finding(stage, check.name, rule, text)


def unreached_at(answers: Answers) -> frozenset[float]:
    """Return the samples (offset in seconds) with an unanswered connect; a single one is not an outage."""
    return frozenset(item.offset_s for _, item in answers if _is_unreached(item))


def _is_unreached(answer: HttpObservation | None) -> bool:
    return answer is not None and answer.fault is not None and answer.fault.kind in UNREACHED


def _ruled(check: Check, answer: HttpObservation | None, offset_s: float) -> Iterator[RuledLine]:
    missing = unknown(f"not checked at {shown_offset(offset_s)}")
    for line in check.expect.lines if check.expect else ():
        yield line.selector, line.text, tested_line(line, answer) if answer else missing
    if check.accept:
        yield "accept", accept_text(check.accept), accepted(check.accept, answer) if answer else missing


def _judge_bodies(bundle: Bundle) -> Iterator[Finding]:
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
    ruling = unknown(text, _add_a_line(check)).at(item.pointer, item.offset_s)
    yield ruling.as_finding("health", check.name, "body", "the body does not contradict the status")


def _add_a_line(check: Check) -> str:
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
    ruling = unknown(text, _add_a_line(check)).at(item.pointer, item.offset_s)
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


# The share of a sample's readings. With dense sampling it is larger, as each sample has its own bad luck.
SPIKE_SHARE, DENSE_SPIKE_SHARE = 0.1, 0.15
# In a sample of few readings, fewer numbers than this are chance (stages/pools/judge_levels.py).
FEWEST_SPIKES, DENSE_FEWEST_SPIKES = 2.0, 5.0
# The share of all readings, in percent, for lines that test no number.
TOLERATED_PERCENT = 1.0


def judge_pool_readings(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding for each pool and each check of its address."""
    sent = [item for item in all_sent(bundle.of_stage("pools")) if item.is_reading]
    for pool in bundle.plan.pools:
        own = [item for item in sent if item.check == pool.name]
        for check in bundle.plan.answered_by(pool):
            ruling = worst_ruling([_judged_line(bundle.plan, line, own) for line in check.without_headers])
            text = f"the readings of {pool.name} hold what {check.name} expects"
            yield ruling.as_finding("pools", check.name, "readings", text)


def _judged_line(plan: Plan, line: Expectation, readings: Sequence[Sent]) -> Ruling:
    """Judge one line on the readings. Readings without a response belong to another rule."""
    answered = [item for item in readings if item.exchange.fault is None]
    if not answered:
        return unknown("no reading of the pool was answered")
    tested = [(item, tested_line(line, item.exchange)) for item in answered]
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        for _, of_sample in groupby(tested, key=lambda pair: pair[0].offset_s):
            found = _in_sample(plan, line, list(of_sample), outcome)
            if found is not None:
                return found
    bad = [pair for pair in tested if pair[1].outcome is Outcome.FAIL]
    percent = least_percent(len(bad), len(tested), RARE)
    if bad and not line.matcher.speaks_of_numbers and percent > TOLERATED_PERCENT:
        return _ruling_on(line, bad, len(tested), "in the window")
    few = f", {len(bad)} of them not as expected by {line.text}: too few to count" if bad else ""
    return passed(f"{len(answered)} readings{few}")


def spikes_needed(plan: Plan, readings: int, *, is_number: bool) -> float:
    """Return how many readings of one sample must agree to mean something; fewer are chance."""
    is_dense = plan.window.pool_offsets_s != plan.window.offsets_s
    share = DENSE_SPIKE_SHARE if is_dense else SPIKE_SHARE
    fewest = DENSE_FEWEST_SPIKES if is_dense and is_number else FEWEST_SPIKES
    return min(readings, max(fewest, share * readings))


def _in_sample(
    plan: Plan, line: Expectation, tested: list[tuple[Sent, Ruling]], outcome: Outcome
) -> Ruling | None:
    """Return the ruling on one sample if enough of its readings fail, or are unknown; else None."""
    found = [pair for pair in tested if pair[1].outcome is outcome]
    if len(found) < spikes_needed(plan, len(tested), is_number=line.matcher.speaks_of_numbers):
        return None
    return _ruling_on(line, found, len(tested), f"at {shown_offset(found[0][0].offset_s)}")


def _ruling_on(line: Expectation, found: Sequence[tuple[Sent, Ruling]], count: int, where: str) -> Ruling:
    sent, first = found[0]
    text = f"{line.text} — {first.actual} in {len(found)} of {count} readings {where}"
    ruling = failed(text, first.severity, first.because) if first.outcome is Outcome.FAIL else unknown(text)
    return ruling.at(sent.pointer, sent.offset_s)
