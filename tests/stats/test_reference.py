"""Our statistics against the references of the field, on series with ties.

scipy is imported where it is needed: it takes 1.4 s, and each worker collects all tests.
"""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deploy_verdict.stats.bounds import (
    RARE,
    USUAL,
    at_least,
    at_most,
    clean_needed,
    exhausted_after_h,
    possible_percent,
)
from deploy_verdict.stats.trend import (
    holm,
    p_of_growth,
    score,
    shown_p,
    theil_sen,
    theil_sen_of_lives,
    variance,
)

# Connections in use: small whole numbers, so nearly every series has ties.
TIED = st.lists(st.integers(0, 6).map(float), min_size=4, max_size=30)


@given(TIED)
def test_mann_kendall_as_pymannkendall(values):
    import pymannkendall

    assume(len(set(values)) > 1)
    reference = pymannkendall.original_test(values)
    assert (score(values), variance(values)) == (reference.s, pytest.approx(reference.var_s))
    two_sided = 2 * min(p_of_growth(values), 1 - p_of_growth(values))
    assert two_sided == pytest.approx(reference.p)
    assert (p_of_growth(values) < 0.5) == (reference.z > 0)


@given(
    st.integers(2, 5).flatmap(
        lambda lives: st.lists(
            st.lists(st.integers(0, 6), min_size=lives, max_size=lives), min_size=4, max_size=9
        )
    )
)
def test_several_lives_as_pymannkendalls_seasons(rows):
    """A season of theirs is a life of ours: S and its variance are added."""
    import pymannkendall

    lives = [list(map(float, life)) for life in zip(*rows, strict=True)]
    assume(all(len(set(life)) > 1 for life in lives))
    flat = [value for row in rows for value in row]
    reference = pymannkendall.seasonal_test(flat, period=len(lives))
    assert sum(map(score, lives)) == reference.s
    assert 2 * min(p_of_growth(*lives), 1 - p_of_growth(*lives)) == pytest.approx(reference.p)
    times = [float(number) for number in range(len(rows))]
    slope = theil_sen_of_lives([(times, life) for life in lives]).estimate
    assert slope == pytest.approx(pymannkendall.seasonal_sens_slope(np.array(flat), period=len(lives)).slope)


@given(TIED)
def test_theil_sen_as_scipy(values):
    from scipy import stats

    assume(len(set(values)) > 1)
    times = [0.25 * number for number in range(len(values))]
    ours = theil_sen(times, values)
    reference = stats.theilslopes(values, times, alpha=0.9)
    assert ours.estimate == pytest.approx(reference.slope)
    assert (ours.low, ours.high) == (pytest.approx(reference.low_slope), pytest.approx(reference.high_slope))


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.integers(0, 6)), min_size=4, max_size=12, unique_by=lambda p: p[0]
    )
)
def test_theil_sen_of_uneven_times_as_scipy(points):
    from scipy import stats

    times, values = zip(*sorted(points), strict=True)
    assume(len(set(values)) > 1)
    reference = stats.theilslopes(values, times, alpha=0.9)
    ours = theil_sen(times, values)
    assert (ours.estimate, ours.high) == (pytest.approx(reference.slope), pytest.approx(reference.high_slope))


def test_a_series_of_ties_has_no_trend_and_no_width():
    assert p_of_growth([3.0] * 8) == 0.5
    slope = theil_sen(range(8), [3.0] * 8)
    assert (slope.low, slope.estimate, slope.high) == (0, 0, 0)


def test_four_blocks_are_the_fewest_that_can_show_growth():
    assert p_of_growth([1, 2, 3]) > 0.05 > p_of_growth([1, 2, 3, 4])


@pytest.mark.parametrize("count", [0, 0.5, 1, 2, 5, 13, 40])
def test_poisson_bounds_as_chi_square(count):
    from scipy import stats

    assert at_most(count, 2.0) == pytest.approx(stats.chi2.ppf(0.95, 2 * count + 2) / 4, rel=0.02)
    if count >= 1:
        assert at_least(count, 2.0) == pytest.approx(stats.chi2.ppf(0.05, 2 * count) / 4, rel=0.03)


def test_none_seen_excludes_no_less_than_three_in_the_window():
    assert at_most(0, 1.75) == -math.log(0.05) / 1.75
    assert at_most(-4, 1.75) == at_most(0, 1.75)


def test_exhaustion_is_a_range_of_the_count_as_chi_square_has_it():
    """Five more in 2 h leave 0.98 to 5.3 an hour possible; ten are then left for 1.9 to 10.2 h."""
    soonest, latest = exhausted_after_h(5, 2.0, 10.0)
    assert (round(soonest, 1), round(latest, 1)) == (1.9, 10.2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_as_defined(p_values):
    """The k-th smallest of m is multiplied by m - k + 1, and none falls below an earlier one."""
    order = np.argsort(p_values, kind="stable")
    m = len(p_values)
    raised = np.maximum.accumulate([min(1.0, (m - k) * p_values[index]) for k, index in enumerate(order)])
    assert [holm(p_values)[index] for index in order] == pytest.approx(raised)


def test_one_test_is_not_raised():
    assert holm([0.04]) == (0.04,)
    assert holm([0.04, 0.03]) == (0.06, 0.06)
    assert holm([0.04, 0.02]) == (0.04, 0.04)


def test_p_is_never_shown_as_nothing():
    assert (shown_p(0.0004), shown_p(0.0447)) == ("p < 0.001", "p = 0.045")


@given(st.integers(1, 20_000), st.floats(0, 0.2), st.sampled_from([USUAL, RARE]))
def test_the_share_that_errors_leave_possible_as_scipy(runs, share, wrong):
    """Clopper and Pearson's upper bound is a quantile of a beta distribution."""
    from scipy import stats

    bad = round(share * runs)
    reference = 100 * float(stats.beta.ppf(1 - wrong, bad + 1, runs - bad))
    assert possible_percent(bad, runs, wrong) == pytest.approx(reference, rel=1e-6)


@given(st.floats(0.01, 99.9), st.sampled_from([USUAL, RARE]))
def test_so_many_clean_runs_exclude_a_share_and_one_fewer_do_not(percent, wrong):
    wanted = clean_needed(percent, wrong)
    assert possible_percent(0, wanted, wrong) <= percent * (1 + 1e-9)
    assert possible_percent(0, max(wanted - 1, 0), wrong) > percent * (1 - 1e-9)
