"""A sample promised for later: the promise as text that fits a commit status, and the start of those due.

Where no wait timer can hold a job until then, the deployed commit's status
`deploy-verdict/<service>/later-sample` says when the sample is due, which run it continues, and which commit
holds the plan; `deploy-verdict ci start-promised` reads it, and starts a run by workflow_dispatch.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deploy_verdict.base.errors import ProviderError
from deploy_verdict.github.client import MAX_DESCRIPTION
from deploy_verdict.github.runs import WorkflowRun, WorkflowRuns, split_title
from deploy_verdict.publish.service_marks import is_later_sample

_SHAPE = re.compile(
    r"due (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) · run (\d{1,18}) · (report-a\d{1,6})"
    r"(?: · plan at ([^\s·]+))?(?: · .*)?",
    re.DOTALL,
)
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """When the sample is due, and the run and artifact that hold its window.

    `plan_ref` is what the window's jobs check out; if it is empty, the ref that the run was started on.
    """

    due_at: datetime
    run: int
    artifact: str
    plan_ref: str = ""

    def line(self) -> str:
        """Return the promise as the status says it; a ref that does not fit is left out."""
        line = f"due {self.due_at.astimezone(UTC).strftime(_FORMAT)} · run {self.run} · {self.artifact}"
        complete = f"{line} · plan at {self.plan_ref}"
        return complete if self.plan_ref and len(complete) <= MAX_DESCRIPTION else line


def promise_in(state: str, description: str | None) -> Promise | None:
    """Return the promise of a status that is still pending; None for any other."""
    found = _SHAPE.fullmatch(description or "")
    if state != "pending" or found is None:
        return None
    try:
        due_at = datetime.strptime(found.group(1), _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    run, artifact, plan_ref = int(found.group(2)), found.group(3), found.group(4) or ""
    return Promise(due_at=due_at, run=run, artifact=artifact, plan_ref=plan_ref)


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
