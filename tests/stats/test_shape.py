"""Level, line, step or bend: the right one of clear series, and numpy's least squares behind it."""

import numpy as np
import pytest

from deploy_verdict.stats.shape import BEND, LEVEL, LINE, STEP, aicc, shapes

NOISE = (0.1, -0.2, 0.2, -0.1, 0.0, 0.2, -0.2, 0.1)
TIMES = [0.25 * number for number in range(8)]


@pytest.mark.parametrize(
    ("values", "kind", "at"),
    [
        ([4] * 8, LEVEL, 0),
        ([4 + number for number in range(8)], LINE, 0),
        ([4, 4, 4, 9, 9, 9, 9, 9], STEP, 3),
        ([9, 9, 9, 9, 9, 9, 4, 4], STEP, 6),
        ([2, 5, 8, 11, 11, 11, 11, 11], BEND, 3),
    ],
)
def test_clear_series_are_what_they_are(values, kind, at):
    best = shapes(TIMES, [a + b for a, b in zip(values, NOISE, strict=True)], 0.1)[0]
    assert (best.kind, best.at) == (kind, at)


def test_a_steps_size_is_the_difference_of_both_levels():
    assert shapes(TIMES, [4, 4, 4, 9, 9, 9, 9, 9], 0.3)[0].size == pytest.approx(5)


def test_the_line_is_numpys():
    values = [3.0, 5.0, 4.0, 6.0, 8.0, 7.0, 7.5, 9.0]
    _, (rss,), *_ = np.polyfit(TIMES, values, 1, full=True)
    line = next(shape for shape in shapes(TIMES, values, 1e-6) if shape.kind == LINE)
    # n ln(RSS / n) + 2k + 2k(k + 1) / (n - k - 1), of three parameters
    assert line.aicc == pytest.approx(8 * np.log(rss / 8) + 6 + 24 / 4, abs=1e-6)


def test_few_points_fit_few_models():
    assert aicc(1.0, 5, 4) == float("inf")
    assert {shape.kind for shape in shapes(TIMES[:3], [1, 2, 3], 0.3)} <= {LEVEL, LINE, BEND}
