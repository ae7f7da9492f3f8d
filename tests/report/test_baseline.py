"""Captured runs as columns: a measured value wins, and only bad-then-good proves the recovery."""

from dataclasses import replace

import pytest

from deploy_verdict.evidence.measures import captured
from deploy_verdict.model import MeasuredValue
from deploy_verdict.report.context import PROVEN, shown_baseline
from tests.report.stories import stable

MEASURE = "answers/completar/success"


def row_of(value, was, now):
    """The row of COMPLETAR's success rate, which a captured run measured."""
    story = stable()
    story.findings = {"health/completar/accept": {"outcome": now}}
    bundle, verdict = story.bundle(), story.verdict()
    column = bundle.plan.baseline.columns[-1]
    run = captured(bundle, verdict, "crisis")
    run = run.model_copy(update={"measures": {MEASURE: MeasuredValue(value=value, outcome=was)}})
    table = shown_baseline(replace(bundle, captures={column: run}), verdict).table
    return next(row for row, asked in zip(table.rows, bundle.plan.baseline.rows, strict=True)
                if asked.now == MEASURE)  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "mark"),
    [("fail", "pass", PROVEN), ("pass", "pass", ""), ("fail", "fail", ""), ("fail", "inconclusive", ""),
     ("inconclusive", "pass", ""), (None, "pass", "")],
)  # fmt: skip
def test_only_bad_then_and_good_now_is_proof(was, now, mark):
    assert row_of("0%", was, now)[-1] == mark


def test_a_measured_value_wins_and_one_that_is_not_known_does_not():
    assert row_of("3%", "fail", "pass")[-3] == "3% (measured)"
    assert "measured" not in "".join(row_of(None, "fail", "pass")[:-2])


def test_without_a_capture_the_table_is_as_it_was_written():
    story = stable()
    assert shown_baseline(story.bundle(), story.verdict()).table.headers[-1] == "Post-Deployment"
