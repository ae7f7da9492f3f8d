"""The demo's Railway answers as the real one does: its schema and its habits."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import requests

from demo.railway import ids
from demo.running import running
from deploy_verdict.railway.client import text_of

IDS = {"projectId": ids.PROJECT_ID, "environmentId": ids.ENVIRONMENT_ID, "serviceId": ids.SERVICE_ID}
PLACE = {"environmentId": ids.ENVIRONMENT_ID, "serviceId": ids.SERVICE_ID}
FILTERS = "{ deployments(input: {status: {%s}}) { edges { cursor } } }"
LIST = """query ($first: Int, $after: String, $input: DeploymentListInput!) {
  deployments(input: $input, first: $first, after: $after) {
    edges { node { id status } } pageInfo { endCursor hasNextPage } } }"""
LOG = f"""query ($limit: Int, $end: DateTime) {{
  deploymentLogs(deploymentId: "{ids.LIVE_ID}", limit: $limit, endDate: $end) {{ message }} }}"""


def _window():
    now = datetime.now(UTC)
    return {"start": (now - timedelta(seconds=30)).isoformat(), "end": now.isoformat(), "every": 1}


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("project_token", {}),
        ("environments", {"projectId": ids.PROJECT_ID}),
        ("deployments", {**IDS, "first": 5}),
        ("deployment", {"id": ids.LIVE_ID}),
        ("active", PLACE),
        ("settings", PLACE),
        ("skipped", {**IDS, "first": 5}),
        ("steps", {"id": ids.LIVE_ID}),
        ("build_log", {"id": ids.GOOD_ID, "limit": 10}),
        ("deploy_log", {"id": ids.LIVE_ID, "limit": 10}),
        ("http_log", {"id": ids.LIVE_ID, "limit": 10}),
        ("metrics", {**IDS, **_window()}),
        ("http_metrics", {**PLACE, **_window()}),
    ],
)
def test_every_document_of_the_tool_is_answered(railway, document, variables):
    railway.get("/api/workers")
    if document == "http_metrics":
        variables = variables | _window()
    assert all(railway.data(text_of(document), variables).values())


def test_environment_and_trigger_are_told(railway):
    both = f'projectId: "{ids.PROJECT_ID}", environmentId: "{ids.ENVIRONMENT_ID}"'
    told = railway.data(
        f"""{{ environment(id: "{ids.ENVIRONMENT_ID}") {{ id name isEphemeral }}
        deploymentTriggers({both}, serviceId: "{ids.SERVICE_ID}") {{
          edges {{ node {{ branch repository checkSuites }} }} }} }}"""
    )
    assert told["environment"] == {"id": ids.ENVIRONMENT_ID, "name": "production", "isEphemeral": False}
    trigger = {"branch": "main", "repository": "example/zeues", "checkSuites": False}
    assert told["deploymentTriggers"]["edges"] == [{"node": trigger}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("query {", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nothingLikeThis }", "GRAPHQL_VALIDATION_FAILED"),
        ('mutation { deploymentRollback(id: "x") { id status } }', "GRAPHQL_VALIDATION_FAILED"),
        (FILTERS % "successfulOnly: true", "GRAPHQL_VALIDATION_FAILED"),
        (FILTERS % "in: [ACTIVE]", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_what_railway_would_refuse_is_refused_here(railway, query, code):
    answer = railway.post(query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize(
    "query",
    [
        "{ me { id } }",
        "{ projectToken { id projectId } }",
        '{ environmentLogs(environmentId: "x") { message } }',
        'mutation { deploymentRestart(id: "x") }',
        f'{{ deploymentLogs(deploymentId: "{ids.LIVE_ID}", filter: "x") {{ message }} }}',
        f'{{ deploymentEvents(id: "{ids.LIVE_ID}", last: 1) {{ edges {{ cursor }} }} }}',
        '{ metrics(startDate: "2026-01-01", measurements: [NETWORK_RX_GB]) { measurement } }',
    ],
)
def test_what_the_demo_does_not_know_is_an_error_and_no_null(railway, query):
    answer = railway.post(query)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["traceId"]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (LOG, {"limit": "many"}),
        (LOG, {"limit": 5001}),
        (LOG, {"limit": 0}),
        (LOG, {"end": "yesterday"}),
        (LIST, {"input": {}, "after": "no such cursor"}),
        (LIST, {"input": {}, "first": 1001}),
    ],
)
def test_values_that_make_no_sense_are_bad_input(railway, query, variables):
    assert railway.error(query, variables)["extensions"]["code"] == "BAD_USER_INPUT"


def test_the_operation_is_chosen_by_its_name(railway):
    query = "query a { projectToken { projectId } } query b { projectToken { environmentId } }"
    headers = {"Project-Access-Token": ids.DEMO_TOKEN}
    body = {"query": query, "operationName": "b"}
    answer = requests.post(railway.url, json=body, headers=headers, timeout=10).json()
    assert answer["data"] == {"projectToken": {"environmentId": ids.ENVIRONMENT_ID}}


@pytest.mark.parametrize(
    "header", [{"X": "y"}, {"Project-Access-Token": "wrong"}, {"Authorization": "Bearer x"}]
)
def test_without_the_right_token_it_says_so_in_a_200(railway, header):
    answer = railway.post("{ projectToken { projectId } }", **header)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (200, "Not Authorized")


def test_a_blank_bearer_is_unauthenticated(railway):
    answer = railway.post("{ projectToken { projectId } }", Authorization="Bearer ")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_an_account_token_opens_all_but_the_project_token_query(railway):
    header = {"Authorization": f"Bearer {ids.DEMO_TOKEN}"}
    query = f'{{ environments(projectId: "{ids.PROJECT_ID}") {{ edges {{ node {{ name }} }} }} }}'
    told = railway.post(query, **header).json()["data"]["environments"]
    assert told["edges"] == [{"node": {"name": "production"}}]
    assert "errors" in railway.post("{ projectToken { projectId } }", **header).json()


def test_the_rate_limit_is_told_with_each_answer(railway):
    answers = (railway.post("{ projectToken { projectId } }"), railway.post("{"), railway.post("{", X="y"))
    for answer in answers:
        names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
        assert all(answer.headers[name].isdigit() for name in names)


def test_ids_of_others_are_not_authorized(railway):
    for name in IDS:
        error = railway.error(LIST, {"input": {**IDS, name: "another"}})
        assert error["message"] == "Not Authorized"


def test_pages_and_filters_of_deployments(railway):
    first = railway.data(LIST, {"input": IDS, "first": 4})["deployments"]
    assert (len(first["edges"]), first["pageInfo"]["hasNextPage"]) == (4, True)
    after = first["pageInfo"]["endCursor"]
    rest = railway.data(LIST, {"input": IDS, "first": 4, "after": after})["deployments"]
    assert (len(rest["edges"]), rest["pageInfo"]["hasNextPage"]) == (2, False)
    for status, expected in (
        ({"in": ["SUCCESS"]}, {"SUCCESS"}),
        ({"notIn": ["SUCCESS"]}, {"REMOVED", "SKIPPED"}),
        ({"in": []}, set()),
    ):
        found = railway.data(LIST, {"input": {**IDS, "status": status}})["deployments"]["edges"]
        assert {edge["node"]["status"] for edge in found} == expected


def test_deployments_come_newest_first_with_what_is_known_of_their_commits(railway):
    rows = railway.rows("id createdAt meta canRollback")
    assert [row["createdAt"] for row in rows] == sorted((row["createdAt"] for row in rows), reverse=True)
    commits = [row["meta"].get("commitHash", "")[:7] for row in rows]
    assert commits == ["f0ec7b5", "0badbad", "0badbad", "3c1d9a2", "", ""]
    assert [row["canRollback"] for row in rows] == [True, True, False, True, False, False]


def test_a_rollback_takes_over_and_is_refused_where_it_cannot(broken_railway, until):
    api = broken_railway("none")
    refused = api.error('mutation { deploymentRollback(id: "d0000001-upload") }')
    assert refused["message"] == "Deployment cannot be rolled back to"
    page = api.data(LIST, {"input": {}, "first": 2})["deployments"]["pageInfo"]
    assert api.data(f'mutation {{ deploymentRollback(id: "{ids.GOOD_ID}") }}') == {"deploymentRollback": True}
    seen = []
    until(lambda: seen.append(api.rows()) or seen[-1], lambda rows: rows[0]["status"] == "SUCCESS")
    assert all(rows[0]["id"].startswith("d-rollback") for rows in seen)
    assert {rows[0]["status"] for rows in seen} <= {"QUEUED", "DEPLOYING", "SUCCESS"}
    # What served goes on until the new one does.
    live = [(rows[0]["status"] == "SUCCESS", rows[1]["status"]) for rows in seen]
    assert set(live) <= {(False, "SUCCESS"), (True, "REMOVED")}
    assert api.active() == [seen[-1][0]["id"]]
    rest = api.data(LIST, {"input": {}, "first": 1, "after": page["endCursor"]})["deployments"]["edges"]
    assert rest[0]["node"]["id"] == "d0000002-skipped"


def test_nothing_answers_once_it_is_stopped(tmp_path):
    with running(log=tmp_path / "backend.log") as backend, closing(requests.Session()) as session:
        assert session.get(backend.railway_url.replace("/graphql/v2", "/"), timeout=10).json() == {"ok": True}
    for url in (backend.railway_url, backend.base_url):
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=10)
