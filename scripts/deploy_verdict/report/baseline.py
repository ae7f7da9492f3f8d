"""Compares with the incident: hand-written columns, replaced by captured runs if there are any. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.columns import measured
from deploy_verdict.evidence.measures import measure
from deploy_verdict.markup.labels import moment
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import CapturedRun, MeasuredValue, Outcome, Verdict
from deploy_verdict.plan.sections.report import Baseline, BaselineRow

PROVEN = "✅ proven"


@dataclass(frozen=True, kw_only=True)
class ShownBaseline:
    """The table, and where its measured columns come from."""

    table: Table
    notes: tuple[str, ...]


def shown_baseline(bundle: Bundle, verdict: Verdict) -> ShownBaseline | None:
    """Return the comparison; None if the plan has no baseline.

    A measured value replaces a written one and is marked as measured. Recovery is proven by a row that failed
    in a captured run and passes now.
    """
    baseline = bundle.plan.baseline
    if baseline is None:
        return None
    runs = {column: run for column, run in bundle.captures.items() if isinstance(run, CapturedRun)}
    headers = ("Metric", *baseline.columns, "Post-Deployment", *(("Recovery",) if runs else ()))
    rows = tuple(_row(bundle, verdict, baseline, row, runs) for row in baseline.rows)
    return ShownBaseline(table=Table(headers=headers, rows=rows), notes=tuple(_notes(bundle)))


def _row(
    bundle: Bundle, verdict: Verdict, baseline: Baseline, row: BaselineRow, runs: dict[str, CapturedRun]
) -> tuple[str, ...]:
    cells = [
        _cell(written, runs[column].measures.get(row.now) if column in runs else None)
        for column, written in zip(baseline.columns, row.values, strict=True)
    ]
    now = measure(bundle, verdict.findings, row.now)
    if not runs:
        return row.metric, *cells, now
    was_bad = any(run.measures.get(row.now, MeasuredValue()).outcome is Outcome.FAIL for run in runs.values())
    is_good = measured(bundle, verdict.findings, row.now).outcome is Outcome.PASS
    return row.metric, *cells, now, PROVEN if was_bad and is_good else ""


def _cell(written: str, found: MeasuredValue | None) -> str:
    return written if found is None or found.value is None else f"{found.value} (measured)"


def _notes(bundle: Bundle) -> Iterator[str]:
    for column, run in bundle.captures.items():
        if isinstance(run, CapturedRun):
            commit = f", commit {run.subject.commit}" if run.subject.commit else ""
            yield f"{column}: measured in run {run.name}, {moment(run.t0)}, {run.outcome.shown}{commit}"
        else:
            yield f"{column}: as written in the plan ({run})"
