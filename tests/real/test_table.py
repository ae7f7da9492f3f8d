"""The page of `make real` is what its windows say, and they meet the targets."""

import pytest

from tests.real.table import PAGE, missed, page, written
from tests.real.windows import cause

FIRST = "2 issues found, the worst P1: health: status = 200. Expected: 200; found: 503 at T+1.5min. Also: "


def test_the_page_is_that_of_the_windows_and_every_target_is_met():
    assert PAGE.read_text() == page(written())
    assert not list(missed(written()))


@pytest.mark.parametrize(
    ("fault", "told", "named"),
    [
        ("exhausted", FIRST + "own pool: the pool is exhausted (P1); and 1 more.",
         "own pool: the pool is exhausted (P1)"),
        ("exhausted", FIRST + "own pool: connections grow.", None),
        ("process", "1 issue found, P2: The service was restarted within the window. Expected: a.",
         "The service was restarted within the window"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_one_clause_or_not_at_all(fault, told, named):
    assert cause(fault, told) == named


def test_a_stable_window_of_a_broken_service_is_missed():
    lines = written()
    broken = next(line for line in lines if line["cell"]["fault"] == "leak")
    spoilt = [*lines, {**broken, "outcome": "stable"}]
    assert len(list(missed(spoilt))) == 1 + len(list(missed(lines)))
