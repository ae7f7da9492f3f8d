"""Cells run: outcomes counted, the same for the same seed, whatever runs beside them."""

import hashlib
from collections import Counter

import numpy as np

from tests.calibration.judging import after_cycles, by_pool_judge, by_whole_judge, times_of
from tests.calibration.known_errors import outcome_of
from tests.calibration.traffic import simulated

CHUNK = 100


def random_for(cell, seed, chunk):
    """A generator of its own for each cell and chunk, so that cells can be added, and run side by side."""
    name = f"{seed}/{cell.group}/{cell.name}/{cell.mode}/{chunk}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def counted(cell, seed, windows):
    """Outcomes of so many windows."""
    outcomes = Counter()
    for chunk, start in enumerate(range(0, windows, CHUNK)):
        rng = random_for(cell, seed, chunk)
        if cell.errors is not None:
            outcomes.update(outcome_of(cell.errors, rng) for _ in range(min(CHUNK, windows - start)))
            continue
        if cell.between is not None:
            outcomes.update(cell.between(rng) for _ in range(min(CHUNK, windows - start)))
            continue
        seen = simulated(cell.world, times_of(cell.mode, cell.floor), min(CHUNK, windows - start), rng)
        gauges = after_cycles(cell.world, seen.gauge, rng) if cell.floor else seen.gauge
        for index, gauge in enumerate(gauges):
            if cell.whole:
                more = {"mode": cell.mode, "others": cell.others, "stale": cell.stale}
                outcomes[by_whole_judge(gauge, rng, cell.spoil, cell.median_ms, **more)] += 1
            else:
                requests = None if seen.requests is None else seen.requests[index].tolist()
                outcomes[by_pool_judge(cell.mode, gauge, requests, floor=cell.floor)] += 1
    return outcomes
