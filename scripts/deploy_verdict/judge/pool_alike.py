"""Is a burst many readings, or one? Where connections are held as long as it takes, all is alike. Pure.

Then a burst's mean scatters as a single reading does, whatever its own readings say. Without this, 15 % of
healthy busy pools whose connections are held for 30 s were called worse than that (docs/calibration.md).
"""

import statistics
from collections.abc import Sequence
from itertools import pairwise

from deploy_verdict.judge.pool_blocks import BURST_READINGS
from deploy_verdict.pool_samples import PoolSample

# Measured on simulated bursts of 30 readings in 30 s, the median of nine: 0.32 to 0.65 where connections are
# held for 2 s, 0.57 and more for 10 s, 0.63 and more for 30 s (each 99 of 100).
ALIKE = 0.65
FEWEST_BURSTS = 3


def are_single(samples: Sequence[PoolSample]) -> bool:
    """Whether each burst counts as one reading: by the median burst, which no single jump or leak moves."""
    found = [r for sample in samples if (r := _neighbours(sample)) is not None]
    return len(found) >= FEWEST_BURSTS and statistics.median(found) >= ALIKE


def _neighbours(sample: PoolSample) -> float | None:
    """The correlation of neighbouring readings; None where there are too few, or nothing moves."""
    values = [level.percent for level in sample.levels]
    if len(values) < BURST_READINGS:
        return None
    middle = statistics.fmean(values)
    variance = sum((value - middle) ** 2 for value in values)
    together = sum((a - middle) * (b - middle) for a, b in pairwise(values))
    return together / variance if variance else None
