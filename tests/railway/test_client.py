"""Railway's API over real sockets: each trouble typed, reads asked again within a budget, writes once."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_verdict.model import Exchange, Whose
from deploy_verdict.railway import (
    RailwayClient,
    RailwayError,
    ServiceIds,
    Token,
    active_deployments,
    client_from,
    deploy_log,
    deployments,
    http_log,
    http_metrics,
    metrics,
    place,
    roll_back,
    service_settings,
    steps,
)
from deploy_verdict.railway.answers import moment
from deploy_verdict.railway.errors import data_of
from deploy_verdict.redaction.redactor import Redactor
from tests.bundles import T0
from tests.clocks import TurnedClock
from tests.examples import at_least
from tests.servers import raw_server

PLACE = ServiceIds(project_id="p", environment_id="e", service_id="s")
TOKEN = Token(value="a-secret-token-of-ours", kind="project", variable="RAILWAY_TOKEN")


class Answers:
    """A conversation that gives the answers in turn, the last one for ever; `heads` are the requests."""

    def __init__(self, *answers):
        self.answers, self.heads = answers, []

    def __call__(self, connection, head, stop):
        self.heads.append(head)
        status, body, *headers = self.answers[min(len(self.heads), len(self.answers)) - 1]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", "Connection: close", *headers]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def asked(*answers, question=lambda railway: railway.read("project_token", {}), **more):
    """What a question gives, or its error; beside the conversation and the clock."""
    conversation, clock = Answers(*answers), TurnedClock()
    with raw_server(conversation) as url:
        railway = RailwayClient(TOKEN, url=url, clock=clock, redactor=Redactor({}), **more)
        try:
            return question(railway), conversation, clock
        except RailwayError as error:
            return error, conversation, clock


def errors(message, **more):
    return "200 OK", {"data": None, "errors": [{"message": message, "traceId": "t1", **more}]}


GOOD = "200 OK", {"data": {"projectToken": {"projectId": "p"}}}
HTML = b"<!DOCTYPE html><title>Access denied</title>"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (errors("Not Authorized"), "unauthorized", "Not Authorized (trace t1) — the token is wrong"),
        (errors("not authorized", extensions={"code": "INTERNAL_SERVER_ERROR"}), "unauthorized", "expired"),
        (errors("Project Token not found"), "unauthorized", "Project Token not found"),
        (errors("Two Factor Authentication Required"), "unauthorized", "turn it on"),
        (errors("x", extensions={"code": "UNAUTHENTICATED"}), "unauthorized", "the token is empty"),
        (errors("Deployment not found"), "not-found", "Deployment not found"),
        (errors("Problem processing request"), "refused-query", "an unknown id, or a passing fault"),
        (errors("You are doing that too quickly"), "rate-limited", "too quickly"),
        (errors("Something else"), "refused-query", "Something else (trace t1)"),
        (("200 OK", {"errors": [{}]}), "refused-query", "errors without a message"),
        (("200 OK", {"data": {"a": 1}, "errors": [{"message": "half"}]}), "partial", "half"),
        (
            ("400 Bad Request", {"errors": [{"message": "Cannot query field"}]}),
            "invalid-query",
            "Cannot query field",
        ),
        (("401 Unauthorized", {"errors": [{"message": "Not Authorized"}]}), "unauthorized", "Not Authorized"),
        (("403 Forbidden", HTML), "edge-refused", "says nothing about the token"),
        (("401 Unauthorized", HTML), "edge-refused", "says nothing about the token"),
        (("403 Forbidden", b"error code: 1010"), "edge-refused", "error code: 1010"),
        (
            ("429 Too Many", HTML, "Retry-After: 30", "X-RateLimit-Limit: 1000"),
            "rate-limited",
            "wait 30 s (0 of 1000",
        ),
        (("429 Too Many", b"", "Retry-After: soon"), "rate-limited", "HTTP 429"),
        (("429 Too Many", b"error code: 1015"), "edge-limited", "and not the account: whatever else runs"),
        (
            ("429 x", b"<title>Error 1015 | Cloudflare</title>", "Retry-After: 9"),
            "edge-limited",
            "a runner of",
        ),
        (("429 x", b"error code: 1015", "X-RateLimit-Limit: 1000"), "rate-limited", "this account"),
        (("429 x", b"", "X-RateLimit-Limit: 100"), "rate-limited", "a free workspace has 100 an hour"),
        (
            errors('Cannot query field "a" on type "B"', extensions={"code": "GRAPHQL_VALIDATION_FAILED"}),
            "invalid-query",
            "(HTTP 200)",
        ),
        (("502 Bad Gateway", HTML), "unavailable", "HTTP 502"),
        (("200 OK", HTML), "protocol", "not GraphQL"),
        (("200 OK", {}), "protocol", "neither data nor errors"),
        (("200 OK", {"data": None}), "protocol", "neither data nor errors"),
        (("200 OK", []), "protocol", "not GraphQL"),
        (("200 OK", b"[" * 100_000), "protocol", "not GraphQL"),
        (("302 Found", b"", "Location: http://127.0.0.1:1/"), "protocol", "HTTP 302"),
    ],
)
def test_each_trouble_is_typed(answer, kind, words):
    error, _, _ = asked(answer)
    assert isinstance(error, RailwayError)
    assert (error.fault.kind, error.fault.whose) == (kind, Whose.PROVIDER)
    assert words in error.fault.detail


PASSING = [
    ("502 Bad Gateway", HTML),
    ("403 Forbidden", HTML),
    ("429 x", b""),
    errors("Problem processing request"),
]


@pytest.mark.parametrize("first", PASSING)
def test_a_read_is_asked_again_after_passing_trouble(first):
    answer, conversation, clock = asked(first, GOOD)
    assert answer == GOOD[1]["data"]
    assert len(conversation.heads) == 2
    assert 0.5 <= clock.slept[0] <= 1.0


@pytest.mark.parametrize("answer", [errors("Not Authorized"), errors("Deployment not found"), ("400 x", {})])
def test_what_will_not_change_is_asked_once(answer):
    _, conversation, _ = asked(answer, GOOD)
    assert len(conversation.heads) == 1


def test_the_budget_ends_the_tries():
    error, conversation, clock = asked(("502 x", HTML), budget_s=5.0)
    assert error.fault.kind == "unavailable"
    assert clock.monotonic_s() <= 5.0
    assert f"(after {len(conversation.heads)} tries)" in error.fault.detail


def test_a_retry_after_beyond_the_budget_is_not_waited_for():
    error, conversation, clock = asked(("429 x", b"", "Retry-After: 86400"), GOOD)
    assert (error.fault.kind, error.fault.retry_after_s) == ("rate-limited", 86400)
    assert (clock.slept, len(conversation.heads)) == ([], 1)


def test_retry_after_is_kept():
    _, _, clock = asked(("429 x", b"", "Retry-After: 7"), GOOD)
    assert clock.slept[0] == 7.0


def test_a_refused_connection_is_the_providers():
    railway = RailwayClient(TOKEN, url="http://127.0.0.1:1", clock=TurnedClock(), redactor=Redactor({}))
    with pytest.raises(RailwayError) as caught:
        railway.read("project_token", {})
    assert (caught.value.fault.kind, caught.value.fault.whose) == ("refused", Whose.PROVIDER)


def test_no_answer_is_a_timeout():
    with raw_server(lambda connection, head, stop: stop.wait(30)) as url:
        railway = RailwayClient(
            TOKEN, url=url, clock=TurnedClock(), redactor=Redactor({}), timeout_s=0.2, budget_s=0.1
        )
        with pytest.raises(RailwayError) as caught:
            railway.read("project_token", {})
    assert caught.value.fault.kind == "timeout"


def test_the_token_never_stands_in_a_message():
    error, _, _ = asked(errors(f"bad token {TOKEN.value}"))
    assert TOKEN.value not in error.fault.detail
    assert TOKEN.value not in repr(TOKEN)


def test_headers_by_the_kind_of_token():
    _, conversation, _ = asked(GOOD)
    head = conversation.heads[0].lower()
    assert b"project-access-token: a-secret-token-of-ours" in head
    assert b"user-agent: deploy-verdict/" in head
    # With any query string, Cloudflare bears five times as many requests of one address.
    assert head.startswith(b"post /?source=deploy_verdict ")
    assert Token(value="t", kind="account", variable="x").header == {"Authorization": "Bearer t"}


def test_within_a_sample_the_same_question_is_asked_once():
    def twice(railway):
        sample = railway.remembering()
        return [client.read("project_token", {}) for client in (sample, sample, railway, railway)]

    answers, conversation, _ = asked(GOOD, question=twice)
    assert (len(answers), len(conversation.heads)) == (4, 3)


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"RAILWAY_TOKEN": "a", "RAILWAY_API_TOKEN": "b"}, "project"),
        ({"RAILWAY_API_TOKEN": "b"}, "account"),
        ({"RAILWAY_TOKEN": "  ", "RAILWAY_API_TOKEN": "b"}, "account"),
    ],
)
def test_the_token_is_recognised_by_its_variable(environment, kind):
    assert client_from(environment, clock=TurnedClock(), redactor=Redactor({})).token.kind == kind


def test_without_a_token_the_reason_says_what_to_set():
    with pytest.raises(RailwayError) as caught:
        client_from({"RAILWAY_TOKEN": " "}, clock=TurnedClock(), redactor=Redactor({}))
    assert caught.value.fault.whose is Whose.US
    assert "RAILWAY_TOKEN" in caught.value.fault.detail


ROLLED = {"data": {"deploymentRollback": True}}


def test_a_rollback_that_returns_true_is_done():
    answer, conversation, _ = asked(("200 OK", ROLLED), question=lambda railway: roll_back(railway, "d"))
    assert answer is None
    assert len(conversation.heads) == 1


@pytest.mark.parametrize(
    ("answer", "uncertain"),
    [
        (("200 OK", {**ROLLED, "errors": [{"message": "half"}]}), True),
        (("200 OK", {"data": {"deploymentRollback": False}}), True),
        (("200 OK", {"data": {"deploymentRollback": None}}), True),
        (("200 OK", {"data": {"deploymentRollback": {"id": 1}}}), True),
        (("502 x", HTML), True),
        (("200 OK", HTML), True),
        (errors("Not Authorized"), False),
        (("429 x", b""), False),
        (("429 x", b"error code: 1015"), False),
        (("400 x", {}), False),
        (("403 x", HTML), False),
    ],
)
def test_a_write_is_sent_once_and_says_whether_it_may_have_taken_effect(answer, uncertain):
    error, conversation, _ = asked(
        answer, ("200 OK", ROLLED), question=lambda railway: roll_back(railway, "d")
    )
    assert isinstance(error, RailwayError)
    assert (error.uncertain, len(conversation.heads)) == (uncertain, 1)


def test_a_write_that_could_not_connect_took_no_effect():
    railway = RailwayClient(TOKEN, url="http://127.0.0.1:1", clock=TurnedClock(), redactor=Redactor({}))
    with pytest.raises(RailwayError) as caught:
        roll_back(railway, "d")
    assert caught.value.uncertain is False


def line(number, **more):
    at = f"2026-02-02T12:00:{number:02d}.123456789Z"
    return {
        "timestamp": at,
        "message": f"line {number}",
        "severity": "info",
        "attributes": [],
        "tags": None,
        **more,
    }


def test_a_log_of_limit_plus_one_lines_is_cut_at_its_old_end():
    answer = "200 OK", {"data": {"deploymentLogs": [line(number) for number in range(4)]}}
    found, _, _ = asked(
        answer, question=lambda railway: deploy_log(railway, "d", start=None, end=T0, limit=3)
    )
    assert [entry.message for entry in found] == ["line 1", "line 2", "line 3"]


def test_attribute_values_are_decoded_and_kept_raw_where_they_are_no_json():
    pairs = [{"key": "level", "value": '"info"'}, {"key": "n", "value": "3"}, {"key": "raw", "value": "{x"}]
    answer = "200 OK", {"data": {"deploymentLogs": [line(1, attributes=pairs)]}}
    found, _, _ = asked(
        answer, question=lambda railway: deploy_log(railway, "d", start=None, end=T0, limit=3)
    )
    assert found[0].attributes == {"level": "info", "n": 3, "raw": "{x"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-02-02T12:00:01.123456789Z", "2026-02-02T12:00:01.123456+00:00"),
        ("2026-02-02T12:00:01Z", "2026-02-02T12:00:01+00:00"),
        ("2026-02-02T13:00:01.5+01:00", "2026-02-02T12:00:01.500000+00:00"),
        ("yesterday", None),
        ("2026-99-02T12:00:01Z", None),
        (None, None),
        (12, None),
    ],
)
def test_moments(text, told):
    at = moment(text)
    assert (at.isoformat() if at else None) == told


DEPLOYED = {
    "id": "d",
    "status": "SUCCESS",
    "deploymentStopped": False,
    "canRollback": True,
    "canRedeploy": True,
}
DEPLOYED |= {"instances": [{"id": "i", "status": "RUNNING"}]}
LAST = {"hasNextPage": False, "endCursor": None}


def connection(*nodes, page=LAST):
    return {"edges": [{"node": node} for node in nodes], "pageInfo": page}


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("place", {"projectToken": None}, "projectToken: expected an object, got null"),
        ("place", {"projectToken": {"projectId": "p"}}, "projectToken.environmentId: missing"),
        (
            "deployments",
            {"deployments": connection(DEPLOYED, {**DEPLOYED, "status": None})},
            "deployments.edges[1].node.status: expected text, got null",
        ),
        (
            "deployments",
            {"deployments": connection({**DEPLOYED, "canRollback": "yes"})},
            "deployments.edges[0].node.canRollback: expected true or false, got text",
        ),
        (
            "deployments",
            {"deployments": connection(DEPLOYED, page={"hasNextPage": True, "endCursor": None})},
            "deployments.pageInfo.endCursor: expected text, got null",
        ),
        (
            "active",
            {"serviceInstance": {"activeDeployments": [{**DEPLOYED, "instances": "none"}]}},
            "serviceInstance.activeDeployments[0].instances: expected a list, got text",
        ),
        ("deploy_log", {}, "deploymentLogs: missing"),
        ("deploy_log", {"deploymentLogs": None}, "deploymentLogs: expected a list, got null"),
        ("deploy_log", {"deploymentLogs": [line(1, message=5)]}, "deploymentLogs[0].message: expected text"),
        ("http_log", {"httpLogs": [{"httpStatus": True}]}, "httpLogs[0].timestamp: missing"),
        (
            "metrics",
            {"metrics": [{"measurement": "CPU_USAGE", "tags": {}, "values": [{"ts": -1, "value": 1}]}]},
            "metrics[0].values[0].ts: expected seconds since 1970, got a number",
        ),
        (
            "http_metrics",
            {
                "httpMetricsGroupedByStatus": [{"statusCode": 200, "samples": [{"ts": 1, "value": None}]}],
                "httpDurationMetrics": {"samples": []},
            },
            "httpMetricsGroupedByStatus[0].samples[0].value: expected a number, got null",
        ),
    ],
)
def test_what_does_not_fit_names_its_place(name, data, problem):
    with pytest.raises(RailwayError) as caught:
        QUESTIONS[name](Canned(data))
    assert (caught.value.fault.kind, caught.value.fault.whose) == ("protocol", Whose.PROVIDER)
    assert problem in caught.value.fault.detail


def test_a_new_word_is_kept_and_what_is_missing_or_untyped_stays_unknown():
    odd = {**DEPLOYED, "status": "LAUNCHING", "meta": "none", "creator": 5, "createdAt": "today"}
    (found,), is_complete = deployments(Canned({"deployments": connection(odd)}), PLACE)
    assert (found.status, is_complete) == ("LAUNCHING", True)
    assert (found.commit, found.creator, found.created_at, found.service_id) == (None, None, None, None)
    assert found.instances[0].status == "RUNNING"


def test_settings_are_read_where_they_are_known():
    data = {
        "healthcheckPath": "/ready",
        "healthcheckTimeout": 30,
        "sleepApplication": 1,
        "numReplicas": True,
    }
    found = service_settings(Canned({"serviceInstance": data}), PLACE)
    assert (found.healthcheck_path, found.healthcheck_timeout_s) == ("/ready", 30.0)
    assert (found.sleeps, found.replicas) == (None, None)


def test_a_try_that_the_budget_cuts_short_does_not_hide_the_trouble_before_it():
    """The second answer never comes; what is left of the budget ends the wait for it."""

    def converse(connection, head, stop):
        if not heads:
            heads.append(head)
            connection.sendall(b"HTTP/1.1 502 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            stop.wait(30)

    heads = []
    with raw_server(converse) as url:
        clock = TurnedClock()
        railway = RailwayClient(TOKEN, url=url, clock=clock, redactor=Redactor({}), budget_s=1.2)
        with pytest.raises(RailwayError) as caught:
            railway.read("project_token", {})
    assert caught.value.fault.kind == "unavailable"
    assert "(after 2 tries)" in caught.value.fault.detail


QUESTIONS = {
    "place": lambda railway: place(railway, project="p", service="s", environment="production"),
    "deployments": lambda railway: deployments(railway, PLACE, most=3),
    "active": lambda railway: active_deployments(railway, PLACE),
    "settings": lambda railway: service_settings(railway, PLACE),
    "steps": lambda railway: steps(railway, "d"),
    "deploy_log": lambda railway: deploy_log(railway, "d", start=T0, end=T0, limit=5),
    "http_log": lambda railway: http_log(railway, "d", start=T0, end=T0, limit=5),
    "metrics": lambda railway: metrics(railway, PLACE, start=T0, end=T0, every_s=60),
    "http_metrics": lambda railway: http_metrics(railway, PLACE, start=T0, end=T0, every_s=60),
}
FIELDS = ["projectToken", "deployments", "serviceInstance", "deploymentEvents", "deploymentLogs"]
FIELDS += ["httpLogs", "metrics", "httpMetricsGroupedByStatus", "httpDurationMetrics"]
KEYS = ["edges", "node", "pageInfo", "hasNextPage", "endCursor", "id", "status", "meta", "values", "ts"]
KEYS += ["value", "samples", "timestamp", "message", "tags", "attributes", "activeDeployments"]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


class Canned(RailwayClient):
    """A client whose answers are handed in: what is tested is the reading of them."""

    def __init__(self, data):
        super().__init__(TOKEN, clock=TurnedClock(), redactor=Redactor({}))
        self._data, self._asked = data, 0

    def read(self, document, variables):
        self._asked += 1
        if self._asked > 5:
            raise RailwayError(Exchange_fault)
        return self._data


Exchange_fault = RailwayError.__init__.__globals__["Fault"](
    kind="x", whose=Whose.PROVIDER, detail="enough pages"
)


@settings(max_examples=at_least(50), deadline=None)
@pytest.mark.parametrize("name", QUESTIONS)
@given(data=st.dictionaries(st.sampled_from(FIELDS), ODD))
def test_whatever_railway_answers_only_a_railway_error_comes_out(name, data):
    with contextlib.suppress(RailwayError):
        QUESTIONS[name](Canned(data))


@settings(max_examples=300, deadline=None)
@given(status=st.integers(100, 599), body=st.text() | ODD.map(json.dumps))
def test_whatever_comes_as_a_body_only_a_railway_error_comes_out(status, body):
    exchange = Exchange(at=T0, method="POST", url="u", request_id="r", status=status, body=body)
    with contextlib.suppress(RailwayError):
        assert isinstance(data_of(exchange), dict)


def test_endless_pages_of_environments_end():
    """A server that always promises one more page."""
    page = {"edges": [], "pageInfo": {"hasNextPage": True, "endCursor": "again"}}
    railway = Canned({"environments": page})
    railway.token = Token(value="t", kind="account", variable="x")
    with pytest.raises(RailwayError, match="pages"):
        place(railway, project="p", service="s", environment="production")
