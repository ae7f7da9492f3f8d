"""Judges the readings of a pool by the health checks of the same address, as they are its responses too.

Pure.

The gauge of a busy pool exceeds a limit now and then: in a few of 270 readings of a healthy one. So a line
fails only on a tenth of a sample's readings. A line that tests no number (a status text, null) also fails on
single readings over the complete window, once they are significantly more than one in a hundred.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.exchanges import Sent, all_sent
from deploy_verdict.evidence.answers.steps import tested_line, worst_ruling
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import Ruling, failed, passed, unknown
from deploy_verdict.expect import Expectation
from deploy_verdict.model import Finding, Outcome
from deploy_verdict.plan import Plan
from deploy_verdict.stats.bounds import RARE, least_percent

# The share of a sample's readings. With dense sampling it is larger, as each sample has its own bad luck.
SPIKE_SHARE, DENSE_SPIKE_SHARE = 0.1, 0.15
# In a sample of few readings, fewer numbers than this are chance (stages/pools/judge_levels.py).
FEWEST, DENSE_FEWEST = 2.0, 5.0
# The share of all readings, in percent, for lines that test no number.
TOLERATED_PERCENT = 1.0


def judge_pool_readings(bundle: Bundle) -> Iterator[Finding]:
    """Yield a finding for each pool and each check of its address."""
    sent = [item for item in all_sent(bundle.of_stage("pools")) if item.is_reading]
    for pool in bundle.plan.pools:
        own = [item for item in sent if item.check == pool.name]
        for check in bundle.plan.answered_by(pool):
            ruling = worst_ruling([_judged(bundle.plan, line, own) for line in check.without_headers])
            text = f"the readings of {pool.name} hold what {check.name} expects"
            yield ruling.as_finding("pools", check.name, "readings", text)


def _judged(plan: Plan, line: Expectation, readings: Sequence[Sent]) -> Ruling:
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
    fewest = DENSE_FEWEST if is_dense and is_number else FEWEST
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
