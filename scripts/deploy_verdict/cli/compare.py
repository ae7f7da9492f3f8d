"""Put runs side by side: the verdict, the criteria, pool peaks, the E2E rate, errors.

    deploy-verdict compare out/before out/after
    deploy-verdict compare plans/captures/crisis.json out/today --json

Each is the directory of a run, which is judged by the plan that it holds, or a file kept by --capture.
Prints a Markdown table; what a run does not know reads "not known". Exits 0, whatever stands there.
"""

import argparse
from pathlib import Path

from deploy_verdict.markup.tables import table
from deploy_verdict.model import dumped
from deploy_verdict.verdict.comparison import as_table, compared_runs
from deploy_verdict.window.judge_directory import column_of
from deploy_verdict.window.session import dumps


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a directory or a capture")
    parser.add_argument("--json", action="store_true", help="print the columns and rows as JSON")


def main(options: argparse.Namespace) -> int:
    """Do what the module says; returns the exit code."""
    columns = [column_of(path) for path in options.runs]
    if options.json:
        rows = [{"name": row.name, "values": row.values} for row in compared_runs(columns)]
        print(dumps({"columns": [dumped(column) for column in columns], "rows": rows}))
    else:
        print(table(as_table(columns)))
    return 0
