"""Concludes a run on GitHub: whether it is red, what is said of a bad verdict, and which run follows."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from deploy_verdict.actions.during.alarm import desk_for, report_bad_verdict
from deploy_verdict.actions.jobs.wait_timers import ENVIRONMENT_NOW, chosen_environment
from deploy_verdict.actions.start.gate import workflow_file
from deploy_verdict.actions.start.run_record import read_run
from deploy_verdict.base.errors import ProviderError
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.follow_up.policy import NextStep, next_step
from deploy_verdict.follow_up.promised_sample import Promise
from deploy_verdict.github import connection_from
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import RunFile, Verdict, VerdictOutcome, WindowFrame
from deploy_verdict.plan import layout_of, own_layout
from deploy_verdict.publish.posts import bundle_service
from deploy_verdict.publish.service_marks import later_sample_context
from deploy_verdict.window.directory.plan_file import environment_for
from deploy_verdict.window.judge_directory import judged_directory, read_verdict

# A job that waits no longer than this may sleep instead of using a wait timer.
MOST_ASLEEP_S = 1800.0
# The outcomes that make a run red, by the plan's github.fail_run_on.
RED = {
    "never": (),
    "critical": (VerdictOutcome.CRITICAL,),
    "attention": (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION),
    "inconclusive": (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION, VerdictOutcome.INCONCLUSIVE),
}


def is_red(fail_run_on: str, outcome: VerdictOutcome) -> bool:
    """Whether this outcome makes the run fail."""
    return outcome in RED[fail_run_on]


def what_follows(options: Namespace, tell: Callable[[str], None]) -> Iterator[str]:
    """Report a bad verdict and start what follows it; yield a line for each.

    Raise the first ProviderError after everything was tried.
    """
    options.corrected_plan = True
    bundle, now = judged_directory(options)
    verdict, file = read_verdict(options.out), read_run(options.out)
    step = _step_after(bundle, verdict, file)
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
        yield _follow(step, file, bundle.window, runs, environment, now, service=service)
    if trouble is not None:
        raise trouble


def _step_after(bundle: Bundle, verdict: Verdict, file: RunFile) -> NextStep | None:
    """Return the run that follows this one; None if none does, and in a dry run."""
    if file.dry_run:
        return None
    return next_step(bundle.plan, layout_of(bundle.plan) or own_layout(bundle.plan), verdict)


def _follow(
    step: NextStep,
    file: RunFile,
    window: WindowFrame,
    runs: WorkflowRuns,
    environment: Mapping[str, str],
    now: datetime,
    *,
    service: str,
) -> str:
    """Start the run that continues this window, or schedule it; return what was done.

    Without a wait timer for a sample hours away, a commit status schedules the run: a sleeping job would be
    billed for hours and is killed after six. Raise ProviderError.
    """
    artifact = environment.get("ARTIFACT", "report-a1")
    due_at = window.t0 + timedelta(seconds=step.until_s / window.speed)
    remaining_s = (due_at - now).total_seconds()
    waits_in = ENVIRONMENT_NOW
    if remaining_s > MOST_ASLEEP_S:
        waits_in = chosen_environment(remaining_s, runs.timers())
    held = remaining_s <= MOST_ASLEEP_S or waits_in != ENVIRONMENT_NOW
    if step.kind == "tail" and not held:
        if file.commit is None:
            return (
                f"cannot schedule the {step.kind} ({step.because}): no wait timer, "
                "and the full commit SHA is unknown"
            )
        promise = Promise(due_at=due_at, run=file.run, artifact=artifact, plan_ref=file.ref)
        runs.set_status(file.commit, later_sample_context(service), "pending", promise.line())
        return f"scheduled the {step.kind} ({step.because}): {promise.line()}"
    workflow = workflow_file(environment)
    inputs = {
        "kind": step.kind,
        "continue-run": str(file.run),
        "continue-artifact": artifact,
        "label": file.label or "",
        "commit": file.commit or "",
        "plan-ref": file.ref,
        "environment": waits_in if step.kind == "tail" else "",
    }
    runs.dispatch(workflow, runs.default_branch, inputs)
    return f"started the {step.kind} ({step.because}) as a run of {workflow}"
