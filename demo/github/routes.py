"""Which endpoint answers which operation, and which permission a token needs for it."""

from collections.abc import Callable

from demo.github import (
    artifacts,
    comments,
    commits,
    deployments,
    dispatches,
    environments,
    issues,
    labels,
    repository,
    runs,
)
from demo.github.calls import Answer, Call, refused
from demo.github.hub import Hub

Endpoint = Callable[[Hub, Call], Answer]

ROUTES: dict[str, Endpoint] = {
    "get ": repository.shown,
    "get /rate_limit": repository.rate_limit,
    "get /collaborators/{username}/permission": repository.permission,
    "get /issues": issues.listed,
    "post /issues": issues.opened,
    "get /issues/{issue_number}": issues.shown,
    "patch /issues/{issue_number}": issues.changed,
    "post /issues/{issue_number}/labels": issues.labels_added,
    "delete /issues/{issue_number}/labels/{name}": issues.label_removed,
    "get /issues/{issue_number}/comments": comments.listed,
    "post /issues/{issue_number}/comments": comments.created,
    "get /issues/comments/{comment_id}": comments.shown,
    "patch /issues/comments/{comment_id}": comments.changed,
    "delete /issues/comments/{comment_id}": comments.deleted,
    "get /labels": labels.listed,
    "post /labels": labels.created,
    "get /labels/{name}": labels.shown,
    "patch /labels/{name}": labels.changed,
    "get /commits/{ref}": commits.shown,
    "get /commits/{ref}/status": commits.combined,
    "post /statuses/{sha}": commits.status_created,
    "get /commits/{commit_sha}/pulls": commits.pulls,
    "get /pulls/{pull_number}": commits.pull_shown,
    "get /environments": environments.listed,
    "get /environments/{environment_name}": environments.shown,
    "put /environments/{environment_name}": environments.put,
    "delete /environments/{environment_name}": environments.deleted,
    "get /deployments": deployments.listed,
    "post /deployments": deployments.created,
    "get /deployments/{deployment_id}/statuses": deployments.statuses,
    "post /deployments/{deployment_id}/statuses": deployments.status_created,
    "get /actions/workflows/{workflow_id}/runs": runs.listed,
    "put /actions/workflows/{workflow_id}/enable": runs.switched_on,
    "put /actions/workflows/{workflow_id}/disable": runs.switched_off,
    "post /actions/workflows/{workflow_id}/dispatches": dispatches.of_workflow,
    "get /actions/runs/{run_id}": runs.shown,
    "get /actions/runs/{run_id}/jobs": runs.jobs,
    "get /actions/runs/{run_id}/timing": runs.timing,
    "post /actions/runs/{run_id}/cancel": runs.cancelled,
    "get /actions/runs/{run_id}/artifacts": artifacts.listed,
    "get /actions/artifacts/{artifact_id}": artifacts.shown,
    "get /actions/artifacts/{artifact_id}/{archive_format}": artifacts.archive_named,
    "post /dispatches": dispatches.of_repository,
}

# The first prefix of the path decides; a path without one needs only a token.
PERMISSIONS = (
    ("/issues", "issues"),
    ("/labels", "issues"),
    ("/statuses", "statuses"),
    ("/environments", "administration"),
    ("/actions", "actions"),
    ("/dispatches", "contents"),
    ("/deployments", "deployments"),
)


def answer(hub: Hub, call: Call) -> Answer:
    """Answer an operation; record one that the demo does not have as a mistake."""
    endpoint = ROUTES.get(call.name)
    if endpoint is None:
        hub.mistakes.append(f"{call.name}: GitHub knows it, the demo has no endpoint for it")
        return refused(501, "The demo's GitHub does not answer this")
    return endpoint(hub, call)


def permission_needed(call: Call) -> str | None:
    """Return the permission that a write needs; reads need none here, as on a public repository."""
    method, _, path = call.name.partition(" ")
    if method == "get":
        return None
    return next((needed for start, needed in PERMISSIONS if path.startswith(start)), None)
