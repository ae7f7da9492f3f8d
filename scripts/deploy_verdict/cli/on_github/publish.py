"""Post a judged window's report on GitHub: one comment, a label, a status on the deployed commit.

    GITHUB_REPOSITORY=owner/name GITHUB_TOKEN=... \\
    deploy-verdict publish --plan plans/zeues.yml --out out/today --number 42

The comment goes to the issue or pull request of --number; else to the pull request of the deployed commit;
else to one tracking issue, closed when it is STABLE and reopened when it is not. There is only ever one. With
--lost it says that the verifier ended before it could judge, unless the window has its final comment already.

Exit codes: 0 published, 2 wrong usage, 3 GitHub took no comment.
"""

import argparse
from functools import partial

from deploy_verdict.actions.start.run_record import fill_from_run
from deploy_verdict.cli.options import add_comment, add_window, add_without, say
from deploy_verdict.github import GitHub, connection_from
from deploy_verdict.publish.comment_state import BAD
from deploy_verdict.publish.job_summary import annotations, write_outputs, write_summary
from deploy_verdict.publish.posts import final_post, lost_post, run_from
from deploy_verdict.publish.publisher import publish, publish_lost
from deploy_verdict.redaction.output_guard import say_command
from deploy_verdict.window.directory.plan_file import environment_for
from deploy_verdict.window.judge_directory import judged_directory, read_verdict, refuse_without_evidence


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_window(parser)
    add_without(parser)
    add_comment(parser)
    add = parser.add_argument
    add("--artifact-url", metavar="URL", help="where the complete report is (default: the run's artifacts)")
    add("--lost", metavar="REASON", help="say that the verifier was lost, and why; needs no verdict")
    add("--dry-run", action="store_true", help="print the comment, and ask GitHub nothing")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    options.corrected_plan = True
    fill_from_run(options)
    bundle, now = judged_directory(options)
    environment = environment_for(options.plan)
    here = run_from(environment, options.artifact_url or environment.get("ARTIFACT_URL"), options.out)
    verdict = None if options.lost is not None else read_verdict(options.out)
    # Bad news is posted even where its evidence is lost.
    if verdict is not None and verdict.outcome not in BAD:
        refuse_without_evidence(bundle, verdict, options.out)
    post = final_post(bundle, verdict, now, here) if verdict else lost_post(bundle, now, here, options.lost)
    if options.dry_run:
        print(post.text)
        return 0
    # Summary and annotations first, so that they appear even if GitHub refuses the comment.
    write_summary(environment, post.text, say)
    for line in annotations(environment, verdict) if verdict else ():
        say_command(line)
    github = GitHub(connection_from(environment, options.author), tell=say)
    publisher = partial(publish, verdict=verdict) if verdict else partial(publish_lost, reason=options.lost)
    comment = publisher(github, bundle, now=now, run=here, tell=say, number=options.number)
    write_outputs(environment, {"comment-url": comment.url})
    print(comment.url)
    return 0
