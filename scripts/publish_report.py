"""Post a judged window's report on GitHub: one comment, a label, a status on the deployed commit.

    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
    python scripts/publish_report.py --plan plans/zeues.yml --out out/today --number 42

The comment goes to the issue or pull request of --number; else to the pull request of the deployed
commit; else to one tracking issue of the deployment, which is closed when it is STABLE and reopened
when it is not. Run again, it updates its own comment and never writes a second one.

Exit codes: 0 published, 2 wrong usage, 3 GitHub refused it.
"""

import sys
from functools import partial

from deploy_verdict.cli import add_without, environment_for, parser, run
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.judging import judged_directory
from deploy_verdict.leaving import say_command
from deploy_verdict.publishing import (
    annotations,
    comment_text,
    publish,
    run_url,
    write_summary,
)
from deploy_verdict.verdicts import read_verdict


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_without(options_parser)
    add = options_parser.add_argument
    add("--number", type=int, metavar="N", help="the issue or pull request to comment on")
    add("--author", metavar="LOGIN", help="whose comments are ours (default: github-actions[bot])")
    add("--dry-run", action="store_true", help="print the comment, and ask GitHub nothing")
    options = options_parser.parse_args(arguments)
    options.corrected_plan = True
    bundle, _ = judged_directory(options)
    verdict = read_verdict(options.out)
    environment = environment_for(options.plan)
    if options.dry_run:
        print(comment_text(options.out))
        return 0
    # The summary and the annotations first: they come also when GitHub refuses the comment.
    write_summary(environment, comment_text(options.out))
    for line in annotations(environment, verdict):
        say_command(line)
    github = GitHub(connection_from(environment, options.author))
    tell = partial(print, file=sys.stderr)
    url = run_url(environment)
    print(publish(github, bundle, verdict, options.out, number=options.number, run_url=url, tell=tell))
    return 0


if __name__ == "__main__":
    run(main)
