"""Is a pool's gauge to be believed? It must agree with itself and the answers, and show our load. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.exchanges import Sent, all_sent
from deploy_verdict.evidence.pool_samples import DOUBTED, PoolSample
from deploy_verdict.model import Finding, Outcome, Severity
from deploy_verdict.plan import Pool
from deploy_verdict.stages.pools.judge_exercise import judge_exercise

Result = tuple[Outcome, Severity | None, str, PoolSample | None]
Told = tuple[str, PoolSample]

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


def believed(bundle: Bundle, pool: Pool) -> tuple[Result, str | None]:
    """The gauge's result, and the pointer to the exercise where that is what decided."""
    samples = bundle.samples[pool.name]
    for reason in (_disagreement(samples), _fine_while_failing(bundle, pool), _replay(samples)):
        if reason is not None:
            return (Outcome.INCONCLUSIVE, None, *reason), None
    standing = judge_gauge(samples)
    if pool.exercise is None:
        return standing, None
    proven, told, pointer = judge_exercise(bundle, pool, pool.exercise)
    if not proven:
        return (Outcome.INCONCLUSIVE, None, told, None), pointer
    outcome, severity, moved, sample = standing
    if outcome is Outcome.PASS or moved.startswith(STOOD):
        return (Outcome.PASS, None, f"{told}; {moved.partition(':')[0]}", None), pointer
    return (outcome, severity, moved, sample), None


def doubted(finding: Finding, gauge: Finding) -> Finding:
    """What rests on a gauge that is not believed is not known; what it shows to be bad stays bad."""
    if gauge.outcome is Outcome.PASS or finding.outcome is not Outcome.PASS or finding.rule not in RESTING:
        return finding
    told = f"{DOUBTED}: {gauge.actual}"
    return finding.model_copy(update={"outcome": Outcome.INCONCLUSIVE, "actual": told})


def _disagreement(samples: Sequence[PoolSample]) -> Told | None:
    """A gauge whose numbers contradict each other."""
    levels = [(level, sample) for sample in samples for level in sample.levels]
    bad = [(level.contradiction, sample) for level, sample in levels if level.contradiction]
    if len(bad) < max(2.0, TORN_SHARE * len(levels)):
        return None
    first, sample = bad[0]
    told = f"it contradicts itself in {len(bad)} of {len(levels)} readings: {first}"
    return f"{told} (at {shown_offset(sample.offset_s)})", sample


def _fine_while_failing(bundle: Bundle, pool: Pool) -> Told | None:
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
    said = SAYS_FULL.search(item.exchange.body or "")
    told = f'{len(lies)} answers said "{said.group(0) if said else ""}" (the first at {_when(item)})'
    level = max(sample.levels, key=lambda level: level.percent)
    return f"{told} while it showed at most {level.used:g} of {level.limit:g}", sample


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


def _when(item: Sent) -> str:
    return shown_offset(item.offset_s)


def _replay(samples: Sequence[PoolSample]) -> Told | None:
    """The very same series of numbers in every sample."""
    series = [tuple(level.used for level in sample.levels) for sample in samples if sample.levels]
    changes = sum(a != b for a, b in zip(series[0], series[0][1:], strict=False)) if series else 0
    if len(series) < 3 or len(series[0]) < SERIES or changes < CHANGES or len(set(series)) > 1:
        return None
    told = f"the same {len(series[0])} readings come back in each of {len(series)} samples: it is a recording"
    return told, next(sample for sample in samples if sample.levels)


# A gauge that has moved is taken for frozen when it stands still at the end for so many readings, and for
# three times as many as ever before in this window.
FROZEN_READINGS = 20
FROZEN_TIMES = 3
# How the words for a gauge that never moved begin.
STOOD = "it stood at"


def judge_gauge(samples: Sequence[PoolSample]) -> Result:
    """Values of all readings in their order."""
    readings = [(level.used, sample) for sample in samples for level in sample.levels]
    if len(readings) < 2:
        return Outcome.INCONCLUSIVE, None, "too few readings to see it move", None
    runs = [list(run) for _, run in groupby(readings, key=lambda reading: reading[0])]
    last_value, since = runs[-1][0]
    if len(runs) == 1:
        text = f"{STOOD} {last_value:g} in all {len(readings)} readings"
        return Outcome.INCONCLUSIVE, None, f"{text}: a gauge that never moves proves nothing", since
    if len(runs[-1]) >= max(FROZEN_READINGS, FROZEN_TIMES * max(len(run) for run in runs[:-1])):
        text = f"from {shown_offset(since.offset_s)} on it stood at {last_value:g}"
        told = f"{text} in all {len(runs[-1])} readings, after it had moved: it may be frozen"
        return Outcome.INCONCLUSIVE, None, told, since
    values = [value for value, _ in readings]
    return Outcome.PASS, None, f"between {min(values):g} and {max(values):g}", None
