"""Check a plan and say what it will do, without doing anything.

    deploy-verdict check plans/zeues.yml
    deploy-verdict check plans/zeues.yml --prove

Prints every mistake with its place and what to write instead (exit 2), or the requests, the entities
that each may write, samples and the time that a complete window takes (exit 0). Exit 12 when the write
guard would not send one of the requests: a window of such a plan is inconclusive at best.

With --prove, holds each expectation, pattern and criterion against the answers and logs that are
recorded under the plan's `fixtures`: exit 0 when each of them can fail, 12 when one cannot.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from deploy_verdict.actions.job_matrix import refusal_of
from deploy_verdict.base.errors import UsageError
from deploy_verdict.model import VerdictOutcome
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.plan.preview import preview, preview_lines
from deploy_verdict.window.plan_file import load_placed_plan
from deploy_verdict.window.session import dumps


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of this verb."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the plan's file")
    parser.add_argument("--prove", action="store_true", help="show that each line of it can fail")
    parser.add_argument("--json", action="store_true", help="print the counts, or the proof, as JSON")


def main(options: argparse.Namespace) -> int:
    """Do what the module says; returns the exit code."""
    plan, document = load_placed_plan(options.plan, datetime.now(UTC))
    if options.prove:
        from deploy_verdict.prove.command import proof_of  # noqa: PLC0415  # the judge is only needed here

        text, code = proof_of(options.plan, plan, document, as_json=options.json)
        print(text)
        return code
    reason = refusal_of(plan)
    if reason is not None:
        raise UsageError(f"{options.plan}: {reason}")
    counts = preview(plan)
    print(dumps(counts.counts()) if options.json else "\n".join(preview_lines(plan, counts)))
    return EXIT_CODES[VerdictOutcome.INCONCLUSIVE] if counts.not_sent else 0
