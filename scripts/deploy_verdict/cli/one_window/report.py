"""Render the report of a judged directory: POST-DEPLOYMENT-MONITORING-REPORT.md, report.html and comment.md.

    deploy-verdict report --out out/today
    deploy-verdict report --out out/today --open

report.html is one page that loads nothing. The verdict is the one in verdict.json: nothing is judged anew.
Where its evidence has gone, no report is written (exit 3).
"""

import argparse
import sys
import webbrowser

from deploy_verdict.cli.options import add_window
from deploy_verdict.report import PAGE_NAME
from deploy_verdict.window.judge_directory import (
    judged_directory,
    read_verdict,
    refuse_without_evidence,
    write_reports,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser, kept=True)
    parser.add_argument("--open", action="store_true", help="show report.html in this machine's browser")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    verdict = read_verdict(options.out)
    options.without = list(verdict.left_out)
    options.corrected_plan = True
    bundle, now = judged_directory(options)
    refuse_without_evidence(bundle, verdict, options.out)
    print(write_reports(bundle, verdict, options.out, now))
    if options.open:
        page = (options.out / PAGE_NAME).resolve()
        if not webbrowser.open(page.as_uri()):
            print(f"no browser could be opened here: open {page} yourself", file=sys.stderr)
    return 0
