"""The endpoints of the repository's labels."""

from urllib.parse import quote

from demo.github.calls import Answer, Call, Row, made, not_found, paged, refused
from demo.github.hub import COLOR, Hub

MAX_DESCRIPTION = 100


def listed(hub: Hub, call: Call) -> Answer:
    """All labels."""
    return paged(call, list(hub.labels.values()), lambda row: label_shown(call, row))


def created(hub: Hub, call: Call) -> Answer:
    """Create a label; refuse a name that is taken, and a description that is too long."""
    body = call.body
    if hub.label(body["name"]) is not None:
        return _invalid("already_exists", "name")
    description = body.get("description")
    if len(description or "") > MAX_DESCRIPTION:
        return _invalid("custom", "description")
    row = hub.add_label(body["name"], color=body.get("color", COLOR), description=description)
    return made(label_shown(call, row))


def shown(hub: Hub, call: Call) -> Answer:
    """One label."""
    row = hub.label(call.parameters["name"])
    return not_found() if row is None else Answer(body=label_shown(call, row))


def changed(hub: Hub, call: Call) -> Answer:
    """Change a label's name, colour and description; issues follow the new name."""
    row = hub.label(call.parameters["name"])
    if row is None:
        return not_found()
    old, new = row["name"], call.body.get("new_name", row["name"])
    row |= {key: call.body[key] for key in ("color", "description") if key in call.body}
    row["name"] = new
    hub.labels = {item["name"]: item for item in hub.labels.values()}
    for issue in hub.issues.values():
        issue["labels"] = [new if name == old else name for name in issue["labels"]]
    return Answer(body=label_shown(call, row))


def label_shown(call: Call, row: Row) -> Row:
    """Format a label as the API does."""
    told = {key: row[key] for key in ("id", "name", "color", "description")}
    place = f"{call.api}/labels/{quote(row['name'], safe='')}"
    return told | {"node_id": f"LA_{row['id']}", "default": False, "url": place}


def _invalid(code: str, field: str) -> Answer:
    return refused(422, "Validation Failed", [{"resource": "Label", "code": code, "field": field}])
