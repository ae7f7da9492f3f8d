"""Concludes a run on GitHub: whether it is red, and which run follows."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from deploy_verdict.actions.jobs.wait_timers import ENVIRONMENT_NOW, chosen_environment
from deploy_verdict.actions.start.gate import workflow_file
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.follow_up.policy import NextStep, next_step
from deploy_verdict.follow_up.promised_sample import Promise
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.model import RunFile, Verdict, VerdictOutcome, WindowFrame
from deploy_verdict.plan import layout_of, own_layout
from deploy_verdict.publish.service_marks import later_sample_context

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


def step_after(bundle: Bundle, verdict: Verdict, file: RunFile) -> NextStep | None:
    """Return the run that follows this one; None if none does, and in a dry run."""
    if file.dry_run:
        return None
    return next_step(bundle.plan, layout_of(bundle.plan) or own_layout(bundle.plan), verdict)


def follow(
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
