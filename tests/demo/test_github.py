"""The demo's GitHub: each operation over a real socket, checked against GitHub's own description."""

import io
import re
import zipfile

import pytest
import requests

from demo.github import runs
from demo.github.description import description, operation
from demo.github.hub import Hub
from demo.github.routes import ROUTES
from demo.github.serving import REPOSITORY, TOKEN
from tests.demo.github_client import SHA, served

NO_ROOM = {"post /check-runs", "get /contents/{path}", "put /contents/{path}", "get /compare/{basehead}"}


@pytest.fixture
def hub():
    made = Hub()
    made.add_issue(1, body="the incident", author="sescanella")
    return made


@pytest.fixture
def api(hub):
    """A hub in which nothing may go by that GitHub would not know or not say."""
    with served(hub) as client:
        yield client
    assert hub.mistakes == []


def test_every_operation_of_the_description_has_a_room_or_is_named_here():
    names = {
        f"{method} {path.removeprefix('/repos/{owner}/{repo}')}"
        for path, methods in description()["paths"].items()
        for method in methods
    }
    assert names - set(ROUTES) == NO_ROOM
    assert set(ROUTES) <= names


def test_a_path_that_github_does_not_have_is_not_found_and_noted(hub):
    with served(hub) as client:
        assert client.ask("GET", "/isues/1").status_code == 404
    assert hub.mistakes == [f"GET /repos/{REPOSITORY}/isues/1: no such operation"]


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "told"),
    [
        ("POST", "/issues/1/comments", {"text": "x"}, {}, "'body' is a required property"),
        ("POST", f"/statuses/{SHA}", {"state": "red"}, {}, "'red' is not one of"),
        ("GET", "/issues", None, {"state": "shut"}, "state=shut"),
        ("GET", "/issues", None, {"per_page": "all"}, "per_page=all"),
        ("GET", "/issues", None, {"label": "x"}, "a query without meaning: label"),
        ("DELETE", "/environments/x", {"a": 1}, {}, "a body where none belongs"),
    ],
)
def test_a_request_that_github_would_not_take_is_refused_and_noted(hub, method, path, body, query, told):
    with served(hub) as client:
        assert client.ask(method, path, body, **query).status_code == 422
    assert told in hub.mistakes[0]


def test_an_answer_of_ours_that_github_would_not_give_is_noted(hub, monkeypatch):
    monkeypatch.setattr(runs, "run_shown", lambda *_: {"id": "no number"})
    hub.add_run(7)
    with served(hub) as client:
        assert client.ask("GET", "/actions/runs/7").status_code == 500
    assert "our own answer is not GitHub's" in hub.mistakes[0]


def test_what_github_knows_and_the_demo_does_not_is_noted(hub):
    with served(hub) as client:
        assert client.ask("GET", "/compare/a...b").status_code == 501
    assert "no endpoint" in hub.mistakes[0]


def test_another_repository_is_not_found(api):
    assert api.ask("GET", f"{api.url}/repos/example/other").status_code == 404
    assert api.get(f"{api.url}/repos/{REPOSITORY.upper()}")["full_name"] == REPOSITORY


@pytest.mark.parametrize("token", ["", "wrong", f"{TOKEN}x"])
def test_a_wrong_token_is_refused(api, token):
    assert api.ask("GET", "/issues", token=token).status_code == 401


def test_a_body_that_is_no_json_is_refused(hub):
    with served(hub) as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = requests.post(f"{client.root}/issues", data="{", headers=headers, timeout=10)
    assert (answer.status_code, len(hub.mistakes)) == (400, 1)


def test_the_repository_is_as_the_hub_says(api):
    assert api.get("")["visibility"] == "public"
    api.hub.private, api.hub.default_branch = True, "trunk"
    told = api.get("")
    assert (told["private"], told["visibility"], told["default_branch"]) == (True, "private", "trunk")
    api.hub.visibility = "internal"
    assert api.get("")["visibility"] == "internal"


def test_the_permission_of_somebody(api):
    api.hub.permissions["sescanella"] = "maintain"
    told = api.get("/collaborators/sescanella/permission")
    assert (told["permission"], told["role_name"], told["user"]["login"]) == (
        "write",
        "maintain",
        "sescanella",
    )
    assert api.get("/collaborators/somebody/permission")["permission"] == "read"


def test_the_rate_limit_counts_down_and_asking_for_it_is_free(api):
    api.get("/issues")
    for _ in range(2):
        told = api.get(f"{api.url}/rate_limit")
        assert told["rate"] == told["resources"]["core"]
        assert told["rate"]["remaining"] == 4999


def test_an_issue_from_its_opening_to_its_end(api):
    made = api.ask("POST", "/issues", {"title": "T", "body": "B", "labels": ["a", {"name": "b"}]})
    assert made.status_code == 201
    number = made.json()["number"]
    assert made.headers["Location"] == made.json()["url"]
    assert api.get(made.json()["url"])["title"] == "T"
    assert api.ask("PATCH", f"/issues/{number}", {"state": "closed", "labels": ["c"]}).status_code == 200
    told = api.get(f"/issues/{number}")
    assert (told["state"], [label["name"] for label in told["labels"]]) == ("closed", ["c"])
    assert told["closed_at"]
    assert told["body"] == "B"
    assert api.ask("GET", "/issues/99").status_code == 404


def test_issues_are_listed_newest_first_by_state_label_and_creator(api):
    api.hub.add_issue(2, labels=("Verdict", "x"))
    api.hub.add_issue(3, labels=("verdict",))["state"] = "closed"

    def numbers(**query):
        return [issue["number"] for issue in api.get("/issues", **query)]

    assert numbers() == [2, 1]
    assert numbers(state="all") == [3, 2, 1]
    assert numbers(state="all", labels="verdict") == [3, 2]
    assert numbers(state="all", labels="verdict,x") == [2]
    assert numbers(creator="sescanella", direction="asc") == [1]


def test_labels_of_an_issue_are_made_added_and_removed(api):
    names = ["verdict: critical", "a/b"]
    assert api.ask("POST", "/issues/1/labels", {"labels": names}).status_code == 200
    added = api.ask("POST", "/issues/1/labels", ["verdict: critical"]).json()
    assert [label["name"] for label in added] == names
    assert [label["name"] for label in api.get("/labels")] == names
    left = api.ask("DELETE", "/issues/1/labels/verdict%3A%20critical").json()
    assert [label["name"] for label in left] == ["a/b"]
    assert api.ask("DELETE", "/issues/1/labels/a%2Fb").json() == []
    assert api.ask("DELETE", "/issues/1/labels/a%2Fb").status_code == 404


def test_labels_of_the_repository(api):
    wanted = {"name": "verdict: stable", "color": "1a7f37", "description": "held"}
    assert api.ask("POST", "/labels", wanted).status_code == 201
    again = api.ask("POST", "/labels", {"name": "Verdict: Stable"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already_exists")
    assert api.ask("POST", "/labels", {"name": "x", "description": "y" * 101}).status_code == 422
    api.ask("POST", "/issues/1/labels", {"labels": ["verdict: stable"]})
    changed = api.ask("PATCH", "/labels/verdict:%20stable", {"new_name": "good", "color": "000000"})
    assert changed.status_code == 200
    told = api.get("/labels/good")
    assert (told["color"], told["description"]) == ("000000", "held")
    assert [label["name"] for label in api.get("/issues/1")["labels"]] == ["good"]
    assert api.ask("GET", "/labels/verdict:%20stable").status_code == 404


def test_a_comment_from_its_writing_to_its_end(api):
    made = api.ask("POST", "/issues/1/comments", {"body": "one"})
    assert made.status_code == 201
    url = made.json()["url"]
    assert api.ask("PATCH", url, {"body": "two"}).json()["body"] == "two"
    assert [row["body"] for row in api.get("/issues/1/comments")] == ["two"]
    assert api.get("/issues/1")["comments"] == 1
    assert api.get(url)["user"] == made.json()["user"]
    assert api.ask("DELETE", url).status_code == 204
    assert [api.ask(method, url, body).status_code for method, body in
            (("GET", None), ("PATCH", {"body": "x"}), ("DELETE", None))] == [404, 404, 404]  # fmt: skip


def test_a_comment_that_github_refuses(api):
    assert api.ask("POST", "/issues/99/comments", {"body": "x"}).status_code == 404
    assert api.ask("POST", "/issues/1/comments", {"body": "x" * 65_537}).status_code == 422
    assert api.ask("POST", "/issues/1/comments", {"body": "x" * 65_536}).status_code == 201
    api.hub.locked.add(1)
    assert api.ask("POST", "/issues/1/comments", {"body": "x"}).status_code == 403
    assert len(api.hub.comments[1]) == 1


def test_lists_come_in_pages_that_name_the_next_and_the_last(api):
    for number in range(65):
        api.hub.add_comment(1, str(number))
    first = api.ask("GET", "/issues/1/comments")
    assert len(first.json()) == 30
    assert first.links["last"]["url"].endswith("page=3")
    seen, answer = [], first
    while True:
        seen += [row["body"] for row in answer.json()]
        if "next" not in answer.links:
            break
        answer = api.ask("GET", answer.links["next"]["url"])
    assert seen == [str(number) for number in range(65)]
    assert "last" not in answer.links
    assert answer.links["prev"]["url"].endswith("page=2")
    assert len(api.get("/issues/1/comments", per_page=100)) == 65
    assert api.get("/issues/1/comments", page=9) == []


def test_a_page_holds_a_hundred_at_most_and_links_keep_the_query(api):
    for number in range(2, 130):
        api.hub.add_issue(number, labels=("verdict: x",))
    answer = api.ask("GET", "/issues", per_page=500, labels="verdict: x")
    assert len(answer.json()) == 100
    assert len(api.get(answer.links["next"]["url"])) == 28


def test_a_commit_is_known_by_its_whole_id_only(api):
    assert api.get(f"/commits/{SHA}")["sha"] == SHA
    assert api.ask("GET", "/commits/f0ec7b5").status_code == 422


@pytest.mark.parametrize(
    ("states", "combined"),
    [
        ([], "pending"),
        ([("a", "pending"), ("a", "success")], "success"),
        ([("a", "success"), ("b", "pending")], "pending"),
        ([("a", "success"), ("b", "pending"), ("c", "error")], "failure"),
    ],
)
def test_the_newest_status_of_each_context_counts(api, states, combined):
    for context, state in states:
        body = {"state": state, "context": context, "description": "d", "target_url": "http://run.test"}
        assert api.ask("POST", f"/statuses/{SHA}", body).status_code == 201
    api.ask("POST", f"/statuses/{'b' * 40}", {"state": "failure"})
    told = api.get(f"/commits/{SHA}/status")
    assert told["state"] == combined
    assert {row["context"]: row["state"] for row in told["statuses"]} == dict(states)
    rows = [row for row in api.hub.statuses if row["sha"] == SHA]
    assert [(row["context"], row["state"]) for row in rows] == states
    assert api.hub.statuses[-1]["context"] == "default"
    assert all(row["created_at"] for row in rows)


def test_pull_requests_of_a_commit(api):
    api.hub.add_issue(7, body="the fix")
    api.hub.pulls[SHA] = [3, 7]
    assert [pull["number"] for pull in api.get(f"/commits/{SHA}/pulls")] == [3, 7]
    assert api.get("/pulls/7")["body"] == "the fix"
    assert api.get("/issues/7")["pull_request"]["url"].endswith("/pulls/7")
    assert api.ask("GET", "/pulls/1").status_code == 404


def test_environments_with_their_rules(api):
    api.hub.add_environment("verify-t15", wait_timer=15)
    api.hub.add_environment("production", reviewers=("sescanella",))
    api.hub.add_environment("bare")
    listed = api.get("/environments")
    assert listed["total_count"] == 3
    rules = {row["name"]: row["protection_rules"] for row in listed["environments"]}
    assert [(rule["type"], rule["wait_timer"]) for rule in rules["verify-t15"]] == [("wait_timer", 15)]
    assert rules["production"][0]["reviewers"][0]["reviewer"]["login"] == "sescanella"
    assert rules["bare"] == []


def test_an_environment_is_put_whole_and_deleted(api):
    reviewers = [{"type": "User", "id": 5}, {"type": "Team", "id": 6}]
    policy = {"protected_branches": True, "custom_branch_policies": False}
    body = {"wait_timer": 30, "reviewers": reviewers, "deployment_branch_policy": policy}
    first = api.ask("PUT", "/environments/a%2Fb", body).json()
    kinds = [rule["type"] for rule in first["protection_rules"]]
    assert (first["name"], kinds) == ("a/b", ["wait_timer", "required_reviewers", "branch_policy"])
    again = api.ask("PUT", "/environments/a%2Fb").json()
    assert (again["id"], again["protection_rules"]) == (first["id"], [])
    assert api.ask("PUT", "/environments/x", {"wait_timer": 43_201}).status_code == 422
    assert api.ask("PUT", "/environments/x", {"wait_timer": 43_200}).status_code == 200
    assert api.ask("DELETE", "/environments/x").status_code == 204
    assert api.ask("GET", "/environments/x").status_code == 404


def test_runs_of_a_workflow_newest_first_and_filtered(api):
    add = api.hub.add_run
    add(1, created_at="2026-02-01T10:00:00Z", conclusion="failure")
    add(2, created_at="2026-02-02T10:00:00Z", status="in_progress", event="deployment_status", head_sha=SHA)
    add(3, created_at="2026-02-03T10:00:00Z", display_title="production d-1", attempt=2)
    add(4, workflow="watchdog.yml")

    def ids(workflow="post-deploy.yml", **query):
        told = api.get(f"/actions/workflows/{workflow}/runs", **query)
        assert told["total_count"] >= len(told["workflow_runs"])
        return [run["id"] for run in told["workflow_runs"]]

    assert ids() == [3, 2, 1]
    assert ids(status="in_progress") == [2]
    assert ids(status="failure") == [1]
    assert ids(status="completed") == [3, 1]
    assert ids(event="deployment_status") == [2]
    assert ids(head_sha=SHA) == [2]
    assert ids(per_page=1, page=2) == [2]
    assert ids(created=">=2026-02-02") == [3, 2]
    assert ids(created="2026-02-01..2026-02-02") == [2, 1]
    assert ids(created="<2026-02-02T10:00:00Z") == [1]
    run = api.get("/actions/runs/3")
    assert (run["display_title"], run["run_attempt"], run["conclusion"]) == ("production d-1", 2, "success")
    assert ids(workflow=run["workflow_id"]) == [3, 2, 1]
    assert api.ask("GET", "/actions/workflows/none.yml/runs").status_code == 404


def test_a_run_that_goes_on_can_be_cancelled_once(api):
    api.hub.add_run(7, status="waiting")
    api.hub.add_job(7, "gate")
    api.hub.add_job(7, "sample", status="waiting")
    assert api.ask("POST", "/actions/runs/7/cancel").status_code == 202
    run = api.get("/actions/runs/7")
    assert (run["status"], run["conclusion"]) == ("completed", "cancelled")
    told = api.get("/actions/runs/7/jobs")["jobs"]
    assert [(job["name"], job["conclusion"]) for job in told] == [
        ("gate", "success"),
        ("sample", "cancelled"),
    ]
    assert api.ask("POST", "/actions/runs/7/cancel").status_code == 409
    assert api.ask("POST", "/actions/runs/8/cancel").status_code == 404


def test_jobs_are_those_of_the_newest_attempt(api):
    api.hub.add_run(7)
    api.hub.add_job(7, "sample", conclusion="failure")
    api.hub.runs[7]["attempt"] = 2
    api.hub.add_job(7, "sample")
    assert [job["conclusion"] for job in api.get("/actions/runs/7/jobs")["jobs"]] == ["success"]
    assert api.get("/actions/runs/7/jobs", filter="all")["total_count"] == 2
    assert api.get("/actions/runs/7/timing")["billable"] == {}


def test_artifacts_of_a_run_by_name_and_as_archive(api):
    api.hub.add_run(7)
    api.hub.add_artifact(7, "sample-T+000-a1", files={"verdict.json": "{}"})
    old = api.hub.add_artifact(7, "sample-T+015-a1", expired=True)
    told = api.get("/actions/runs/7/artifacts")
    assert [row["name"] for row in told["artifacts"]] == ["sample-T+015-a1", "sample-T+000-a1"]
    [found] = api.get("/actions/runs/7/artifacts", name="sample-T+000-a1")["artifacts"]
    assert api.get(found["url"]) == found
    assert found["workflow_run"]["id"] == 7
    place = api.ask("GET", found["archive_download_url"])
    assert place.status_code == 302
    data = requests.get(place.headers["Location"], timeout=10).content
    assert zipfile.ZipFile(io.BytesIO(data)).read("verdict.json") == b"{}"
    assert api.ask("GET", f"/actions/artifacts/{old['id']}/zip").status_code == 410


def test_dispatches_are_recorded_and_one_of_a_workflow_is_a_run(api):
    path = "/actions/workflows/post-deploy.yml/dispatches"
    assert api.ask("POST", path, {"ref": "main", "inputs": {"number": "1"}}).status_code == 204
    told = api.ask("POST", path, {"ref": "main", "return_run_details": True})
    assert told.status_code == 200
    assert api.get(told.json()["run_url"])["status"] == "queued"
    event = {"event_type": "deployed", "client_payload": {"environment": "production"}}
    assert api.ask("POST", "/dispatches", event).status_code == 204
    assert api.hub.dispatches == [
        {"workflow_id": "post-deploy.yml", "ref": "main", "inputs": {"number": "1"}},
        {"workflow_id": "post-deploy.yml", "ref": "main", "inputs": {}},
        event,
    ]
    assert len(api.hub.runs) == 2


def test_a_workflow_that_is_switched_off_is_not_dispatched(api):
    path = "/actions/workflows/post-deploy.yml"
    assert api.ask("PUT", f"{path}/disable").status_code == 204
    assert api.ask("POST", f"{path}/dispatches", {"ref": "main"}).status_code == 422
    assert api.ask("PUT", f"{path}/enable").status_code == 204
    assert api.ask("POST", f"{path}/dispatches", {"ref": "main"}).status_code == 204
    assert api.ask("PUT", "/actions/workflows/none.yml/enable").status_code == 404


def test_deployments_and_how_a_success_ends_the_earlier_one(api):
    first, second = (api.ask("POST", "/deployments", {"ref": SHA}).json() for _ in range(2))
    assert first["sha"] == SHA
    for made in (first, second):
        answer = api.ask("POST", f"/deployments/{made['id']}/statuses", {"state": "success"})
        assert answer.status_code == 201
    states = [row["state"] for row in api.get(f"/deployments/{first['id']}/statuses")]
    assert states == ["inactive", "success"]
    quiet = {"state": "success", "auto_inactive": False}
    third = api.ask("POST", "/deployments", {"ref": "main", "environment": "production"}).json()
    api.ask("POST", f"/deployments/{third['id']}/statuses", quiet)
    assert [row["state"] for row in api.get(f"/deployments/{second['id']}/statuses")] == ["success"]
    assert [row["id"] for row in api.get("/deployments", sha=SHA)] == [second["id"], first["id"]]
    long = {"state": "success", "description": "x" * 141}
    assert api.ask("POST", f"/deployments/{third['id']}/statuses", long).status_code == 422


def test_addresses_of_the_answers_lead_back_here(api):
    api.hub.add_run(7)
    for address in (api.get("/issues/1")["url"], api.get("")["url"], api.get("/actions/runs/7")["jobs_url"]):
        found = operation("GET", address.removeprefix(api.url))
        assert found is not None
        api.get(address)
    assert re.fullmatch(rf"{api.url}/{REPOSITORY}/issues/1", api.get("/issues/1")["html_url"])
