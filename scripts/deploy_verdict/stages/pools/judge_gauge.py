"""Is a pool's gauge to be believed? It must agree with itself and the answers, and show our load. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import all_sent
from deploy_verdict.evidence.finding import Ruling, passed, unknown
from deploy_verdict.evidence.pool_samples import DOUBTED, PoolSample
from deploy_verdict.model import Finding, Outcome
from deploy_verdict.plan import Pool
from deploy_verdict.stages.pools.judge_exercise import judge_exercise

# Two numbers of one answer may have been read a moment apart: single readings that disagree are that.
TORN_SHARE = 0.05
# So long a series with so many changes does not come back in the next sample by itself.
SERIES, CHANGES = 20, 4
RESTING = ("band", "exhaustion", "growth", "stability", "floor")
SAYS_FULL = re.compile(
    r"(?i)no connections? available|too many connections|max(imum)? number of (clients|connections)"
    r"|pool (is |was )?(exhausted|full|timed out)|queuepool limit|remaining connection slots"
    r"|(could not|couldn't|cannot|timeout|timed out)\W.{0,40}(get|getting|acquir\w+|waiting for) (an? )?conn"
)


def judge_gauge(bundle: Bundle, pool: Pool) -> Ruling:
    """Whether the gauge is believed, at the sample or the exercise that decides it."""
    samples = bundle.samples[pool.name]
    for lie in (_disagreement(samples), _fine_while_failing(bundle, pool), _replay(samples)):
        if lie is not None:
            return lie
    movement = judge_movement(samples)
    if pool.exercise is None:
        return movement
    exercise = judge_exercise(bundle, pool, pool.exercise)
    if exercise.outcome is not Outcome.PASS:
        return exercise
    used = [level.used for sample in samples for level in sample.levels]
    never_moved = len(used) > 1 and len(set(used)) == 1
    if movement.outcome is Outcome.PASS or never_moved:
        return replace(exercise, actual=f"{exercise.actual}; {movement.actual.partition(':')[0]}")
    return movement


def doubted(finding: Finding, gauge: Finding) -> Finding:
    """What rests on a gauge that is not believed is not known; what it shows to be bad stays bad."""
    if gauge.outcome is Outcome.PASS or finding.outcome is not Outcome.PASS or finding.rule not in RESTING:
        return finding
    reason = f"{DOUBTED}: {gauge.actual}"
    return finding.model_copy(update={"outcome": Outcome.INCONCLUSIVE, "actual": reason})


def _disagreement(samples: Sequence[PoolSample]) -> Ruling | None:
    """A gauge whose numbers contradict each other."""
    levels = [(level, sample) for sample in samples for level in sample.levels]
    bad = [(level.contradiction, sample) for level, sample in levels if level.contradiction]
    if len(bad) < max(2.0, TORN_SHARE * len(levels)):
        return None
    first, sample = bad[0]
    text = f"it contradicts itself in {len(bad)} of {len(levels)} readings: {first}"
    return unknown(f"{text} (at {shown_offset(sample.offset_s)})").at(sample.pointer, sample.offset_s)


def _fine_while_failing(bundle: Bundle, pool: Pool) -> Ruling | None:
    """Answers that say the pool is full, in moments in which every gauge shows room enough."""
    lies = [
        (item, sample)
        for item in all_sent(bundle.loaded)
        if (item.exchange.status or 0) >= 500 and SAYS_FULL.search(item.exchange.body or "")
        for sample in _fine_at(bundle, pool, item.offset_s)
    ]
    if not lies:
        return None
    item, sample = lies[0]
    match = SAYS_FULL.search(item.exchange.body or "")
    first_at = shown_offset(item.offset_s)
    text = f'{len(lies)} answers said "{match.group(0) if match else ""}" (first at {first_at})'
    level = max(sample.levels, key=lambda level: level.percent)
    text += f" while it showed at most {level.used:g} of {level.limit:g}"
    return unknown(text).at(sample.pointer, sample.offset_s)


def _fine_at(bundle: Bundle, pool: Pool, offset_s: float) -> Iterator[PoolSample]:
    """The sample of that moment, when neither it nor that of another pool can explain a full pool."""
    now = {
        name: [sample for sample in samples if sample.offset_s <= offset_s][-1:]
        for name, samples in bundle.samples.items()
    }
    high = any(
        sample.levels and sample.peak_percent >= other.attention
        for other in bundle.plan.pools
        for sample in now[other.name]
    )
    yield from (sample for sample in now[pool.name] if sample.levels and not high)


def _replay(samples: Sequence[PoolSample]) -> Ruling | None:
    """The very same series of numbers in every sample."""
    series = [tuple(level.used for level in sample.levels) for sample in samples if sample.levels]
    changes = sum(a != b for a, b in zip(series[0], series[0][1:], strict=False)) if series else 0
    if len(series) < 3 or len(series[0]) < SERIES or changes < CHANGES or len(set(series)) > 1:
        return None
    first = next(sample for sample in samples if sample.levels)
    text = f"all {len(series)} samples hold the same {len(series[0])} readings: it replays a recording"
    return unknown(text).at(first.pointer, first.offset_s)


# A gauge that has moved counts as frozen when it stands still at the end for so many readings, and for
# three times as many as ever before in this window.
FROZEN_READINGS = 20
FROZEN_TIMES = 3


def judge_movement(samples: Sequence[PoolSample]) -> Ruling:
    """Whether the readings, in their order, move up to the window's end."""
    readings = [(level.used, sample) for sample in samples for level in sample.levels]
    if len(readings) < 2:
        return unknown("too few readings to see it move")
    runs = [list(run) for _, run in groupby(readings, key=lambda reading: reading[0])]
    last_value, since = runs[-1][0]
    if len(runs) == 1:
        text = f"it stayed at {last_value:g} in all {len(readings)} readings"
        text += ": a gauge that never moves proves nothing"
        return unknown(text).at(since.pointer, since.offset_s)
    if len(runs[-1]) >= max(FROZEN_READINGS, FROZEN_TIMES * max(len(run) for run in runs[:-1])):
        text = f"from {shown_offset(since.offset_s)} on it stayed at {last_value:g}"
        text += f" in all {len(runs[-1])} readings, after it had moved: it may be frozen"
        return unknown(text).at(since.pointer, since.offset_s)
    values = [value for value, _ in readings]
    return passed(f"between {min(values):g} and {max(values):g}")
