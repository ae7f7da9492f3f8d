"""The endpoints of environments with their wait timers and reviewers."""

from urllib.parse import quote

from demo.github.calls import Answer, Call, Row, example, not_found, paged, refused, user
from demo.github.hub import Hub

MAX_WAIT_MINUTES = 43_200


def listed(hub: Hub, call: Call) -> Answer:
    """All environments."""
    return paged(
        call, list(hub.environments), lambda name: environment_shown(hub, call, name), under="environments"
    )


def shown(hub: Hub, call: Call) -> Answer:
    """One environment."""
    name = call.parameters["environment_name"]
    return Answer(body=environment_shown(hub, call, name)) if name in hub.environments else not_found()


def put(hub: Hub, call: Call) -> Answer:
    """Create or change an environment; a rule that is not given is removed."""
    name, body = call.parameters["environment_name"], call.body or {}
    wait_timer = body.get("wait_timer") or 0
    if not 0 <= wait_timer <= MAX_WAIT_MINUTES:
        return refused(422, f"Validation Failed: wait_timer must be between 0 and {MAX_WAIT_MINUTES}")
    policy = body.get("deployment_branch_policy")
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        return refused(422, "protected_branches and custom_branch_policies cannot have the same value")
    earlier = hub.environments.get(name)
    row = hub.add_environment(name, wait_timer=wait_timer or None)
    row |= {"reviewers": list(body.get("reviewers") or []), "deployment_branch_policy": policy}
    if earlier is not None:
        row |= {"id": earlier["id"], "created_at": earlier["created_at"]}
    return Answer(body=environment_shown(hub, call, name))


def deleted(hub: Hub, call: Call) -> Answer:
    """Delete an environment with its rules."""
    found = hub.environments.pop(call.parameters["environment_name"], None)
    return not_found() if found is None else Answer(status=204)


def environment_shown(hub: Hub, call: Call, name: str) -> Row:
    """Format an environment as the API does."""
    row = hub.environments[name]
    place = quote(name, safe="")
    return example(
        "environment",
        id=row["id"],
        name=name,
        url=f"{call.api}/environments/{place}",
        html_url=f"{call.web}/deployments/activity_log?environments_filter={place}",
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        protection_rules=_rules(row),
        deployment_branch_policy=row.get("deployment_branch_policy"),
    )


def _rules(row: Row) -> list[Row]:
    """Return the rules that are on; like GitHub, leave out those that are off."""
    rules: list[Row] = []
    if row["wait_timer"]:
        rules.append({"type": "wait_timer", "wait_timer": row["wait_timer"]})
    if row["reviewers"]:
        reviewers = [_reviewer(item) for item in row["reviewers"]]
        rules.append({"type": "required_reviewers", "prevent_self_review": False, "reviewers": reviewers})
    if row.get("deployment_branch_policy"):
        rules.append({"type": "branch_policy"})
    identities = enumerate(rules, start=row["id"] * 10)
    return [{"id": identity, "node_id": f"GA_{identity}", **rule} for identity, rule in identities]


def _reviewer(item: str | Row) -> Row:
    """Return a reviewer, by login where a test wrote it, by type and id where the API did."""
    if isinstance(item, str):
        return {"type": "User", "reviewer": user(item)}
    if item["type"] == "Team":
        return {"type": "Team", "reviewer": example("team", id=item["id"])}
    return {"type": "User", "reviewer": user(f"user-{item['id']}") | {"id": item["id"]}}
