"""The endpoints of commits: their statuses and their pull requests."""

import re

from demo.github.calls import Answer, Call, Row, example, made, not_found, paged, refused, user
from demo.github.hub import Hub

# GitHub allows 1,000 statuses for a commit and context.
MAX_STATUSES = 1000


def shown(hub: Hub, call: Call) -> Answer:
    """A commit: any full SHA exists in the demo's repository, and the default branch is known."""
    sha, at = call.parameters["ref"], hub.now()
    if sha == hub.default_branch:
        sha, at = hub.head
    if not re.fullmatch(r"[0-9a-f]{40}", sha):
        return refused(422, f"No commit found for SHA: {sha}")
    address = {"url": f"{call.api}/commits/{sha}", "html_url": f"{call.web}/commit/{sha}"}
    row = example("commit", sha=sha, author=user(hub.commit_author), **address)
    row["commit"]["committer"] = {"name": hub.commit_author, "email": "me@example.com", "date": at}
    return Answer(body=row)


def status_created(hub: Hub, call: Call) -> Answer:
    """Create a status; the newest one of a context counts."""
    sha, body = call.parameters["sha"], call.body
    row = {"id": hub.new_id(), "sha": sha, "state": body["state"], "created_at": hub.now()}
    row |= {"context": body.get("context", "default"), "author": hub.author}
    row |= {key: body.get(key) for key in ("description", "target_url")}
    told = [item for item in hub.statuses if (item["sha"], item["context"]) == (sha, row["context"])]
    if len(told) >= MAX_STATUSES:
        return refused(422, "This SHA and context has reached the maximum number of statuses.")
    hub.statuses.append(row)
    return made(_status(call, row, "status", creator=user(row["author"])))


def combined(hub: Hub, call: Call) -> Answer:
    """The combined status: failure if one failed, else pending if one is or there is none, else success."""
    sha = call.parameters["ref"]
    newest = {row["context"]: row for row in hub.statuses if row["sha"] == sha}
    states = {row["state"] for row in newest.values()}
    failed, waits = states & {"failure", "error"}, not states or "pending" in states
    state = "failure" if failed else "pending" if waits else "success"
    page = paged(call, list(newest.values()), lambda row: _status(call, row, "simple-commit-status"))
    body = example(
        "combined-commit-status",
        state=state,
        statuses=page.body,
        sha=sha,
        total_count=len(newest),
        commit_url=f"{call.api}/commits/{sha}",
        url=f"{call.api}/commits/{sha}/status",
    )
    return Answer(body=body, last_page=page.last_page)


def pulls(hub: Hub, call: Call) -> Answer:
    """The pull requests that contain a commit."""
    numbers = hub.pulls.get(call.parameters["commit_sha"], [])
    return paged(call, numbers, lambda number: _pull(hub, call, number, "pull-request-simple"))


def pull_shown(hub: Hub, call: Call) -> Answer:
    """One pull request; an issue is not found."""
    number = int(call.parameters["pull_number"])
    if not any(number in numbers for numbers in hub.pulls.values()):
        return not_found()
    return Answer(body=_pull(hub, call, number, "pull-request"))


def _pull(hub: Hub, call: Call, number: int, component: str) -> Row:
    issue = hub.issues.get(number, {})
    return example(
        component,
        number=number,
        state=issue.get("state", "open"),
        title=issue.get("title", f"pull request {number}"),
        body=issue.get("body"),
        user=user(issue.get("author", hub.author)),
        url=f"{call.api}/pulls/{number}",
        html_url=f"{call.web}/pull/{number}",
        issue_url=f"{call.api}/issues/{number}",
    )


def _status(call: Call, row: Row, component: str, **more: Row) -> Row:
    told = {key: row[key] for key in ("id", "state", "context", "description", "target_url", "created_at")}
    address = f"{call.api}/statuses/{row['sha']}"
    return example(component, **told, url=address, updated_at=row["created_at"], **more)
