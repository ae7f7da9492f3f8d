"""Runs side by side: verdict, criteria and measures, one column each. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy_verdict.evidence.measures import NOT_MEASURED, NOT_RUN
from deploy_verdict.markup.labels import MARK, moment
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import CapturedRun, Outcome

NOT_KNOWN = "not known"
# A count of zero by a check that could read nothing.
_NOTHING = re.compile(rf"{NOT_MEASURED}|{NOT_RUN}|0(/\d+|%)?( \(\d+ not known\))?")


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """One item in every run; None if it is not known."""

    name: str
    values: tuple[str | None, ...]


def compared_runs(runs: Sequence[CapturedRun]) -> tuple[ComparedRow, ...]:
    """Return what any of the runs knows, in the order in which it first occurs."""
    return tuple(_rows(runs))


def as_table(runs: Sequence[CapturedRun]) -> Table:
    """Return the rows as a table; what is missing never becomes a number."""
    rows = (
        (row.name, *(NOT_KNOWN if value is None else value for value in row.values))
        for row in compared_runs(runs)
    )
    return Table(headers=("", *(run.name for run in runs)), rows=tuple(rows))


def _rows(runs: Sequence[CapturedRun]) -> Iterator[ComparedRow]:
    yield ComparedRow(name="Verdict", values=tuple(run.outcome.shown for run in runs))
    yield ComparedRow(name="T0", values=tuple(moment(run.t0) for run in runs))
    yield ComparedRow(name="Commit", values=tuple(run.subject.commit for run in runs))
    for name in dict.fromkeys(item.name for run in runs for item in run.criteria):
        yield ComparedRow(name=name, values=tuple(_criterion(run, name) for run in runs))
    for name in dict.fromkeys(name for run in runs for name in run.measures):
        yield ComparedRow(name=name, values=tuple(_measure(run, name) for run in runs))


def _criterion(run: CapturedRun, name: str) -> str | None:
    found = next((item for item in run.criteria if item.name == name), None)
    if found is None or (found.outcome is Outcome.INCONCLUSIVE and _NOTHING.fullmatch(found.actual)):
        return None
    return f"{found.actual} {MARK[found.outcome]}"


def _measure(run: CapturedRun, name: str) -> str | None:
    found = run.measures.get(name)
    return found.value if found else None
