"""The endpoints of issues and of the labels on them."""

from demo.github.calls import Answer, Call, Row, example, made, not_found, paged, refused, user
from demo.github.hub import Hub
from demo.github.labels import label_shown


def listed(hub: Hub, call: Call) -> Answer:
    """The issues, newest first, filtered by state, labels and creator."""
    query = call.query
    state = query.get("state", "open")
    wanted = {label.lower() for label in query.get("labels", "").split(",") if label}
    rows = [
        row
        for row in sorted(hub.issues.values(), key=lambda row: int(row["number"]))
        if state in ("all", row["state"])
        and wanted <= {label.lower() for label in row["labels"]}
        and query.get("creator", row["author"]) == row["author"]
    ]
    if query.get("direction", "desc") == "desc":
        rows.reverse()
    return paged(call, rows, lambda row: issue_shown(hub, call, row))


def opened(hub: Hub, call: Call) -> Answer:
    """Open an issue."""
    body = call.body
    labels = tuple(_name(label) for label in body.get("labels", []))
    row = hub.add_issue(
        max(hub.issues, default=0) + 1,
        body=body.get("body") or "",
        author=hub.author,
        labels=labels,
        title=str(body["title"]),
    )
    return made(issue_shown(hub, call, row))


def shown(hub: Hub, call: Call) -> Answer:
    """One issue."""
    row = _row(hub, call)
    return not_found() if row is None else Answer(body=issue_shown(hub, call, row))


def changed(hub: Hub, call: Call) -> Answer:
    """Change an issue's title, body, state, labels and assignees."""
    row = _row(hub, call)
    if row is None:
        return not_found()
    row |= {key: call.body[key] for key in ("state", "body", "title") if call.body.get(key) is not None}
    if "labels" in call.body:
        row["labels"] = [hub.add_label(_name(label))["name"] for label in call.body["labels"]]
    if "assignees" in call.body:
        row["assignees"] = list(call.body["assignees"])
    row["updated_at"] = hub.now()
    return Answer(body=issue_shown(hub, call, row))


def labels_added(hub: Hub, call: Call) -> Answer:
    """Add labels to an issue; one that the repository lacks is created."""
    row = _row(hub, call)
    if row is None:
        return not_found()
    for label in call.body["labels"]:
        name = hub.add_label(_name(label))["name"]
        if name not in row["labels"]:
            row["labels"].append(name)
    return Answer(body=_labels(hub, call, row))


def label_removed(hub: Hub, call: Call) -> Answer:
    """Remove one label from an issue."""
    row = _row(hub, call)
    if row is None:
        return not_found()
    found = [name for name in row["labels"] if name.lower() == call.parameters["name"].lower()]
    if not found:
        return refused(404, "Label does not exist")
    row["labels"].remove(found[0])
    return Answer(body=_labels(hub, call, row))


def issue_shown(hub: Hub, call: Call, row: Row) -> Row:
    """Format an issue as the API does."""
    number = row["number"]
    url, html_url = f"{call.api}/issues/{number}", f"{call.web}/issues/{number}"
    pulls = {pull for pulls in hub.pulls.values() for pull in pulls}
    closed_at = row["updated_at"] if row["state"] == "closed" else None
    more = {"pull_request": _side(call, number)} if number in pulls else {}
    return example(
        "issue",
        id=100_000 + number,
        number=number,
        title=row["title"],
        body=row["body"],
        state=row["state"],
        locked=number in hub.locked,
        labels=_labels(hub, call, row),
        assignees=[user(login) for login in row["assignees"]],
        comments=len(hub.comments[number]),
        user=user(row["author"]),
        url=url,
        html_url=html_url,
        repository_url=call.api,
        comments_url=f"{url}/comments",
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        closed_at=closed_at,
        **more,
    )


def _side(call: Call, number: int) -> Row:
    page = f"{call.web}/pull/{number}"
    addresses = {"html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
    return addresses | {"url": f"{call.api}/pulls/{number}"}


def _row(hub: Hub, call: Call) -> Row | None:
    return hub.issues.get(int(call.parameters["issue_number"]))


def _name(label: str | Row) -> str:
    return label if isinstance(label, str) else str(label["name"])


def _labels(hub: Hub, call: Call, row: Row) -> list[Row]:
    # A test may write label names into an issue's row; add_label makes them the repository's too.
    return [label_shown(call, hub.add_label(name)) for name in row["labels"]]
