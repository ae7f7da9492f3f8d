"""The endpoints that start workflows."""

from demo.github.calls import Answer, Call, not_found, refused
from demo.github.hub import Hub
from demo.github.runs import workflow_named


def of_workflow(hub: Hub, call: Call) -> Answer:
    """Queue a run; answer 204, or 200 with the run if return_run_details asks for it."""
    workflow = workflow_named(hub, call.parameters["workflow_id"])
    if workflow is None:
        return not_found()
    if workflow in hub.disabled:
        return refused(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    body = call.body
    hub.dispatches.append(
        {"workflow_id": workflow, "ref": body["ref"], "inputs": dict(body.get("inputs", {}))}
    )
    run = hub.add_run(workflow=workflow, status="queued", event="workflow_dispatch")
    if not body.get("return_run_details"):
        return Answer(status=204)
    address = {"run_url": f"{call.api}/actions/runs/{run['id']}"}
    address |= {"html_url": f"{call.web}/actions/runs/{run['id']}"}
    return Answer(body={"workflow_run_id": run["id"], **address})


def of_repository(hub: Hub, call: Call) -> Answer:
    """Record a repository_dispatch; answer 204 without a run's id, as GitHub does."""
    payload = dict(call.body.get("client_payload", {}))
    hub.dispatches.append({"event_type": call.body["event_type"], "client_payload": payload})
    return Answer(status=204)
