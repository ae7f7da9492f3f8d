"""Draft the post-incident review of a judged window; with --open, as an issue on GitHub.

    deploy-verdict review out/today                                                    # prints the draft
    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... deploy-verdict review out/today --open

The draft has the timeline, the causes, what detected them and when, what was done, and the open questions. It
comes from the window's directory alone: what people know besides, they add. The same command again brings the
same issue up to date, until somebody edits its text: then it is left alone (--replace writes it anew). The
token needs issues: write and nothing else. Where it is a person's, --author is that person's login.

Exit codes: 0 printed, opened or up to date; 2 wrong usage; 3 the evidence of a good verdict
has gone, or GitHub refused.
"""

import argparse
from pathlib import Path

from deploy_verdict.actions.start.run_record import is_dry_run
from deploy_verdict.cli.options import add_author, say
from deploy_verdict.follow_up.review_issue import drafted, opened
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.publish.comment_state import BAD
from deploy_verdict.window.directory.plan_file import PLAN_FILE, environment_for
from deploy_verdict.window.judge_directory import judged_directory, read_verdict, refuse_without_evidence


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add = parser.add_argument
    add("out", type=Path, metavar="DIR", help="the window's directory, or the report's artifact unpacked")
    add("--open", action="store_true", help="open the issue, or bring it up to date")
    add("--replace", action="store_true", help="with --open: also where somebody has edited the issue's text")
    add_author(parser)
    parser.set_defaults(plan=None, target=None, without=[], corrected_plan=True)


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    verdict = read_verdict(options.out)
    options.without = list(verdict.left_out)
    bundle, _ = judged_directory(options)
    # A review of an incident uses whatever is left of it; a good verdict without evidence proves nothing.
    if verdict.outcome not in BAD:
        refuse_without_evidence(bundle, verdict, options.out)
    environment = environment_for(options.out / PLAN_FILE)
    draft = drafted(bundle, verdict)
    if not options.open or is_dry_run(options.out):
        print(f"# {draft.title}\n\n{draft.text}", end="")
        return 0
    connection = connection_from(environment, options.author, needs="issues: write")
    print(opened(GitHub(connection, tell=say), draft, replace=options.replace, tell=say))
    return 0
