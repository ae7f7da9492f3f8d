"""Is a burst many readings, or one? Where connections are held as long as it takes, all is alike. Pure.

Then a burst's mean scatters as a single reading does, whatever its own readings say. Without this, 15 % of
healthy busy pools whose connections are held for 30 s were called worse than that (docs/calibration.md).
"""

import statistics
from collections.abc import Sequence

from deploy_verdict.stages.pools.judge_blocks import BURST_READINGS, likeness
from deploy_verdict.stages.pools.samples import PoolSample

# Measured on simulated bursts of 30 readings in 30 s, the median of nine: 0.32 to 0.65 where connections are
# held for 2 s, 0.57 and more for 10 s, 0.63 and more for 30 s (each 99 of 100).
ALIKE = 0.65
FEWEST_BURSTS = 3


def are_single(samples: Sequence[PoolSample]) -> bool:
    """Whether each burst counts as one reading: by the median burst, which no single jump or leak moves."""
    bursts = [sample.levels for sample in samples if len(sample.levels) >= BURST_READINGS]
    found = [r for burst in bursts if (r := likeness([level.percent for level in burst])) is not None]
    return len(found) >= FEWEST_BURSTS and statistics.median(found) >= ALIKE
