"""Put runs side by side: the verdict, the criteria, pool peaks, the E2E rate, errors; with --html, charts.

    deploy-verdict compare out/before out/after --html out/compared.html
    deploy-verdict compare plans/captures/crisis.json out/today --json
    deploy-verdict compare 3c1d9a2 f0ec7b5 --among out

Each is the directory of a run, which is judged by the plan that it holds, a file kept by --capture, or a
deployment's id or commit, of which the newest window in --among is taken. Prints a Markdown table; what a run
does not know reads "not known". The page of --html loads nothing: the same table, and every chart of the
report with a line for each run. Exits 0, whatever stands there.
"""

import argparse
from pathlib import Path

from deploy_verdict.cli.options import say
from deploy_verdict.markup.tables import table
from deploy_verdict.model import dumped
from deploy_verdict.report.page.comparison import render_comparison
from deploy_verdict.verdict.comparison import as_table, compared_runs
from deploy_verdict.window.directory.evidence_store import write_text
from deploy_verdict.window.directory.session import dumps
from deploy_verdict.window.judge_directory import TEMPLATES, run_named, run_of


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="a directory, a capture, or a deployment's id or commit")
    add(
        "--among",
        type=Path,
        default=Path("out"),
        metavar="DIR",
        help="where the deployments' windows are (out)",
    )
    add("--html", type=Path, metavar="FILE", help="write the page with the charts, too")
    add("--json", action="store_true", help="print the columns and rows as JSON")


def main(options: argparse.Namespace) -> int:
    """Do what the module says; returns the exit code."""
    runs = [run_of(run_named(name, options.among)) for name in options.runs]
    columns = [run.column for run in runs]
    if options.html is not None:
        write_text(options.html, render_comparison(runs, TEMPLATES))
        say(f"wrote {options.html}")
    if options.json:
        rows = [{"name": row.name, "values": row.values} for row in compared_runs(columns)]
        print(dumps({"columns": [dumped(column) for column in columns], "rows": rows}))
    else:
        print(table(as_table(columns)))
    return 0
