"""The endpoints of the repository itself: its facts, permissions and rate limit."""

import time

from demo.github.calls import Answer, Call, example, user
from demo.github.hub import Hub

LIMIT = 5000


def shown(hub: Hub, call: Call) -> Answer:
    """The repository."""
    owner, _, name = hub.repository.partition("/")
    body = example(
        "full-repository",
        name=name,
        full_name=hub.repository,
        owner=user(owner),
        private=hub.private,
        visibility=hub.visibility or ("private" if hub.private else "public"),
        default_branch=hub.default_branch,
        has_issues=True,
        url=call.api,
        html_url=call.web,
    )
    return Answer(body=body)


def permission(hub: Hub, call: Call) -> Answer:
    """A user's permission: what Hub.permissions says, else read, as on a public repository."""
    login = call.parameters["username"]
    role = hub.permissions.get(login, "none" if hub.private else "read")
    legacy = {"maintain": "write", "triage": "read"}.get(role, role)
    somebody = user(login) | {"role_name": role}
    return Answer(body={"permission": legacy, "role_name": role, "user": somebody})


def rate_limit(hub: Hub, call: Call) -> Answer:
    """The rate limit; this request does not count."""
    left = {"limit": LIMIT, "remaining": LIMIT - used(hub), "reset": int(time.time()) + 3600}
    left["used"] = used(hub)
    body = example("rate-limit-overview", rate=left)
    body["resources"] = {name: left for name in ("core", "search", "graphql")}
    return Answer(body=body)


def used(hub: Hub) -> int:
    """Return how many of the hour's requests are used."""
    counted = sum(path != "/rate_limit" for _, path in hub.requests)
    return min(counted, LIMIT)
