"""The demo's Railway answers as the real one does: its schema, its habits, and its troubles."""

import pytest
import requests

from demo.railway import ids
from demo.running import running

IDS = {"projectId": ids.PROJECT_ID, "environmentId": ids.ENVIRONMENT_ID, "serviceId": ids.SERVICE_ID}


class Api:
    """One Railway, as a test speaks to it."""

    def __init__(self, backend):
        self.url, self.base_url = backend.railway_url, backend.base_url

    def post(self, query, variables=None, **headers):
        headers = headers or {"Project-Access-Token": ids.DEMO_TOKEN}
        body = {"query": query, "variables": variables or {}}
        return requests.post(self.url, json=body, headers=headers, timeout=10)

    def data(self, query, **variables):
        body = self.post(query, variables).json()
        assert "errors" not in body, body
        return body["data"]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    with running(log=tmp_path_factory.mktemp("railway") / "backend.log") as backend:
        yield Api(backend)


@pytest.fixture
def broken(tmp_path):
    stack = []

    def start(fault):
        context = running(fault, log=tmp_path / "backend.log")
        stack.append(context)
        return Api(context.__enter__())

    yield start
    for context in stack:
        context.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("query {", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nothingLikeThis }", "GRAPHQL_VALIDATION_FAILED"),
        ('mutation { deploymentRollback(id: "x") { id status } }', "GRAPHQL_VALIDATION_FAILED"),
        (
            "{ deployments(input: {status: {successfulOnly: true}}) { edges { cursor } } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "{ deployments(input: {status: {in: [ACTIVE]}}) { edges { cursor } } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ],
)
def test_what_railway_would_refuse_is_refused_here(healthy, query, code):
    answer = healthy.post(query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == code


def test_a_field_that_the_demo_does_not_know_is_an_error_and_no_null(healthy):
    for query in ("{ me { id } }", "{ projectToken { id projectId } }"):
        answer = healthy.post(query)
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["traceId"]


@pytest.mark.parametrize(
    "header", [{"X": "y"}, {"Project-Access-Token": "wrong"}, {"Authorization": "Bearer x"}]
)
def test_without_the_right_token_it_says_so_in_a_200(healthy, header):
    answer = healthy.post("{ projectToken { projectId } }", **header)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (200, "Not Authorized")


def test_an_account_token_opens_all_but_the_project_token_query(healthy):
    header = {"Authorization": f"Bearer {ids.DEMO_TOKEN}"}
    query = f'{{ environments(projectId: "{ids.PROJECT_ID}") {{ edges {{ node {{ id name }} }} }} }}'
    assert (
        healthy.post(query, **header).json()["data"]["environments"]["edges"][0]["node"]["name"]
        == "production"
    )
    assert "errors" in healthy.post("{ projectToken { projectId } }", **header).json()


LIST = """query ($first: Int, $after: String, $input: DeploymentListInput!) {
  deployments(input: $input, first: $first, after: $after) {
    edges { node { id status } } pageInfo { endCursor hasNextPage } } }"""


def test_pages_and_filters_of_deployments(healthy):
    first = healthy.data(LIST, input=IDS, first=4)["deployments"]
    assert (len(first["edges"]), first["pageInfo"]["hasNextPage"]) == (4, True)
    rest = healthy.data(LIST, input=IDS, first=4, after=first["pageInfo"]["endCursor"])["deployments"]
    assert (len(rest["edges"]), rest["pageInfo"]["hasNextPage"]) == (2, False)
    live = healthy.data(LIST, input={**IDS, "status": {"in": ["SUCCESS"]}})["deployments"]["edges"]
    assert [edge["node"]["id"] for edge in live] == [ids.LIVE_ID]


LOG = """query ($limit: Int, $end: DateTime) {
  deploymentLogs(deploymentId: "%s", limit: $limit, endDate: $end) { timestamp message severity } }"""


def test_a_log_gives_one_line_more_than_the_limit_and_the_newest_ones(healthy):
    for _ in range(6):
        requests.get(f"{healthy.base_url}/api/workers", timeout=10)
    lines = healthy.data(LOG % ids.LIVE_ID, limit=3)["deploymentLogs"]
    assert len(lines) == 4
    assert lines == sorted(lines, key=lambda line: line["timestamp"])
    older = healthy.data(LOG % ids.LIVE_ID, limit=3, end=lines[0]["timestamp"][:23] + "Z")["deploymentLogs"]
    assert older[-1]["timestamp"] <= lines[0]["timestamp"]
    assert "errors" in healthy.post(LOG % ids.LIVE_ID, {"limit": 5001}).json()


def test_each_request_is_in_the_http_log_under_the_id_that_came_back(healthy):
    agent = {"User-Agent": "a-test"}
    identity = requests.get(f"{healthy.base_url}/api/workers?x=1", headers=agent, timeout=10).headers[
        "x-railway-request-id"
    ]
    fields = "{ requestId path httpStatus clientUa }"
    query = f"""{{ httpLogs(deploymentId: "{ids.LIVE_ID}", beforeLimit: 500) {fields} }}"""
    found = [row for row in healthy.data(query)["httpLogs"] if row["requestId"] == identity]
    assert found == [{"requestId": identity, "path": "/api/workers", "httpStatus": 200, "clientUa": "a-test"}]


def test_a_rollback_makes_a_new_deployment_and_is_refused_where_it_cannot(broken):
    api = broken("none")
    refused = api.post('mutation { deploymentRollback(id: "d0000001-upload") }').json()
    assert refused["errors"][0]["message"] == "Deployment cannot be rolled back to"
    assert api.data(f'mutation {{ deploymentRollback(id: "{ids.GOOD_ID}") }}') == {"deploymentRollback": True}
    first = api.data(LIST, input=IDS, first=1)["deployments"]["edges"][0]["node"]
    assert first["id"].startswith("d-rollback")


@pytest.mark.parametrize(
    ("fault", "status"),
    [("railway-html-403", 403), ("railway-expired-token", 200)],
)
def test_troubles_of_every_request(broken, fault, status):
    answer = broken(fault).post("{ projectToken { projectId } }")
    assert answer.status_code == status
    assert "projectId" not in answer.text


def test_the_rate_limit_comes_with_the_fourth_request(broken):
    api = broken("railway-rate-limited")
    answers = [api.post("{ projectToken { projectId } }") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "3600"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("railway-failed-build", "FAILED"), ("railway-in-flight", "BUILDING"), ("railway-stopped", "SUCCESS")],
)
def test_the_live_deployment_of_each_story(broken, fault, status):
    query = f'{{ deployment(id: "{ids.LIVE_ID}") {{ status deploymentStopped }} }}'
    assert broken(fault).data(query)["deployment"]["status"] == status
