"""Starting the promised samples that are due, by workflow_dispatch."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.follow_up.promised_sample import CONTEXT, Promise, promise_in
from deploy_verdict.github.runs import WorkflowRuns, split_title

# A scheduled workflow comes late, often by hours: what is due before the next one is started now, and the
# sampler waits for its time.
AHEAD = timedelta(minutes=10)


def started(runs: WorkflowRuns, workflow: str, now: datetime) -> Iterator[str]:
    """Start every sample that is due; one line for each. Raises ProviderError at the end."""
    trouble: ProviderError | None = None
    for commit, label in _commits(runs, workflow).items():
        try:
            promise = _promise(runs, commit)
            if promise is None:
                continue
            if promise.due_at - AHEAD > now:
                yield f"{commit[:8]}: {promise.line()}"
                continue
            # The promise is cleared first: a sample that is started twice writes twice to the service.
            runs.set_status(commit, CONTEXT, "success", f"started at {now:%Y-%m-%d %H:%M} UTC")
            runs.dispatch(workflow, runs.default_branch, _inputs(promise, commit, label))
        except ProviderError as error:
            yield f"{commit[:8]}: {error}"
            trouble = error
        else:
            yield f"{commit[:8]}: started, continuing run {promise.run}"
    if trouble is not None:
        raise trouble


def _commits(runs: WorkflowRuns, workflow: str) -> dict[str, str]:
    """The commits of the newest runs, each with its environment's label."""
    found: dict[str, str] = {}
    for run in runs.newest(workflow):
        label, what = split_title(run.display_title)
        if label and len(what) == 40:
            found.setdefault(what, label.removeprefix("verify "))
    return found


def _promise(runs: WorkflowRuns, commit: str) -> Promise | None:
    for row in runs.statuses(commit):
        if isinstance(row, dict) and row.get("context") == CONTEXT:
            return promise_in(str(row.get("state")), row.get("description"))
    return None


def _inputs(promise: Promise, commit: str, label: str) -> dict[str, str]:
    return {
        "kind": "tail",
        "continue-run": str(promise.run),
        "continue-artifact": promise.artifact,
        "commit": commit,
        "label": label,
    }
