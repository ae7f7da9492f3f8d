"""The page of `make real` is what its windows say, and they meet the targets."""

import pytest

from tests.real.table import PAGE, missed, page, written
from tests.real.windows import cause

FIRST = "**P1** GET /work answers 500 to every request since T+60min (00:53 UTC) - "


def test_the_page_is_that_of_the_windows_and_every_target_is_met():
    assert PAGE.read_text() == page(written())
    assert not list(missed(written()))


@pytest.mark.parametrize(
    ("fault", "told", "named"),
    [
        ("exhausted", FIRST + "**P1** The own pool is full since T+60min. 20 of 20 in use.",
         "The own pool is full since T+60min (P1)"),
        ("exhausted", FIRST + "**P2** The own pool: connections grow.", None),
        ("process", "- **P2** The service was restarted within the window - 1 check has no answer: x.",
         "The service was restarted within the window (P2)"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_one_clause_or_not_at_all(fault, told, named):
    assert cause(fault, told) == named


def test_a_stable_window_of_a_broken_service_is_missed():
    lines = written()
    broken = next(line for line in lines if line["cell"]["fault"] == "leak")
    spoilt = [*lines, {**broken, "outcome": "stable"}]
    assert len(list(missed(spoilt))) == 1 + len(list(missed(lines)))
