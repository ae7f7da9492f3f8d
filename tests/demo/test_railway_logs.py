"""Logs and metrics of the demo's Railway: what the backend wrote and answered, with the real one's habits."""

import json
from datetime import UTC, datetime, timedelta

import requests

from demo.railway import ids

PLACE = {"environmentId": ids.ENVIRONMENT_ID, "serviceId": ids.SERVICE_ID}
LOG = f"""query ($limit: Int, $end: DateTime) {{
  deploymentLogs(deploymentId: "{ids.LIVE_ID}", limit: $limit, endDate: $end) {{ timestamp message }} }}"""
HTTP = f"""query ($a: String, $b: String, $limit: Int) {{
  httpLogs(deploymentId: "{ids.LIVE_ID}", anchorDate: $a, afterDate: $b, limit: $limit) {{ timestamp }} }}"""


def _window():
    now = datetime.now(UTC)
    return {"start": (now - timedelta(seconds=30)).isoformat(), "end": now.isoformat(), "every": 1}


def test_a_log_gives_one_line_more_than_the_limit_and_the_newest_ones(railway):
    for _ in range(6):
        railway.get("/api/workers")
    lines = railway.data(LOG, {"limit": 3})["deploymentLogs"]
    assert len(lines) == 4
    assert lines == sorted(lines, key=lambda line: line["timestamp"])
    assert all(len(line["timestamp"]) == len("2026-02-02T12:00:00.123456789Z") for line in lines)
    older = railway.data(LOG, {"limit": 3, "end": lines[0]["timestamp"]})["deploymentLogs"]
    assert (len(older), older[-1]) == (4, lines[0])


def test_attribute_values_are_json_in_a_string(railway):
    line = railway.log("attributes { key value } tags { deploymentId }")[0]
    assert json.loads(line["attributes"][0]["value"]) == "info"
    assert line["tags"] == {"deploymentId": ids.LIVE_ID}


def test_each_request_is_in_the_http_log_under_the_id_that_came_back(railway, until):
    identity = railway.get("/api/workers?x=1").headers["x-railway-request-id"]
    fields = "requestId path httpStatus clientUa upstreamErrors"
    # It is written down after the answer has left.
    found = until(
        lambda: [row for row in railway.http_log(fields) if row["requestId"] == identity], lambda rows: rows
    )
    expected = {"path": "/api/workers", "httpStatus": 200, "clientUa": "a-test", "upstreamErrors": ""}
    assert found == [{"requestId": identity, **expected}]


def test_users_who_are_not_the_watcher_are_in_the_http_log(railway, until):
    def pairs():
        return {(row["clientUa"][:8], row["path"]) for row in railway.http_log("clientUa path")}

    expected = {("Mozilla/", "/api/workers"), ("Mozilla/", "/api/history/TEST-02")}
    until(pairs, lambda found: expected <= found)


def test_the_http_log_is_read_on_both_sides_of_its_anchor(railway, until):
    rows = until(lambda: railway.http_log("timestamp"), lambda found: len(found) >= 8)
    anchor, last = rows[3]["timestamp"], rows[6]["timestamp"]
    before = railway.data(HTTP, {"a": anchor, "limit": 2})["httpLogs"]
    assert before == rows[1:4]
    both = railway.data(HTTP, {"a": anchor, "b": last, "limit": 2})["httpLogs"]
    assert both == [*rows[1:4], *rows[4:6]]


def test_metrics_bear_the_tags_they_are_grouped_by(railway):
    query = """query ($start: DateTime!, $end: DateTime, $every: Int) {
      metrics(startDate: $start, endDate: $end, sampleRateSeconds: $every, groupBy: [%s],
        measurements: [MEMORY_USAGE_GB, MEMORY_LIMIT_GB]) {
        measurement tags { deploymentId serviceId } values { ts value } } }"""
    used, limit = railway.data(query % "DEPLOYMENT_ID", _window())["metrics"]
    assert used["tags"] == {"deploymentId": ids.LIVE_ID, "serviceId": None}
    assert (len(used["values"]), used["values"][-1]["ts"] - used["values"][0]["ts"]) == (31, 30)
    assert all(0.3 < point["value"] < 0.32 for point in used["values"])
    assert {point["value"] for point in limit["values"]} == {1.0}
    assert railway.data(query % "SERVICE_ID", _window())["metrics"][0]["tags"] == {
        "deploymentId": None,
        "serviceId": ids.SERVICE_ID,
    }


def test_http_metrics_count_the_requests_that_were_answered(railway, until):
    query = """query ($environmentId: String!, $serviceId: String!, $start: DateTime!, $end: DateTime!) {
      httpMetricsGroupedByStatus(environmentId: $environmentId, serviceId: $serviceId, startDate: $start,
        endDate: $end, path: "/api/history/counted") { statusCode samples { value } } }"""
    for _ in range(3):
        assert railway.get("/api/history/counted").status_code == 404

    def counted():
        series = railway.data(query, {**PLACE, **_window()})["httpMetricsGroupedByStatus"]
        return {item["statusCode"]: sum(point["value"] for point in item["samples"]) for item in series}

    until(counted, lambda found: found == {404: 3.0})


def test_a_traceback_becomes_several_lines(broken_railway, until):
    api = broken_railway("completar-bug")
    body = {"tag_spool": "TEST-02", "worker_id": 93, "worker_nombre": "MR(93)", "operacion": "ARM"}
    requests.post(
        f"{api.base_url}/api/occupation/completar", json={**body, "fecha_operacion": "2026-02-02"}, timeout=10
    )
    lines = until(api.log, lambda found: any("Traceback" in line["message"] for line in found))
    start = next(number for number, line in enumerate(lines) if "Traceback" in line["message"])
    assert lines[start]["message"] == "Traceback (most recent call last):"
    assert lines[start - 1]["severity"] == "error"
    assert any(line["message"].startswith("AttributeError: 'CompletarRequest'") for line in lines[start:])


def test_only_what_ran_has_a_log(railway):
    assert railway.log(deployment=ids.GOOD_ID) == []
    query = '{ deploymentLogs(deploymentId: "unknown") { message } }'
    assert railway.error(query)["message"] == "Deployment not found"


def test_the_log_of_a_rollback_begins_with_it(broken_railway, until):
    api = broken_railway("none")
    api.data(f'mutation {{ deploymentRollback(id: "{ids.GOOD_ID}") }}')
    new = api.rows()[0]
    lines = until(lambda: api.log(deployment=new["id"]), lambda found: found)
    assert not any("Redis pool initialized" in line["message"] for line in lines)
