"""Compares runs on one page: the table of `compare`, and each chart with a line for every run. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import jinja2

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import MARK, counted
from deploy_verdict.markup.tables import Table
from deploy_verdict.model import CapturedRun, Outcome
from deploy_verdict.report.page import own_parts, page_environment
from deploy_verdict.report.page.charts import LOOKS, charts
from deploy_verdict.report.page.plots import Curve, DrawnPlot, Plot, drawn
from deploy_verdict.verdict.comparison import as_table

MET = {Outcome.PASS: "met", Outcome.FAIL: "not met", Outcome.INCONCLUSIVE: "inconclusive"}


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """A run as a column; a captured run has no bundle, and so no lines in the charts."""

    column: CapturedRun
    bundle: Bundle | None = None


def render_comparison(runs: Sequence[ComparedRun], loader: jinja2.BaseLoader) -> str:
    """Render the page; the same runs always give the same text."""
    named = _numbered(runs)
    environment = page_environment(loader)
    return environment.get_template("page/comparison.html.j2").render(
        runs=tuple(zip(named, LOOKS, strict=False)),
        compared=_in_words(named),
        charts=overlaid(named),
        notes=tuple(_notes(named)),
        **own_parts(environment, loader),
    )


def _in_words(runs: Sequence[ComparedRun]) -> Table:
    """Return the table with words for its marks, as not every browser has a font for those."""
    rows = as_table([run.column for run in runs]).rows
    headers = ("Measure", *(run.column.name for run in runs))
    return Table(headers=headers, rows=tuple(tuple(map(_without_mark, row)) for row in rows))


def _without_mark(cell: str) -> str:
    for outcome, mark in MARK.items():
        if cell.endswith(f" {mark}"):
            return f"{cell.removesuffix(f' {mark}')} ({MET[outcome]})"
    return cell


def _numbered(runs: Sequence[ComparedRun]) -> tuple[ComparedRun, ...]:
    """Number the runs that share a name, as two directories may."""
    seen, many = Counter[str](), Counter(run.column.name for run in runs)
    named = []
    for run in runs:
        name = run.column.name
        seen[name] += 1
        if many[name] > 1:
            column = run.column.model_copy(update={"name": f"{name} ({seen[name]})"})
            named.append(replace(run, column=column))
        else:
            named.append(run)
    return tuple(named)


def overlaid(runs: Sequence[ComparedRun]) -> tuple[DrawnPlot, ...]:
    """Return a chart for each line of a report's charts, with that line of every run."""
    parts: dict[tuple[str, str], list[tuple[str, str, Plot, Curve]]] = {}
    longest_s = 0.0
    for run, look in zip(runs, LOOKS, strict=False):
        if run.bundle is None:
            continue
        longest_s = max(longest_s, run.bundle.window.length_s)
        for plot in (chart.data for chart in charts(run.bundle, ())):
            for curve in plot.series:
                title = plot.title if len(plot.series) == 1 else f"{plot.title}: {curve.name}"
                parts.setdefault((title, plot.unit), []).append((run.column.name, look, plot, curve))
    return tuple(
        drawn(_in_one_plot(title, unit, found), (), longest_s) for (title, unit), found in parts.items()
    )


def _in_one_plot(title: str, unit: str, found: Sequence[tuple[str, str, Plot, Curve]]) -> Plot:
    offsets_s = sorted({at_s for *_, curve in found for at_s in curve.values})
    return Plot(
        title=title,
        unit=unit,
        series=tuple(Curve(name=name, look=look, values=curve.values) for name, look, _, curve in found),
        said={at_s: "; ".join(_labels_at(found, at_s)) for at_s in offsets_s},
        # Runs of one plan share their limits; those of different plans show each.
        limits=tuple(dict.fromkeys(limit for _, _, plot, _ in found for limit in plot.limits)),
        least_top=max(plot.least_top for _, _, plot, _ in found),
    )


def _labels_at(found: Sequence[tuple[str, str, Plot, Curve]], at_s: float) -> Iterator[str]:
    for name, _, _, curve in found:
        if at_s in curve.values:
            value = curve.values[at_s]
            yield f"{name}: no reading" if value is None else f"{name}: {value:,.4g}"


def _notes(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Yield what a reader must know before comparing."""
    for run in runs:
        column = run.column
        if run.bundle is None:
            yield f"{column.name} is a captured run: it keeps measures and no samples, so it has no line."
        if column.speed != 1:
            yield f"{column.name} ran {column.speed:g} times as fast as the clock: a rehearsal."
    if len({run.column.plan_name for run in runs}) > 1:
        yield "The runs were judged by different plans."
    elif len({run.column.plan_sha256 for run in runs}) > 1:
        yield "The runs were judged by different versions of the plan."
    if len({run.column.length_s for run in runs}) > 1:
        yield "The windows are not equally long."
    if len(runs) > len(LOOKS):
        yield f"{counted(len(runs) - len(LOOKS), 'run')} more in the table than lines in the charts."
