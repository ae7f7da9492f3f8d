"""What requests explain is left out, what time does stays: numpy's least squares of both."""

import numpy as np
import pytest

from deploy_verdict.stats.covariate import correlation, is_a_ramp, without

TIMES = [0.25 * number for number in range(8)]
REQUESTS = [300, 420, 250, 500, 330, 280, 460, 310]


def test_a_leak_stays_and_the_load_goes():
    values = [1 + 0.01 * request + 2 * time for request, time in zip(REQUESTS, TIMES, strict=True)]
    left = without(TIMES, REQUESTS, values)
    assert np.polyfit(TIMES, left, 1)[0] == pytest.approx(2)
    assert np.ptp(np.array(left) - 2 * np.array(TIMES)) == pytest.approx(0, abs=1e-9)


def test_the_share_is_numpys():
    values = [3.0, 5.0, 2.0, 6.0, 5.0, 4.0, 7.0, 6.0]
    both = np.column_stack([np.ones(8), REQUESTS, TIMES])
    share = np.linalg.lstsq(both, np.array(values), rcond=None)[0][1]
    explained = share * (np.array(REQUESTS) - np.mean(REQUESTS))
    assert without(TIMES, REQUESTS, values) == pytest.approx(np.array(values) - explained)


def test_requests_never_take_connections_away():
    values = [9.0 - 0.01 * request for request in REQUESTS]
    assert without(TIMES, REQUESTS, values) == pytest.approx(values)


def test_a_ramp_cannot_be_told_from_time():
    assert is_a_ramp(TIMES, [100 + 10 * number for number in range(8)])
    assert not is_a_ramp(TIMES, REQUESTS)
    assert correlation(TIMES, [5] * 8) == 0
