"""The world that the calibration simulates: one gauge of a pool of 20, through many windows at once.

Connections in use are an M/M/infinity queue: stationary Poisson, correlation exp(-t / hold). Leaked ones
are a Poisson process that never gives back. The gauge is their sum, clipped at the pool's size. This is the
model of the research behind the rule; real traffic is burstier.
"""

from dataclasses import dataclass

import numpy as np

SIZE = 20
WINDOW_S = 7200.0
WANDER_SHARE, WANDER_S = 0.3, 1800.0
FILLED_AFTER_S = 600.0
STEPS_S = np.arange(0.0, WINDOW_S + 60, 60)
REQUESTS_PER_STEP = 300.0


@dataclass(frozen=True, kw_only=True)
class World:
    """What is true of the service. `use` is the mean of connections in use, `leak` is for each hour.

    `counted_requests`: the platform tells how many requests there were in each minute.
    """

    use: float
    leak: float = 0.0
    shape: str = "steady"
    hold_s: float = 2.0
    spike_every_s: float = 0.0
    spike_s: float = 20.0
    spike_by: float = 10.0
    counted_requests: bool = False


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The gauge, a row for each window; and requests by minute where they are counted."""

    gauge: np.ndarray
    requests: np.ndarray | None


def simulated(world, times_s, windows, rng):
    """The gauge at these times in so many windows, each drawn anew."""
    level_at_steps = _levels(world.shape, windows, rng)
    requests = rng.poisson(REQUESTS_PER_STEP * level_at_steps) if world.counted_requests else None
    level = np.stack([np.interp(times_s, STEPS_S, row) for row in level_at_steps])
    means = world.use * level + _spikes(world, times_s, windows, rng)
    return Windows(gauge=_clipped(world, times_s, means, rng), requests=requests)


def _clipped(world, times_s, means, rng):
    gaps_s = np.diff(times_s, prepend=0.0)
    leaked = np.cumsum(rng.poisson(world.leak * gaps_s / 3600, means.shape), axis=1)
    return np.minimum(_in_use(world, gaps_s, means, rng) + leaked, SIZE)


def _in_use(world, gaps_s, means, rng):
    """Each connection is given back with rate 1 / hold; new ones come as the mean asks."""
    now = rng.poisson(means[:, 0])
    found = [now]
    for index in range(1, means.shape[1]):
        kept = np.exp(-gaps_s[index] / world.hold_s)
        now = rng.binomial(now, kept) + rng.poisson(means[:, index] * (1 - kept))
        found.append(now)
    return np.stack(found, axis=1)


def _spikes(world, times_s, windows, rng):
    if not world.spike_every_s:
        return 0.0
    shift_s = rng.uniform(0, world.spike_every_s, (windows, 1))
    return world.spike_by * ((times_s + shift_s) % world.spike_every_s < world.spike_s)


def _levels(shape, windows, rng):
    """Traffic by minute as a share of its mean."""
    level = np.ones((windows, len(STEPS_S)))
    if shape == "doubling":
        return level * (1 + STEPS_S / WINDOW_S)
    if shape == "warm-up":
        return level * np.minimum(1.0, STEPS_S / FILLED_AFTER_S)
    return _wandering(windows, rng) if shape == "wandering" else level


def _wandering(windows, rng):
    """An Ornstein-Uhlenbeck process around 1: 30 % wide, with a memory of half an hour."""
    kept = np.exp(-(STEPS_S[1] - STEPS_S[0]) / WANDER_S)
    found = [rng.normal(0, WANDER_SHARE, windows)]
    for _ in STEPS_S[1:]:
        found.append(kept * found[-1] + WANDER_SHARE * np.sqrt(1 - kept**2) * rng.normal(size=windows))
    return np.maximum(0.05, 1 + np.stack(found, axis=1))
