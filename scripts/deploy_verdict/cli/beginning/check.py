"""Check a plan and say what it will do, without doing anything.

    deploy-verdict check plans/zeues.yml
    deploy-verdict check plans/zeues.yml --prove

Prints every mistake with its place and what to write instead (exit 2), or the requests, the entities
that each may write, samples and the time that a complete window takes (exit 0). Exit 12 when the write
guard would not send one of the requests: a window of such a plan is inconclusive at best. With --json
each mistake has its file, line and column, what is wrong and what to write.

With --prove, holds each expectation, pattern and criterion against the answers and logs that are
recorded under the plan's `fixtures`: exit 0 when each of them can fail, 12 when one cannot.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy_verdict.actions.jobs.job_matrix import refusal_of
from deploy_verdict.base.errors import EXIT_USAGE, UsageError
from deploy_verdict.base.token_end import token_end
from deploy_verdict.cli.beginning.problems import placed_plan
from deploy_verdict.model import VerdictOutcome
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.plan import Plan
from deploy_verdict.plan.checks.preview import preview, preview_lines
from deploy_verdict.window.directory.session import dumps


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.add_argument("plan", type=Path, metavar="PLAN", help="the plan's file")
    parser.add_argument("--prove", action="store_true", help="show that each line of it can fail")
    parser.add_argument("--json", action="store_true", help="print mistakes, counts or the proof as JSON")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    read = placed_plan(options.plan, datetime.now(UTC), as_json=options.json)
    if read is None:
        return EXIT_USAGE
    plan, document = read
    if options.prove:
        from deploy_verdict.prove.command import proof_of  # noqa: PLC0415  # only --prove needs the judge

        text, code = proof_of(options.plan, plan, document, as_json=options.json)
        print(text)
        return code
    reason = refusal_of(plan)
    if reason is not None:
        raise UsageError(f"{options.plan}: {reason}")
    counts = preview(plan)
    if options.json:
        print(dumps({"valid": True, "problems": [], **counts.counts()}))
    else:
        print("\n".join((*preview_lines(plan, counts), *ends_of_tokens(plan, datetime.now(UTC)))))
    return EXIT_CODES[VerdictOutcome.INCONCLUSIVE] if counts.not_sent else 0


def ends_of_tokens(plan: Plan, now: datetime) -> Iterator[str]:
    """Yield a line for each token that expires within a window that begins now."""
    for host in (None, *plan.hosts):
        auth = plan.site(host).auth
        headers = auth.headers if auth is not None and auth.login is None else {}
        for end in filter(None, map(token_end, headers.values())):
            if end < now + timedelta(seconds=plan.window.end_s):
                place = "service.auth" if host is None else f"hosts.{host}.auth"
                text = f"the token of {place} at {end:%Y-%m-%d %H:%M} UTC: give one that lasts, or auth.login"
                yield f"  ends early   {text}"
