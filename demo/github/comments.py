"""The endpoints of comments on issues and pull requests."""

from demo.github.calls import Answer, Call, Row, example, made, not_found, paged, refused, user
from demo.github.hub import Hub

# The API's message gives this limit for issue comments; in measurements it takes more.
MAX_BODY = 65_536


def listed(hub: Hub, call: Call) -> Answer:
    """The comments of an issue, oldest first."""
    number = int(call.parameters["issue_number"])
    if number not in hub.issues:
        return not_found()
    since = call.query.get("since", "")
    rows = [row for row in hub.comments[number] if row.get("updated_at", since) >= since]
    return paged(call, rows, lambda row: _shown(call, number, row))


def created(hub: Hub, call: Call) -> Answer:
    """Create a comment; a switch may delete it at once."""
    number = int(call.parameters["issue_number"])
    if number not in hub.issues:
        return not_found()
    if number in hub.locked:
        return refused(403, "Unable to create comment because issue is locked.")
    if len(call.body["body"]) > MAX_BODY:
        return _too_long()
    row = hub.add_comment(number, call.body["body"], hub.author)
    if hub.switches.take("delete_comment_after_write"):
        hub.comments[number].remove(row)
    return made(_shown(call, number, row))


def shown(hub: Hub, call: Call) -> Answer:
    """One comment."""
    number, row = _found(hub, call)
    return not_found() if row is None else Answer(body=_shown(call, number, row))


def changed(hub: Hub, call: Call) -> Answer:
    """Replace a comment's body."""
    number, row = _found(hub, call)
    if row is None:
        return not_found()
    if len(call.body["body"]) > MAX_BODY:
        return _too_long()
    row |= {"body": call.body["body"], "updated_at": hub.now()}
    return Answer(body=_shown(call, number, row))


def deleted(hub: Hub, call: Call) -> Answer:
    """Delete a comment."""
    number, row = _found(hub, call)
    if row is None:
        return not_found()
    hub.comments[number].remove(row)
    return Answer(status=204)


def _found(hub: Hub, call: Call) -> tuple[int, Row | None]:
    identity = int(call.parameters["comment_id"])
    for number, rows in hub.comments.items():
        for row in rows:
            if row["id"] == identity:
                return number, row
    return 0, None


def _shown(call: Call, number: int, row: Row) -> Row:
    # A test may insert a row without times.
    times = {key: row[key] for key in ("created_at", "updated_at") if key in row}
    return example(
        "issue-comment",
        id=row["id"],
        body=row["body"],
        user=user(row["author"]),
        url=f"{call.api}/issues/comments/{row['id']}",
        html_url=f"{call.web}/issues/{number}#issuecomment-{row['id']}",
        issue_url=f"{call.api}/issues/{number}",
        **times,
    )


def _too_long() -> Answer:
    told = f"body is too long (maximum is {MAX_BODY} characters)"
    error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": told}
    return refused(422, "Validation Failed", [error])
