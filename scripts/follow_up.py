"""Start the run that follows a verdict: a longer window after a minor finding, or one look hours later.

    python scripts/follow_up.py --plan plans/zeues.yml --out out            # starts it
    python scripts/follow_up.py --plan plans/zeues.yml --out out --dry-run  # says what it would start

The run goes on with the same window, evidence and comment, by workflow_dispatch (actions: write). What
follows: escalation.extend_to and escalation.tail_checks in the plan. A look that no wait timer can hold is
promised by the commit status deploy-verdict/next-look, which look_again.py keeps.

Exit codes: 0 started, or nothing follows; 2 wrong usage; 3 GitHub refused it.
"""

from deploy_verdict.actions.conclude import follow, step_after
from deploy_verdict.actions.run_record import read_run
from deploy_verdict.cli.options import add_without, parser, run
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.window.judge_directory import judged_directory, read_verdict
from deploy_verdict.window.plan_file import environment_for


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_without(options_parser)
    options_parser.add_argument("--dry-run", action="store_true", help="only say what would be started")
    options = options_parser.parse_args(arguments)
    options.corrected_plan = True
    bundle, now = judged_directory(options)
    file = read_run(options.out)
    step = step_after(bundle, read_verdict(options.out), file)
    if step is None:
        print("nothing follows")
        return 0
    if options.dry_run:
        print(f"would start the {step.kind}: {step.because}")
        return 0
    environment = environment_for(options.plan)
    runs = WorkflowRuns(connection_from(environment))
    print(follow(step, file, bundle.window, runs, environment, now))
    return 0


if __name__ == "__main__":
    run(main)
