"""Starts the promised samples that are due, by workflow_dispatch."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.follow_up.promised_sample import Promise, promise_in
from deploy_verdict.github.runs import WorkflowRun, WorkflowRuns, split_title
from deploy_verdict.publish.service_marks import is_later_sample

# A scheduled workflow runs late, often by hours, so samples due before the next run are started now; the
# sampler waits for its time.
AHEAD = timedelta(minutes=10)
# A promise is on the commit of a run that was started within this time.
LOOKED_BACK = timedelta(days=8)


def started(runs: WorkflowRuns, workflow: str, now: datetime) -> Iterator[str]:
    """Start every due sample that a run of this workflow promised; yield one line for each.

    Raise ProviderError at the end, if there was one.
    """
    trouble: ProviderError | None = None
    for commit in _commits(runs, workflow, now):
        try:
            for context, promise in _promises(runs, commit):
                line = _started(runs, workflow, commit, context, promise, now)
                if line is not None:
                    yield f"{commit[:8]}: {line}"
        except ProviderError as error:
            yield f"{commit[:8]}: {error}"
            trouble = error
    if trouble is not None:
        raise trouble


def _started(
    runs: WorkflowRuns, workflow: str, commit: str, context: str, promise: Promise, now: datetime
) -> str | None:
    """Start one promised sample and say so; None if another workflow promised it, which also starts it."""
    if promise.due_at - AHEAD > now:
        return promise.line()
    before = runs.run(promise.run)
    if before.workflow not in ("", workflow):
        return None
    # The promise is cleared first, because a sample that is started twice writes twice to the service.
    runs.set_status(commit, context, "success", f"started at {now:%Y-%m-%d %H:%M} UTC")
    runs.dispatch(workflow, runs.default_branch, _inputs(promise, commit, before))
    return f"started, continuing run {promise.run}"


def _commits(runs: WorkflowRuns, workflow: str, now: datetime) -> list[str]:
    """Return the commits of the runs that may have promised something, newest first."""
    found: dict[str, None] = {}
    for run in runs.since(workflow, now - LOOKED_BACK):
        label, what = split_title(run.display_title)
        if label and len(what) == 40 and run.conclusion != "skipped":
            found.setdefault(what)
    return list(found)


def _promises(runs: WorkflowRuns, commit: str) -> Iterator[tuple[str, Promise]]:
    """Yield each promise with the context that holds it, which names the service."""
    for row in runs.statuses(commit):
        context = str(row.get("context")) if isinstance(row, dict) else ""
        if isinstance(row, dict) and is_later_sample(context):
            promise = promise_in(str(row.get("state")), row.get("description"))
            if promise is not None:
                yield context, promise


def _inputs(promise: Promise, commit: str, before: WorkflowRun) -> dict[str, str]:
    return {
        "kind": "tail",
        "continue-run": str(promise.run),
        "continue-artifact": promise.artifact,
        "commit": commit,
        "label": split_title(before.display_title)[0].removeprefix("verify "),
        "plan-ref": promise.plan_ref or before.head_sha,
    }
