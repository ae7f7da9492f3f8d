"""Do answers become slower through the window, so that a limit is near? Judged as a pool's growth. Pure."""

import statistics
from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import Sent, to_check
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.model import Finding, Severity
from deploy_verdict.plan import Check, Plan
from deploy_verdict.stats.trend import p_of_growth, shown_p, theil_sen

# Medians of so many equal parts of the window; the first is the warm-up.
PARTS, FEWEST_PARTS = 8, 6
CERTAIN = 0.02
# Twice as slow, and by so much that a person would notice.
TIMES, LEAST_RISE_MS = 2.0, 50.0
# Until somebody looks again, as a pool's safe_for.
NEXT_LOOK_S = 21600.0


def judge_latency(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """A finding for each health check that reads."""
    for check in bundle.plan.health:
        if not check.writes:
            limit_ms = limit_ms_of(bundle.plan, check)
            ruling = _drift(bundle, to_check(bundle.plan, check.name, bundle.sent), limit_ms)
            text = f"no slowing down that would reach {limit_ms:.0f} ms within {shown_duration(NEXT_LOOK_S)}"
            yield ruling.as_finding("latency", check.name, "drift", text)


def limit_ms_of(plan: Plan, check: Check) -> float:
    """By response_times, or the check's own line for elapsed, or the time after which we give up."""
    section = plan.response_times
    if section is not None and check.name in section.of.values():
        return section.limit * 1000
    lines = check.expect.lines if check.expect else ()
    own = next((line.matcher for line in lines if line.selector == "elapsed"), None)
    limit_ms = None if own is None else own.below if own.below is not None else own.at_most
    return float(limit_ms) if limit_ms is not None else 1000 * (check.timeout or plan.service.timeout)


def _drift(bundle: Bundle, sent: Sequence[Sent], limit_ms: float) -> Ruling:
    end_s = bundle.plan.window.end_s
    parts: list[list[float]] = [[] for _ in range(PARTS)]
    for item in sent:
        at_s = (item.exchange.at - bundle.window.t0).total_seconds() * bundle.window.speed
        elapsed_ms = item.exchange.elapsed_ms
        # A sample after the window's end is hours later; one in it may come late.
        if item.exchange.fault is None and elapsed_ms is not None and item.offset_s <= end_s:
            parts[min(PARTS - 1, max(0, int(at_s * PARTS / end_s)))].append(elapsed_ms)
    medians = [(number, statistics.median(times)) for number, times in enumerate(parts) if number and times]
    if not any(parts):
        return unknown("no answer was timed")
    if len(medians) < FEWEST_PARTS:
        return passed(f"answered in {len(medians)} of {PARTS - 1} parts of the window: too few for a drift")
    values = [value for _, value in medians]
    first_ms, last_ms = statistics.mean(values[:2]), statistics.mean(values[-2:])
    p = p_of_growth(values)
    slope = theil_sen([number * end_s / PARTS for number, _ in medians], values)
    text = f"{first_ms:.0f} ms at first, {last_ms:.0f} ms at the end ({shown_p(p)})"
    is_slower = last_ms >= TIMES * first_ms and last_ms - first_ms >= LEAST_RISE_MS
    reached_ms = last_ms + slope.estimate * NEXT_LOOK_S
    if p >= CERTAIN or not is_slower or reached_ms < limit_ms:
        return passed(text)
    slowest = max(sent, key=lambda item: item.exchange.elapsed_ms or 0.0)
    after = "now" if last_ms >= limit_ms else f"in {shown_duration((limit_ms - last_ms) / slope.estimate)}"
    ruling = failed(f"{text}; at that rate {limit_ms:.0f} ms {after}", Severity.P2, "answers become slower")
    return ruling.at(slowest.pointer, slowest.offset_s)
