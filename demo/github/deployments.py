"""The endpoints of deployments as GitHub knows them, and their statuses."""

from demo.github.calls import Answer, Call, Row, example, made, not_found, paged, refused, user
from demo.github.hub import Hub

MAX_DESCRIPTION = 140


def listed(hub: Hub, call: Call) -> Answer:
    """The deployments, newest first, filtered by sha, ref, task and environment."""
    names = ("sha", "ref", "task", "environment")
    rows = [
        row for row in hub.deployments if all(call.query.get(name, row[name]) == row[name] for name in names)
    ]
    return paged(call, rows[::-1], lambda row: _shown(call, row))


def created(hub: Hub, call: Call) -> Answer:
    """Create a deployment; a ref that is a full SHA is also its sha."""
    body = call.body
    sha = body["ref"] if len(body["ref"]) == 40 else "0" * 40
    row = {"id": hub.new_id(), "ref": body["ref"], "sha": sha, "statuses": []}
    row |= {"task": body.get("task", "deploy"), "environment": body.get("environment", "production")}
    row |= {"description": body.get("description"), "payload": body.get("payload", "")}
    hub.deployments.append(row | {"created_at": hub.now(), "author": hub.author})
    return made(_shown(call, hub.deployments[-1]))


def statuses(hub: Hub, call: Call) -> Answer:
    """A deployment's statuses, newest first."""
    row = _found(hub, call)
    if row is None:
        return not_found()
    return paged(call, row["statuses"][::-1], lambda status: _status(call, row, status))


def status_created(hub: Hub, call: Call) -> Answer:
    """Create a status; `success` makes earlier deployments inactive unless auto_inactive is false."""
    row, body = _found(hub, call), call.body
    if row is None:
        return not_found()
    if len(body.get("description", "")) > MAX_DESCRIPTION:
        error = {"resource": "DeploymentStatus", "code": "custom", "field": "description"}
        return refused(422, "Validation Failed", [error])
    _add_status(hub, row, body)
    if body["state"] == "success" and body.get("auto_inactive", True):
        for other in hub.deployments:
            earlier = other["id"] < row["id"] and other["environment"] == row["environment"]
            if earlier and other["statuses"] and other["statuses"][-1]["state"] == "success":
                _add_status(hub, other, {"state": "inactive"})
    return made(_status(call, row, row["statuses"][-1]))


def _found(hub: Hub, call: Call) -> Row | None:
    identity = int(call.parameters["deployment_id"])
    return next((row for row in hub.deployments if row["id"] == identity), None)


def _add_status(hub: Hub, row: Row, body: Row) -> None:
    texts = {key: body.get(key, "") for key in ("description", "log_url", "environment_url")}
    row["statuses"].append({"id": hub.new_id(), "state": body["state"], "created_at": hub.now(), **texts})


def _shown(call: Call, row: Row) -> Row:
    url = f"{call.api}/deployments/{row['id']}"
    told = {key: value for key, value in row.items() if key not in ("statuses", "author")}
    address = {"url": url, "statuses_url": f"{url}/statuses", "repository_url": call.api}
    return example("deployment", **told, **address, creator=user(row["author"]), updated_at=row["created_at"])


def _status(call: Call, row: Row, status: Row) -> Row:
    url = f"{call.api}/deployments/{row['id']}"
    address = {"url": f"{url}/statuses/{status['id']}", "deployment_url": url, "repository_url": call.api}
    address |= {"target_url": status["log_url"], "environment": row["environment"]}
    creator = user(row["author"])
    return example("deployment-status", **status, **address, creator=creator, updated_at=status["created_at"])
