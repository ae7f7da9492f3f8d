"""The end of a run on GitHub: its colour, what it offers, and the run that follows it."""

from collections.abc import Callable, Mapping

from deploy_verdict.bundle import Bundle
from deploy_verdict.errors import ProviderError
from deploy_verdict.following import Step, next_step
from deploy_verdict.gating import workflow_file
from deploy_verdict.github.runs import Runs
from deploy_verdict.model import RunFile, Verdict, VerdictOutcome
from deploy_verdict.plan import layout_of, own_layout
from deploy_verdict.waiting import ROLLBACK_ENVIRONMENT

# From which outcomes on a run is red, by the plan's word.
RED = {
    "never": (),
    "critical": (VerdictOutcome.CRITICAL,),
    "attention": (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION),
    "inconclusive": (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION, VerdictOutcome.INCONCLUSIVE),
}


def is_red(fail_run_on: str, outcome: VerdictOutcome) -> bool:
    """Whether the run is to fail on this outcome."""
    return outcome in RED[fail_run_on]


def rollback_offered(bundle: Bundle, verdict: Verdict, runs: Callable[[], Runs]) -> tuple[bool, str]:
    """Whether a reviewer may be asked to let a job roll back, and why not.

    An environment that does not exist is made on the spot, without rules: so it must be there already, and
    have reviewers, or the rollback would need nobody's consent.
    """
    if verdict.outcome is not VerdictOutcome.CRITICAL:
        return False, f"the verdict is {verdict.outcome.shown}"
    if not bundle.plan.escalation.rollback:
        return False, "the plan does not allow it (escalation.rollback)"
    if bundle.plan.railway is None:
        return False, "the plan has no railway section"
    try:
        guarded = runs().has_reviewers(ROLLBACK_ENVIRONMENT)
    except ProviderError as error:
        return False, str(error)
    if not guarded:
        hint = "give it some: scripts/setup_github.py --reviewer LOGIN"
        return False, f"the environment {ROLLBACK_ENVIRONMENT} has no required reviewers — {hint}"
    return True, f"a reviewer of the environment {ROLLBACK_ENVIRONMENT} decides"


def step_after(bundle: Bundle, verdict: Verdict, file: RunFile) -> Step | None:
    """The run that follows this one."""
    if file.dry_run:
        return None
    return next_step(bundle.plan, layout_of(bundle.plan) or own_layout(bundle.plan), verdict)


def dispatch(step: Step, file: RunFile, runs: Runs, environment: Mapping[str, str]) -> str:
    """Start the run that goes on with this window; returns what was started. Raises ProviderError."""
    workflow = workflow_file(environment)
    inputs = {
        "plan": file.plan,
        "kind": step.kind,
        "continue-run": environment.get("GITHUB_RUN_ID", str(file.run)),
        "label": file.label or "",
        "commit": file.commit or "",
        "number": str(file.number or ""),
        "plan-ref": file.ref,
        "continue-artifact": environment.get("ARTIFACT", "report-*"),
    }
    runs.dispatch(workflow, runs.default_branch, inputs)
    return f"started the {step.kind} ({step.because}) as a run of {workflow}"
