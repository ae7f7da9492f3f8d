"""Faults of the readings themselves: what the fault cells do to the evidence of a healthy busy window.

Each takes the bursts of one window (lists of readings) and a random generator, and gives them back spoiled;
a burst that is None was never taken.
"""

import json

from deploy_verdict.model import Reading
from tests.bundles import OUR_DNS, REFUSED
from tests.calibration.traffic import SIZE


def _of(body, status=200):
    return Reading(offset_s=0.0, status=status, body=json.dumps(body), elapsed_ms=3.0)


def dead_from(number, used=3):
    """The gauge stands still from the burst of that number on."""

    def spoil(bursts, rng):
        still = used if number == 0 else json.loads(bursts[number][0].body)["used"]
        return [
            burst if index < number else [_of({"used": still, "limit": SIZE})] * len(burst)
            for index, burst in enumerate(bursts)
        ]

    return spoil


def field_missing(bursts, rng):
    """The gauge's field is not in any answer."""
    return [[_of({"limit": SIZE})] * len(burst) for burst in bursts]


def field_missing_once(bursts, rng):
    """In one answer of 270, anywhere."""
    return _one_reading(bursts, rng, _of({"used": None, "limit": SIZE}))


def exhausted_for_a_burst(bursts, rng):
    """All connections in use during one burst."""
    hit = rng.integers(len(bursts))
    full = [_of({"used": SIZE, "limit": SIZE})]
    return [full * len(burst) if index == hit else burst for index, burst in enumerate(bursts)]


def exhausted_once(bursts, rng):
    """All connections in use in one reading of 270."""
    return _one_reading(bursts, rng, _of({"used": SIZE, "limit": SIZE}))


def lost(number):
    """So many bursts, anywhere, were never taken."""

    def spoil(bursts, rng):
        gone = set(rng.choice(len(bursts), number, replace=False).tolist())
        return [None if index in gone else burst for index, burst in enumerate(bursts)]

    return spoil


def last_lost(bursts, rng):
    """The window's last burst was never taken."""
    return [*bursts[:-1], None]


def not_asked(share):
    """Each reading fails by our own network with this chance."""
    return _each(share, Reading(offset_s=0.0, fault=OUR_DNS))


def refused(share):
    """The service refuses each connection with this chance."""
    return _each(share, Reading(offset_s=0.0, fault=REFUSED))


def errors(share):
    """The service answers 500 with this chance."""
    return _each(share, _of({"detail": "Internal Server Error"}, status=500))


def _each(share, bad):
    def spoil(bursts, rng):
        return [[bad if rng.random() < share else reading for reading in burst] for burst in bursts]

    return spoil


def _one_reading(bursts, rng, bad):
    hit, place = rng.integers(len(bursts)), rng.integers(len(bursts[0]))
    return [
        [bad if (index, at) == (hit, place) else reading for at, reading in enumerate(burst)]
        for index, burst in enumerate(bursts)
    ]
