"""The endpoints of workflow runs and their jobs; runs come from Hub.add_run and from dispatches."""

from demo.github.calls import Answer, Call, Row, example, not_found, paged, refused
from demo.github.hub import Hub

FIRST_WORKFLOW_ID = 7001


def listed(hub: Hub, call: Call) -> Answer:
    """The runs of one workflow, given by its file or id, newest first."""
    workflow = workflow_named(hub, call.parameters["workflow_id"])
    if workflow is None:
        return not_found()
    query = call.query
    rows = [
        row
        for row in hub.runs.values()
        if row["workflow"] == workflow
        and query.get("status", row["status"]) in (row["status"], row["conclusion"])
        and query.get("event", row["event"]) == row["event"]
        and query.get("head_sha", row["head_sha"]) == row["head_sha"]
        and query.get("branch", hub.default_branch) == hub.default_branch
        and _created_in(query.get("created", ""), row["created_at"])
    ]
    rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
    return paged(call, rows, lambda row: run_shown(hub, call, row), under="workflow_runs")


def shown(hub: Hub, call: Call) -> Answer:
    """One run."""
    row = hub.runs.get(int(call.parameters["run_id"]))
    return not_found() if row is None else Answer(body=run_shown(hub, call, row))


def cancelled(hub: Hub, call: Call) -> Answer:
    """Cancel a run; GitHub takes a while to end the jobs, here the run ends at once."""
    row = hub.runs.get(int(call.parameters["run_id"]))
    if row is None:
        return not_found()
    if row["status"] == "completed":
        return refused(409, "Cannot cancel a workflow run that is completed.")
    row |= {"status": "completed", "conclusion": "cancelled"}
    for job in hub.jobs[row["id"]]:
        if job["status"] != "completed":
            job |= {"status": "completed", "conclusion": "cancelled"}
    return Answer(status=202, body={})


def jobs(hub: Hub, call: Call) -> Answer:
    """The jobs of the newest attempt, or with filter=all of every attempt."""
    run = hub.runs.get(int(call.parameters["run_id"]))
    if run is None:
        return not_found()
    every = call.query.get("filter") == "all"
    rows = [row for row in hub.jobs[run["id"]] if every or row["attempt"] == run["attempt"]]
    return paged(call, rows, lambda row: _job(hub, call, run, row), under="jobs")


def timing(hub: Hub, call: Call) -> Answer:
    """A run's usage; nothing is billed here."""
    known = int(call.parameters["run_id"]) in hub.runs
    return Answer(body=example("workflow-run-usage", billable={})) if known else not_found()


def switched_on(hub: Hub, call: Call) -> Answer:
    """Enable a workflow."""
    workflow = workflow_named(hub, call.parameters["workflow_id"])
    if workflow is None:
        return not_found()
    hub.disabled.discard(workflow)
    return Answer(status=204)


def switched_off(hub: Hub, call: Call) -> Answer:
    """Disable a workflow, so that no event or dispatch starts it."""
    workflow = workflow_named(hub, call.parameters["workflow_id"])
    if workflow is None:
        return not_found()
    hub.disabled.add(workflow)
    return Answer(status=204)


def workflow_named(hub: Hub, name: str) -> str | None:
    """Return a workflow's file, given its file or id; None if there is none."""
    if name in hub.workflows:
        return name
    return next((file for file in hub.workflows if str(_workflow_id(hub, file)) == name), None)


def run_shown(hub: Hub, call: Call, row: Row) -> Row:
    """Format a run as the API does."""
    url = f"{call.api}/actions/runs/{row['id']}"
    workflow_id = _workflow_id(hub, row["workflow"])
    told = {key: row[key] for key in ("id", "display_title", "status", "conclusion", "event", "head_sha")}
    return example(
        "workflow-run",
        **told,
        name=row["workflow"].removesuffix(".yml"),
        path=f".github/workflows/{row['workflow']}",
        workflow_id=workflow_id,
        workflow_url=f"{call.api}/actions/workflows/{workflow_id}",
        head_branch=hub.default_branch,
        run_attempt=row["attempt"],
        created_at=row["created_at"],
        run_started_at=row["created_at"],
        updated_at=row["created_at"],
        url=url,
        html_url=f"{call.web}/actions/runs/{row['id']}",
        jobs_url=f"{url}/jobs",
        artifacts_url=f"{url}/artifacts",
        cancel_url=f"{url}/cancel",
    )


def _job(hub: Hub, call: Call, run: Row, row: Row) -> Row:
    told = {key: row[key] for key in ("id", "name", "status", "conclusion", "created_at")}
    ended = row["status"] == "completed"
    return example(
        "job",
        **told,
        run_id=run["id"],
        run_url=f"{call.api}/actions/runs/{run['id']}",
        run_attempt=row["attempt"],
        head_sha=run["head_sha"],
        head_branch=hub.default_branch,
        workflow_name=run["workflow"].removesuffix(".yml"),
        started_at=row["created_at"],
        completed_at=row["created_at"] if ended else None,
        url=f"{call.api}/actions/jobs/{row['id']}",
        html_url=f"{call.web}/actions/runs/{run['id']}/job/{row['id']}",
    )


def _workflow_id(hub: Hub, file: str) -> int:
    return FIRST_WORKFLOW_ID + hub.workflows.index(file)


def _created_in(wanted: str, at: str) -> bool:
    """Match GitHub's search syntax for dates: a day, >=, >, <=, <, or A..B; with days or full times."""
    start, dots, end = wanted.partition("..")
    if dots:
        return (start in ("", "*") or start <= at) and (end in ("", "*") or at[: len(end)] <= end)
    limit = wanted.lstrip("<>=")
    cut = at[: len(limit)]
    signs = {"": cut == limit, ">=": cut >= limit, ">": cut > limit, "<=": cut <= limit, "<": cut < limit}
    return signs[wanted.removesuffix(limit) if limit else ""]
