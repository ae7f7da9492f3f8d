"""Post how far an open window is on GitHub: the comment "in progress", and a pending commit status.

    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
    python scripts/publish_progress.py --plan plans/zeues.yml --out out/today --number 42

Reads window.json and evidence/ as they are now, and writes nothing there. The comment is the one that
publish_report.py brings to its end; what is final, or has seen more samples, is never overwritten.
What failed so far is told at once, and the status is then "failure" already for a P0 or P1.

Exit codes: 0 posted, or something newer stands there; 2 wrong usage; 3 GitHub took no comment.
"""

import sys
from functools import partial

from deploy_verdict.actions.run_record import fill_from_run
from deploy_verdict.cli.options import add_without, parser, run
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.publish.posts import progress_post, run_from
from deploy_verdict.publish.publisher import publish_progress
from deploy_verdict.window.judge_directory import judged_directory
from deploy_verdict.window.plan_file import environment_for


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_without(options_parser)
    add = options_parser.add_argument
    add("--number", type=int, metavar="N", help="the issue or pull request to comment on")
    add("--author", metavar="LOGIN", help="whose comments are ours (default: github-actions[bot])")
    add("--dry-run", action="store_true", help="print the comment, and ask GitHub nothing")
    options = options_parser.parse_args(arguments)
    options.corrected_plan = True
    file = fill_from_run(options)
    if file is not None and file.kind == "tail":
        print("a single look goes on from a final comment, which stays until it is judged", file=sys.stderr)
        return 0
    bundle, now = judged_directory(options)
    environment = environment_for(options.plan)
    here = run_from(environment)
    if options.dry_run:
        print(progress_post(bundle, now, here).text)
        return 0
    tell = partial(print, file=sys.stderr)
    github = GitHub(connection_from(environment, options.author), tell=tell)
    print(publish_progress(github, bundle, now=now, run=here, tell=tell, number=options.number).url)
    return 0


if __name__ == "__main__":
    run(main)
