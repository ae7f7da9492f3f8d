"""The ratio of two rates and its exact interval."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.stats.bounds import CONFIDENCE, rate_ratio

TAIL = (1 - CONFIDENCE) / 2


def binomial_tail(n, p, least):
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(least, n + 1))


def share(ratio):
    return ratio / (1 + ratio)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_interval_ends_where_the_binomials_tails_have_half_of_the_rest(now, before):
    """Clopper and Pearson by their definition, summed term by term."""
    ratio = rate_ratio(now, 60, before, 60)
    if now + before == 0:
        assert ratio is None
        return
    n = now + before
    if now:
        assert binomial_tail(n, share(ratio.low), now) == pytest.approx(TAIL, rel=1e-6)
        assert ratio.low < ratio.value
    if before:
        assert 1 - binomial_tail(n, share(ratio.high), now + 1) == pytest.approx(TAIL, rel=1e-6)
        assert ratio.value < ratio.high
    assert (now == 0) == (ratio.low == 0)
    assert (before == 0) == math.isinf(ratio.high)


def test_the_length_of_the_stretches_counts():
    assert rate_ratio(20, 7200, 10, 3600).value == pytest.approx(1)
    assert rate_ratio(10, 3600, 10, 7200).value == pytest.approx(2)


def test_great_counts_are_no_trouble():
    ratio = rate_ratio(1_000_000, 7200, 500_000, 3600)
    assert ratio.low < 1 < ratio.high
    assert ratio.high - ratio.low < 0.02


@pytest.mark.parametrize("bad", [(1, 0, 1, 1), (1, 1, 1, 0), (-1, 1, 2, 1), (0, 1, 0, 1)])
def test_nothing_to_compare(bad):
    assert rate_ratio(*bad) is None
