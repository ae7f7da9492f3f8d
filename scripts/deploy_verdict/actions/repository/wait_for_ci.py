"""Railway's Wait for CI: a run on a commit can hold back the builds of that commit.

Railway waits for the commit's check suites, two hours at most, and skips the build if one fails. A
window's run on `deployment_status` is such a suite for as long as the window.
"""

from collections.abc import Mapping

from deploy_verdict.base.clock import WallClock
from deploy_verdict.github.runs import WorkflowRuns
from deploy_verdict.plan import Plan
from deploy_verdict.railway import RailwayError
from deploy_verdict.railway.connection import connect_to_service
from deploy_verdict.railway.deployments import triggers
from deploy_verdict.redaction.redactor import Redactor

# Goes into the report, whose run may be on the commit of other services too.
RUNS_HOLD_BUILDS = (
    "Wait for CI is on at Railway: while a run of this window stands on a commit, every service that deploys "
    "this commit waits for it, two hours at most, and a red run skips their builds."
)


def waits_for_ci(plan: Plan, environment: Mapping[str, str]) -> bool | None:
    """Whether a trigger of the plan's service waits for the commit's checks; None if it is unknown."""
    redactor = Redactor.from_environment(environment)
    found = connect_to_service(plan, environment, clock=WallClock(), redactor=redactor)
    if found.client is None or found.place is None:
        return None
    try:
        known = triggers(found.client.within(15.0), found.place)
    except RailwayError:
        return None
    if any(item.check_suites for item in known):
        return True
    return None if any(item.check_suites is None for item in known) else False


def wait_for_ci_notes(plan: Plan, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return notes on Wait for CI for whoever sets up or examines a repository; none if it is off."""
    if plan.railway is None:
        return ()
    waits = waits_for_ci(plan, environment)
    if waits is None:
        return (
            "Railway did not say whether Wait for CI is on (no token, or it may not ask). See the service's "
            "settings: where it is on, set github.fail_run_on: never in the plan",
        )
    if not waits:
        return ()
    notes = [
        "Wait for CI is on at Railway: an unfinished run on a commit holds back its builds, for two hours "
        "at most, and a red one skips them. So a window is started from the default branch, by "
        "workflow_dispatch, and not on the deployed commit"
    ]
    if plan.github.fail_run_on != "never":
        notes.append(
            f"github.fail_run_on is {plan.github.fail_run_on}, and Wait for CI is on: a red run skips builds "
            "of the commit that it stands on — set github.fail_run_on: never"
        )
    return tuple(notes)


def start_from_default_branch(
    runs: WorkflowRuns, workflow: str, *, commit: str, label: str | None, inputs: Mapping[str, str]
) -> str:
    """Start the window's run by workflow_dispatch, with the deployed commit's plan; return the words.

    Raise ProviderError if GitHub refuses it.
    """
    given = {**inputs, "commit": commit, "plan-ref": commit, **({"label": label} if label else {})}
    runs.dispatch(workflow, runs.default_branch, given)
    return (
        f"Railway waits for CI, so a run on {commit[:8]} would hold back its other builds: a run on "
        f"{runs.default_branch} watches it"
    )
