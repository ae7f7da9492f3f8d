"""Judge the evidence of a directory and write verdict.json.

    deploy-verdict judge --out out/today                           # by the plan that it holds
    deploy-verdict judge --out out/today --plan other.yml --corrected-plan
    deploy-verdict judge --out out/today --what-if pools.redis.attention=60%

--what-if (repeatable) says what would change if the plan were another, and writes nothing: the path goes
by keys and by the names of list members. Its exit code is that of the verdict that would be.

Exit codes: 0 stable, 10 attention, 11 critical, 12 inconclusive, 2 wrong usage or plan, 3 could not run.
"""

import argparse

from deploy_verdict.cli.options import add_window, add_without
from deploy_verdict.model import dumped
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.window.directory.session import dumps
from deploy_verdict.window.judge_directory import (
    history_of,
    judged_directory,
    remember_verdict,
    would_be,
    write_verdict,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser, kept=True)
    add_without(parser)
    parser.add_argument(
        "--corrected-plan", action="store_true", help="take evidence of another version of the same plan"
    )
    parser.add_argument(
        "--what-if", action="append", default=[], metavar="PATH=VALUE", help="only say what would change"
    )
    parser.add_argument("--json", action="store_true", help="print the complete result as JSON")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    if options.what_if:
        answer, outcome = would_be(options)
        print(dumps(answer.as_json()) if options.json else "\n".join(answer.lines()))
        return EXIT_CODES[outcome]
    bundle, now = judged_directory(options)
    verdict = write_verdict(bundle, options.out, now, interrupted=False)
    remember_verdict(bundle, verdict, history_of(options))
    print(dumps(dumped(verdict)) if options.json else verdict.outcome.shown)
    return EXIT_CODES[verdict.outcome]
