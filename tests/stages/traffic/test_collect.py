"""The edge's HTTP log counted: others by path, ours apart, bad ones as examples."""

from datetime import timedelta

import pytest

from deploy_verdict.model import Fault, Whose
from deploy_verdict.railway.answers import moment
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.traffic.collect import collect_traffic, path_shape
from tests.bundles import T0
from tests.stages.platform import context_on

OURS = "deploy-verdict/0.1.0 (window w1)"


def request(number, path="/api/x", status=200, agent="Mozilla", **more):
    at = (T0 + timedelta(seconds=number)).isoformat().replace("+00:00", ".000000000Z")
    return {
        "timestamp": at,
        "requestId": f"r{number}",
        "method": "GET",
        "host": "h",
        "path": path,
        "httpStatus": status,
        "totalDuration": 10 + number,
        "upstreamRqDuration": 9,
        "clientUa": agent,
        "upstreamErrors": "",
        "responseDetails": "",
        "deploymentInstanceId": "i",
        **more,
    }


def read(rows, *, length_s=600, page=5000, **more):
    def answers(operation, variables):
        if rows and isinstance(rows[0], str):
            return rows
        kept = [
            item
            for item in rows
            if moment(variables["start"]) <= moment(item["timestamp"]) <= moment(variables["end"])
        ]
        return {"httpLogs": kept[-(variables["limit"] + 1) :]}

    with context_on(answers, **more) as context:
        context.pace.clock.sleep(length_s)
        return collect_traffic(context, page=page)[0]


def test_ours_are_counted_apart_and_other_windows_not_at_all():
    rows = [request(0, agent=OURS), request(1), request(2, agent="deploy-verdict/0.1.0 (window w0)")]
    seen = read(rows)
    assert (seen.own_requests, seen.own_ids, seen.requests) == (1, ("r0",), 1)
    assert seen.notes == ("1 requests of other windows of this tool were left out",)


def test_paths_are_counted_with_their_ids_replaced():
    rows = [
        request(number, f"/api/users/{number + 1000}?q=1", 500 if number == 3 else 200)
        for number in range(20)
    ]
    path = read(rows).paths[0]
    assert (path.method, path.path, path.requests) == ("GET", "/api/users/{id}", 20)
    assert path.statuses == {"200": 19, "500": 1}
    assert (path.p50_ms, path.p95_ms, path.p99_ms) == (19.0, 28.0, 29.0)


def test_every_request_once_over_several_pages():
    assert read([request(number) for number in range(50)], page=7).requests == 50


def test_what_lies_outside_of_the_window_does_not_count():
    assert read([request(-5), request(5), request(900)]).requests == 1


def test_upstream_errors_and_the_edges_own_answers():
    rows = [
        request(0, status=502, upstreamErrors='[{"error":"refused"}]', responseDetails="failed to respond"),
        request(1, upstreamErrors="[]"),
    ]
    seen = read(rows)
    assert (seen.paths[0].upstream_errors, seen.paths[0].edge_fallbacks) == (1, 1)
    assert seen.upstream_errors == {'[{"error":"refused"}]': 1}
    assert seen.examples[0].text == 'GET /api/x 502 10 ms: [{"error":"refused"}]'


def test_many_paths_are_taken_together():
    rows = [request(number, f"/p{'x' * number}") for number in range(150)]
    seen = read(rows)
    assert (len(seen.paths), seen.paths_left_out, seen.requests) == (101, 1, 150)


def test_secrets_in_paths_are_redacted():
    seen = read([request(0, "/api/s3cret-value/x", 500)], redactor=Redactor({"API_KEY": "s3cret-value"}))
    assert "s3cret-value" not in seen.model_dump_json()


def test_trouble_is_its_fault():
    seen = read(["Problem processing request"])
    assert (seen.fault.kind, seen.entries_read) == ("refused-query", 0)


def test_without_a_platform_or_deployment_the_reason_is_told():
    fault = Fault(kind="no-token", whose=Whose.US, detail="there is no token")
    assert read([], fault=fault).fault == fault
    assert "no deployment of this window" in read([], ids=()).fault.detail


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/history/TEST-02", "/api/history/{id}"),
        ("/a/7/b", "/a/{id}/b"),
        ("/a/0b9fcd30-1111-4c0f-9d59-2f6a1f0d0001", "/a/{id}"),
        ("/api/redis-connection-stats?x=1", "/api/redis-connection-stats"),
        ("/v1/users", "/v1/users"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_shapes_of_paths(path, shape):
    assert path_shape(path) == shape
