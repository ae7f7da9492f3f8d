"""Do responses become slower in the window? Judged as a pool's growth is, and as a step that stays. Pure."""

import statistics
from collections.abc import Iterator, Sequence

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.answers.exchanges import Sent, to_check
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.model import Finding, Severity
from deploy_verdict.plan import Check, Plan
from deploy_verdict.stats.trend import holm, p_of_growth, shown_p, theil_sen

# The window is cut into this many equal parts, each with its median; the first is the warm-up.
PARTS, FEWEST_PARTS = 8, 6
CERTAIN = 0.02
# Twice as slow, and by so much that a person would notice.
TIMES, LEAST_RISE_MS = 2.0, 50.0
# From one part on, this many times as slow as any part before, and slower by this share of the limit.
STEP_TIMES, STEP_SHARE, FEWEST_BEFORE, FEWEST_AFTER = 3.0, 0.05, 3, 2
# With few responses each counts by itself: by chance, four exceed all of eight before only once in 500.
FEW, FEWEST_SINGLE_BEFORE, FEWEST_SINGLE_AFTER = 24, 8, 4
# Until somebody looks again, like a pool's safe_for.
NEXT_LOOK_S = 21600.0


def judge_latency(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield a finding for each health check that reads.

    Many checks are a family of tests at one level (Holm).
    """
    plan = bundle.plan
    asked = [check for check in plan.health if not check.writes and plan.is_ours(check.host)]
    sent = {check.name: to_check(plan, check.name, bundle.sent) for check in asked}
    medians = {name: _medians(bundle, of_check) for name, of_check in sent.items()}
    warm = {name: [item for item in found if item[0]] for name, found in medians.items()}
    series = {name: found for name, found in warm.items() if len(found) >= FEWEST_PARTS}
    raised = holm([p_of_growth([value for _, value in found]) for found in series.values()])
    p_values = dict(zip(series, raised, strict=True))
    for check in asked:
        limit_ms, name = limit_ms_of(plan, check), check.name
        text = f"no slowing down that would reach {limit_ms:.0f} ms within {shown_duration(NEXT_LOOK_S)}"
        if name in series:
            ruling = _drift(sent[name], series[name], p_values[name], limit_ms, plan.window.end_s)
        elif not medians[name]:
            ruling = unknown("no answer was timed")
        else:
            parts = f"{len(warm[name])} of {PARTS - 1} parts of the window"
            ruling = passed(f"answered in {parts}: too few for a drift")
        yield ruling.as_finding("latency", name, "drift", text)


def limit_ms_of(plan: Plan, check: Check) -> float:
    """Return the limit in ms: of response_times, else the check's own line for elapsed, else its timeout."""
    section = plan.response_times
    if section is not None and check.name in section.of.values():
        return section.limit * 1000
    lines = check.expect.lines if check.expect else ()
    own = next((line.matcher for line in lines if line.selector == "elapsed"), None)
    limit_ms = None if own is None else own.below if own.below is not None else own.at_most
    return float(limit_ms) if limit_ms is not None else 1000 * (check.timeout or plan.service.timeout)


_Medians = list[tuple[int, float]]


def _medians(bundle: Bundle, sent: Sequence[Sent]) -> _Medians:
    """Return (number of the part, median in ms) of each part of the window with a response."""
    end_s = bundle.plan.window.end_s
    parts: list[list[float]] = [[] for _ in range(PARTS)]
    for item in sent:
        at_s = (item.exchange.at - bundle.window.t0).total_seconds() * bundle.window.speed
        elapsed_ms = item.exchange.elapsed_ms
        # A sample after the window's end is hours later; one within it may be late.
        if item.exchange.fault is None and elapsed_ms is not None and item.offset_s <= end_s:
            parts[min(PARTS - 1, max(0, int(at_s * PARTS / end_s)))].append(elapsed_ms)
    return [(number, statistics.median(times)) for number, times in enumerate(parts) if times]


def _drift(sent: Sequence[Sent], medians: _Medians, p: float, limit_ms: float, end_s: float) -> Ruling:
    values = [value for _, value in medians]
    first_ms, last_ms = statistics.mean(values[:2]), statistics.mean(values[-2:])
    slope = theil_sen([number * end_s / PARTS for number, _ in medians], values)
    text = f"{first_ms:.0f} ms at first, {last_ms:.0f} ms at the end ({shown_p(p)})"
    is_slower = last_ms >= TIMES * first_ms and last_ms - first_ms >= LEAST_RISE_MS
    reached_ms = last_ms + slope.estimate * NEXT_LOOK_S
    slowest = max(sent, key=lambda item: item.exchange.elapsed_ms or 0.0)
    step = _step(sent, medians, limit_ms, end_s)
    if p >= CERTAIN or not is_slower or reached_ms < limit_ms:
        if step is None:
            return passed(text)
        ruling = failed(step, Severity.P2, "answers became slower within the window, and stayed so")
        return ruling.at(slowest.pointer, slowest.offset_s)
    after = "now" if last_ms >= limit_ms else f"in {shown_duration((limit_ms - last_ms) / slope.estimate)}"
    ruling = failed(f"{text}; at that rate {limit_ms:.0f} ms {after}", Severity.P2, "answers become slower")
    return ruling.at(slowest.pointer, slowest.offset_s)


def _step(sent: Sequence[Sent], medians: _Medians, limit_ms: float, end_s: float) -> str | None:
    """Describe a step that stays to the end.

    Two parts above all before may be chance, but not this far above.
    """
    points = [(number * end_s / PARTS, value) for number, value in medians]
    fewest_before, fewest_after = FEWEST_BEFORE, FEWEST_AFTER
    if len(sent) < FEW:
        timed = sorted(sent, key=lambda item: item.exchange.at)
        points = [
            (item.offset_s, item.exchange.elapsed_ms or 0.0) for item in timed if not item.exchange.fault
        ]
        points = [point for point in points if end_s / PARTS <= point[0] <= end_s]
        fewest_before, fewest_after = FEWEST_SINGLE_BEFORE, FEWEST_SINGLE_AFTER
    least_ms = max(LEAST_RISE_MS, STEP_SHARE * limit_ms)
    for cut in range(fewest_before, len(points) - fewest_after + 1):
        before_ms = max(value for _, value in points[:cut])
        after_ms = min(value for _, value in points[cut:])
        if after_ms >= STEP_TIMES * before_ms and after_ms - before_ms >= least_ms:
            more = f"{after_ms:.0f} ms at least from then to the end"
            return f"{before_ms:.0f} ms at most before {shown_offset(points[cut][0])}, {more}"
    return None
