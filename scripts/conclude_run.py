"""End the report job: tell the outcome to the next jobs, and be red when the plan wants it.

    python scripts/conclude_run.py --plan plans/zeues.yml --out out

Writes outcome and rollback ("offered" or "no") to GITHUB_OUTPUT. The plan's github.fail_run_on says from
which verdict on the run is red (critical, unless it says otherwise): a red run can hold back the same
commit's other services where Railway waits for CI.

Exit codes: 0 the run may be green; 10, 11, 12 as the verdict, where the plan wants it red; 2, 3 trouble.
"""

from deploy_verdict.actions.conclude import is_red, rollback_offered
from deploy_verdict.cli.options import add_without, parser, run
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model.enums import EXIT_CODES
from deploy_verdict.publish.job_summary import write_outputs
from deploy_verdict.window.judge_directory import judged_directory, read_verdict
from deploy_verdict.window.plan_file import environment_for


def main(arguments: list[str]) -> int:
    options_parser = parser(__doc__)
    add_without(options_parser)
    options = options_parser.parse_args(arguments)
    options.corrected_plan = True
    bundle, _ = judged_directory(options)
    verdict = read_verdict(options.out)
    environment = environment_for(options.plan)
    red = is_red(bundle.plan.github.fail_run_on, verdict.outcome)
    write_outputs(environment, {"outcome": verdict.outcome.value, "rollback": "no"})
    print(f"{verdict.outcome.shown}: the run is {'red' if red else 'green'}")
    offered, why = rollback_offered(bundle, verdict, lambda: WorkflowRuns(connection_from(environment)))
    print(f"rollback {'offered' if offered else 'not offered'}: {why}")
    if offered:
        write_outputs(environment, {"rollback": "offered"})
    return EXIT_CODES[verdict.outcome] if red else 0


if __name__ == "__main__":
    run(main)
