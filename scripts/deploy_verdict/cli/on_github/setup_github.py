"""Prepare a repository on GitHub, once, as its administrator: environments with wait timers, and labels.

    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
    deploy-verdict setup-github --plan plans/zeues.yml --check             # says what is missing
    deploy-verdict setup-github --plan plans/zeues.yml                     # creates and corrects it
    deploy-verdict setup-github --plan plans/zeues.yml --reviewer LOGIN    # who may consent to a rollback

The token needs administration: write and issues: write, which a workflow's own token cannot have. Run it
again whenever the plan's window changes; it does nothing where all is there. Wait timers and reviewers work
in public repositories, and in others with GitHub Enterprise only.

Exit codes: 0 all is there, 12 something is missing or differs, 2 wrong usage, 3 GitHub refused.
"""

import argparse
from dataclasses import replace
from datetime import UTC, datetime

from deploy_verdict.actions.repository.setup import NEEDS, Preparation
from deploy_verdict.actions.repository.wait_for_ci import wait_for_ci_notes
from deploy_verdict.cli.options import add_plan
from deploy_verdict.github import connection_from
from deploy_verdict.model import VerdictOutcome
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.window.directory.plan_file import environment_for, load_plan
from deploy_verdict.window.directory.session import dumps


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_plan(parser)
    add = parser.add_argument
    add("--check", action="store_true", help="change nothing, only say what is missing or differs")
    add(
        "--reviewer",
        action="append",
        default=[],
        metavar="LOGIN",
        help="may consent to a rollback (repeatable)",
    )
    add("--reviewer-id", action="append", default=[], type=int, metavar="N", help="the same by a user's id")
    add("--enterprise", action="store_true", help="the repository is not public, but GitHub Enterprise's")
    add("--json", action="store_true", help="print the same as JSON")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    plan = load_plan(options.plan, datetime.now(UTC))
    environment = environment_for(options.plan)
    connection = connection_from(environment, needs=NEEDS)
    preparation = Preparation(connection, enterprise=options.enterprise)
    reviewers = preparation.reviewers(options.reviewer, options.reviewer_id)
    setup = preparation.prepared(plan, str(options.plan), reviewers, check_only=options.check)
    setup = replace(setup, notes=(*setup.notes, *wait_for_ci_notes(plan, environment)))
    print(dumps(setup.counts()) if options.json else "\n".join(setup.lines()))
    return 0 if setup.ok else EXIT_CODES[VerdictOutcome.INCONCLUSIVE]
