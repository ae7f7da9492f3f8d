"""Scatter from moment to moment: against scipy's F, and blind to a level and to a line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.stats.scatter import (
    degrees_of_freedom,
    lies_apart,
    p_of_ratio,
    scatter_variance,
    usual_scatter,
)


@given(st.floats(0.01, 30), st.floats(1, 40), st.floats(1, 400))
def test_p_of_a_ratio_as_scipys_f(ratio, above, below):
    from scipy import stats

    assert p_of_ratio(ratio, above, below) == pytest.approx(stats.f.sf(ratio, above, below), abs=1e-9)


def test_second_differences_see_neither_a_level_nor_a_line():
    assert scatter_variance([3 + 0.5 * number for number in range(9)]) == pytest.approx(0)
    assert scatter_variance([1, 2]) == 0
    # (1 - 2·5 + 1)² / 6
    assert scatter_variance([1, 5, 1]) == pytest.approx(64 / 6)


@pytest.mark.parametrize("count", [6, 8, 24])
def test_its_mean_and_degrees_of_freedom_are_those_of_simulated_series(count):
    """Of a chi-square over its degrees, the variance is 2 / degrees."""
    series = np.random.default_rng(1).normal(0, 3, (20_000, count))
    found = np.array([scatter_variance(row) for row in series.tolist()]) / 9
    assert found.mean() == pytest.approx(1, abs=0.02)
    assert 2 / found.var() == pytest.approx(degrees_of_freedom(count), rel=0.06)


def test_a_swing_does_not_make_itself_usual():
    """Of one block or of two, while a load that goes up and down all the time does."""
    assert usual_scatter([4, 4, 4, 9, 9, 4, 4, 4]) == 0
    assert usual_scatter([4, 4, 4, 9, 4, 4, 4, 4]) == 0
    assert usual_scatter([6, 4, 9, 5, 8, 6, 9, 4]) > 2


@pytest.mark.parametrize(
    ("values", "error", "apart"),
    [
        ([6, 4, 9, 5, 8, 6, 9, 4], 0.3, True),
        ([6, 4, 9, 5, 8, 6, 9, 4], 3.0, False),
        ([1, 2, 3, 4, 5, 6, 7, 8], 0.3, False),
        ([6, 4, 9], 0.3, False),
        ([6, 4, 9, 5], 0.0, True),
        ([4, 4, 4, 4], 0.0, False),
    ],
)
def test_values_lie_apart_by_more_than_their_errors(values, error, apart):
    assert lies_apart(values, [error] * len(values), 80) is apart
