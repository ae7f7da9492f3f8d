"""The end of the report job on GitHub: reports a bad verdict, and starts what follows it."""

from argparse import Namespace
from collections.abc import Callable, Iterator

from deploy_verdict.actions.during.alarm import desk_for, report_bad_verdict
from deploy_verdict.actions.end.conclude import follow, step_after
from deploy_verdict.actions.start.run_record import read_run
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.publish.posts import bundle_service
from deploy_verdict.window.directory.plan_file import environment_for
from deploy_verdict.window.judge_directory import judged_directory, read_verdict


def what_follows(options: Namespace, tell: Callable[[str], None]) -> Iterator[str]:
    """Do both and yield a line for each; raise the first ProviderError after everything was tried."""
    options.corrected_plan = True
    bundle, now = judged_directory(options)
    verdict, file = read_verdict(options.out), read_run(options.out)
    step = step_after(bundle, verdict, file)
    if options.dry_run or file.dry_run:
        yield f"would start the {step.kind}: {step.because}" if step else "nothing follows"
        return
    environment = environment_for(options.plan)
    connection = connection_from(environment)
    runs = WorkflowRuns(connection, tell=tell)
    desk = desk_for(connection, options, bundle, verdict, environment, tell)
    trouble: ProviderError | None = None
    try:
        report_bad_verdict(desk)
    except ProviderError as error:
        trouble = error
    if step is None:
        yield "nothing follows"
    else:
        service = bundle_service(bundle)
        yield follow(step, file, bundle.window, runs, environment, now, service=service)
    if trouble is not None:
        raise trouble
