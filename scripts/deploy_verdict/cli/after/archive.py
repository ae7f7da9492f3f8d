"""Keep a judged window for good: report, verdict and an index of its evidence, in a folder of its own.

    deploy-verdict archive out/today              # into the plan's report.archive
    deploy-verdict archive out/today --dry-run    # only says what it would write and move
    deploy-verdict archive out/today --into docs/incidents/2026-02-02-redis-crisis

The folder is the plan's `folder`, the date of T0 and the plan's `name`, below the working directory. Files
that the plan's `move` names, such as INCIDENT*.md, are moved there. Run again, the command updates the
window's own archive, as after a later sample; another window's archive is never written to.

Exit codes: 0 archived, or nothing had changed; 2 wrong usage, or another window's archive is there; 3 the
evidence of the verdict has gone, or the disk refused.
"""

import argparse
from pathlib import Path

from deploy_verdict.follow_up.archive import archived
from deploy_verdict.window.judge_directory import judged_directory, read_verdict, refuse_without_evidence


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add = parser.add_argument
    add("out", type=Path, metavar="DIR", help="the window's directory, or the report's artifact unpacked")
    add("--into", type=Path, metavar="FOLDER", help="this folder, instead of the plan's and the date")
    add(
        "--name", metavar="NAME", help="what the archive is called after its date, instead of the plan's name"
    )
    add("--evidence", action="store_true", help="copy the evidence too, whatever the plan says")
    add("--dry-run", action="store_true", help="write and move nothing")
    parser.set_defaults(plan=None, target=None, without=[], corrected_plan=True)


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    verdict = read_verdict(options.out)
    options.without = list(verdict.left_out)
    bundle, now = judged_directory(options)
    refuse_without_evidence(bundle, verdict, options.out)
    for line in archived(bundle, verdict, options, now):
        print(line)
    return 0
