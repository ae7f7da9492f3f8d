"""What settles a ledger entry: the same cleanup with the same values, and nothing else."""

from datetime import timedelta

import pytest

from deploy_verdict.model import LedgerEntry
from deploy_verdict.stages.writes.open_entries import unsettled
from tests.bundles import T0


def entry(number, state, captured, **more):
    fields = {"check": "orders", "entities": ("customer=TEST",), **more}
    at = T0 + timedelta(minutes=number)
    return LedgerEntry(id=f"a#{number}", at=at, state=state, captured=captured, **fields)


@pytest.mark.parametrize(
    ("left", "later", "is_open"),
    [
        (entry(0, "left", {}), entry(1, "settled", {}), False),
        (entry(0, "left", {"id": 7}), entry(1, "settled", {"id": 7}), False),
        (entry(0, "left", {"id": 7}), entry(1, "settled", {"id": 8}), True),
        (entry(0, "open", {}), entry(1, "settled", {"id": 8}), True),
        (entry(1, "left", {}), entry(0, "settled", {}), True),
        (entry(0, "left", {}), entry(1, "left", {}), True),
        (entry(0, "left", {}), entry(1, "settled", {}, check="other"), True),
        (entry(0, "left", {}), entry(1, "settled", {}, entities=()), True),
        (entry(0, "left", {"id": 7}), entry(1, "settled", {"id": 8}, settles="a#0"), False),
    ],
)
def test_a_later_run_settles_only_what_its_cleanup_restores(left, later, is_open):
    """DELETE /orders/{id} of a later run deletes that run's own order."""
    assert (left in unsettled([left, later])) == is_open
