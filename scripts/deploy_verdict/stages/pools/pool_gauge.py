"""Is a pool's gauge alive? One that never moves, or stands still at the end, proves nothing. Pure."""

from collections.abc import Sequence
from itertools import groupby

from deploy_verdict.base.units import shown_offset
from deploy_verdict.model import Outcome, Severity
from deploy_verdict.stages.pools.samples import PoolSample

# A gauge that has moved is taken for frozen when it stands still at the end for so many readings, and for
# three times as many as ever before in this window.
FROZEN_READINGS = 20
FROZEN_TIMES = 3
# How the words for a gauge that never moved begin.
STOOD = "it stood at"

Result = tuple[Outcome, Severity | None, str, PoolSample | None]


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
