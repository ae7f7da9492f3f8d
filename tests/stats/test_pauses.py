import math
import random

import pytest

from deploy_verdict.stats.pauses import PARTS, sudden_pause


def poisson(rng, mean):
    """By Knuth; normal where that would take long."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def wandering(rng, mean, spread, memory):
    """Log-normal rates, each like the one before it."""
    state, counts = rng.gauss(0, spread), []
    for _ in range(PARTS):
        state = memory * state + math.sqrt(1 - memory**2) * rng.gauss(0, spread)
        counts.append(poisson(rng, mean * math.exp(state - spread**2 / 2)))
    return counts


def bursts(rng, mean):
    """On for 8 parts, off for 6, on the average."""
    counts, is_on = [], rng.random() < 0.5
    for _ in range(PARTS):
        is_on ^= rng.random() < 1 / (8 if is_on else 6)
        counts.append(poisson(rng, mean if is_on else mean / 50))
    return counts


def without(counts, rng, parts):
    first = rng.randrange(5, len(counts) - parts - 5)
    return [*counts[:first], *[0] * parts, *counts[first + parts :]]


@pytest.mark.parametrize(
    "series",
    [lambda rng, mean=mean, spread=spread, memory=memory: wandering(rng, mean, spread, memory)
     for mean in (0.3, 1, 3, 10, 60) for spread, memory in ((0, 0), (0.7, 0.8), (1.2, 0.95))]
    + [lambda rng, mean=mean: bursts(rng, mean) for mean in (1, 5, 60)],
)  # fmt: skip
def test_ordinary_traffic_has_no_sudden_pause(series):
    rng = random.Random(1)
    assert sum(sudden_pause(series(rng)) is not None for _ in range(300)) <= 6


@pytest.mark.parametrize(("mean", "parts"), [(10, 5), (60, 5), (3, 9)])
def test_an_outage_in_steady_traffic_is_found(mean, parts):
    rng = random.Random(1)
    found = [sudden_pause(without(wandering(rng, mean, 0, 0), rng, parts)) for _ in range(50)]
    assert sum(pause is not None for pause in found) >= 48


def test_it_says_when_and_what_came_after():
    pause = sudden_pause([10] * 50 + [0] * 10 + [40, 40] + [10] * 63)
    assert (pause.begins, pause.ends, pause.after) == (50 / 125, 60 / 125, 40)
    assert 10 < pause.usual < 13


@pytest.mark.parametrize(
    "counts",
    [
        [],
        [0] * PARTS,
        [5] * PARTS,
        [5] * 100 + [0] * 25,  # it did not go on: the samples after it say so
        [0] * 25 + [5] * 100,
        ([5] * 6 + [0] * 9) * 8,  # by the quarter of an hour, as a cron job
        [5] * 40 + [4, 3, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 3] + [5] * 72,  # it faded out
    ],
)
def test_what_is_no_sudden_pause(counts):
    assert sudden_pause(counts) is None
