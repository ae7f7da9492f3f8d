"""Say what to do about a judged window; with --rollback, roll back to a deployment that was good.

    deploy-verdict rollback --plan plans/zeues.yml --out out/today                         # the advice
    deploy-verdict rollback --plan plans/zeues.yml --out out/today --rollback --dry-run    # the intention
    deploy-verdict rollback --plan plans/zeues.yml --out out/today --rollback              # does it, once

A rollback needs a CRITICAL verdict, and a target that this tool judged STABLE, or that you name with
--to. It is asked for once (rollback.json remembers), followed until it is live, and verified with the
plan's health checks.

Exit codes: 0 rolled back and healthy, or advice given; 11 a health check fails, or the rollback failed;
12 not known; 2 wrong usage, or no safe target; 3 Railway refused it.
"""

import argparse

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_window, add_without, offset_s, say
from deploy_verdict.follow_up.rollback_command import advice, roll_back, would_do
from deploy_verdict.window.directory.session import dumps
from deploy_verdict.window.judge_directory import judged_directory


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser)
    add_without(parser)
    add = parser.add_argument
    add("--rollback", action="store_true", help="roll back; without it nothing is changed")
    add("--dry-run", action="store_true", help="with --rollback: only say what it would do, and why")
    add("--to", metavar="ID", help="the deployment to roll back to, where you know that it was good")
    add("--whatever-the-verdict", action="store_true", help="also when the verdict is not CRITICAL")
    add("--wait", type=offset_s, default=600.0, metavar="TIME", help="for the rollback to be live (10m)")
    add("--json", action="store_true", help="print the lines as JSON")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    options.corrected_plan = False
    if not options.rollback and (options.dry_run or options.to):
        raise UsageError("--dry-run and --to belong to --rollback — add it")
    code = 0
    if options.rollback and not options.dry_run:
        code, lines = roll_back(options, say)
    else:
        bundle, _ = judged_directory(options)
        lines = list(would_do(bundle, options) if options.rollback else advice(bundle, options))
    print(dumps({"lines": lines, "exit_code": code}) if options.json else "\n".join(lines))
    return code
