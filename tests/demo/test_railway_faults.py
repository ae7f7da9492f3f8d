"""Each fault of the demo's Railway has its effect where a client meets it."""

import time
from datetime import datetime
from itertools import pairwise

import pytest
import requests

from demo.railway import ids

TOKEN = "{ projectToken { projectId } }"
STATE = f'{{ deployment(id: "{ids.LIVE_ID}") {{ status deploymentStopped meta instances {{ status }} }} }}'
INSTANT = 1_000_000.0  # two hours of plan time in 7 ms
HOUR_IN_2_S = 1800.0


def _state(api):
    return api.data(STATE)["deployment"]


def test_without_a_fault_the_live_deployment_runs(railway):
    state = _state(railway)
    assert (state["status"], state["deploymentStopped"]) == ("SUCCESS", False)
    assert state["instances"] == [{"status": "RUNNING"}]
    assert railway.active() == [ids.LIVE_ID]


def test_failed_build_leaves_the_older_one_serving(broken_railway):
    api = broken_railway("railway-failed-build")
    told = api.data(
        f"""{{ buildLogs(deploymentId: "{ids.LIVE_ID}") {{ message severity }}
        good: buildLogs(deploymentId: "{ids.GOOD_ID}") {{ severity }}
        deploymentEvents(id: "{ids.LIVE_ID}") {{ edges {{ node {{ step payload {{ error }} }} }} }} }}"""
    )
    assert _state(api)["status"] == "FAILED"
    assert any(line["severity"] == "error" for line in told["buildLogs"])
    assert not any(line["severity"] == "error" for line in told["good"])
    failed = {"step": "BUILD_IMAGE", "payload": {"error": "build failed with exit code 1"}}
    assert told["deploymentEvents"]["edges"] == [{"node": failed}]
    assert api.active() == [ids.GOOD_ID]
    assert {"id": ids.GOOD_ID, "status": "SUCCESS"} in api.rows()
    assert api.log(deployment=ids.LIVE_ID) == []
    assert api.log(deployment=ids.GOOD_ID) != []


def test_crash_later_comes_after_success(broken_railway, until):
    api = broken_railway("railway-crash-later", speed=INSTANT)
    assert _state(api)["status"] == "SUCCESS"
    api.probe()
    state = until(lambda: _state(api), lambda found: found["status"] == "CRASHED")
    assert state["instances"] == [{"status": "CRASHED"}]
    assert api.active() == []


def test_superseded_has_another_commit_in_its_place(broken_railway, until):
    api = broken_railway("railway-superseded", speed=INSTANT)
    assert api.active() == [ids.LIVE_ID]
    api.probe()
    until(api.active, lambda found: found == [ids.NEXT_ID])
    new, ours, *_ = api.rows("id status createdAt meta")
    assert (new["id"], new["meta"]["commitHash"]) == (ids.NEXT_ID, ids.NEXT_COMMIT)
    assert (ours["id"], ours["status"]) == (ids.LIVE_ID, "REMOVED")
    assert api.rows("createdAt")[0]["createdAt"] == new["createdAt"]


def test_in_flight_ends_as_success(broken_railway, until):
    api = broken_railway("railway-in-flight")
    assert _state(api)["status"] == "BUILDING"
    assert api.active() == []
    until(lambda: _state(api), lambda found: found["status"] == "SUCCESS")


def test_stopped_says_success_all_the_same(broken_railway):
    state = _state(broken_railway("railway-stopped"))
    assert (state["status"], state["deploymentStopped"]) == ("SUCCESS", True)
    assert state["instances"] == [{"status": "EXITED"}]


def test_no_commit_is_an_upload(broken_railway):
    assert _state(broken_railway("railway-no-commit"))["meta"] == {}


def test_the_rate_limit_comes_with_the_fourth_request(broken_railway):
    api = broken_railway("railway-rate-limited")
    answers = [api.post(TOKEN) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "3600"
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    assert answers[-1].json() == {"errors": [{"message": "Rate limit exceeded"}]}


def test_flapping_answers_when_asked_again(broken_railway):
    api = broken_railway("railway-flapping-5xx")
    answers = [api.post(TOKEN) for _ in range(10)]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200, 502, 200, 200, 503, 200, 200, 500, 200]
    assert answers[8].headers["content-type"].startswith("text/html")


def test_html_403_says_nothing_of_the_token(broken_railway):
    answer = broken_railway("railway-html-403").post(TOKEN)
    assert (answer.status_code, "error code: 1010" in answer.text) == (403, True)


def test_expired_token_is_not_authorized_in_a_200(broken_railway):
    answer = broken_railway("railway-expired-token").post(TOKEN)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (200, "Not Authorized")


def test_slow_takes_longer_than_a_second_and_answers(broken_railway):
    api = broken_railway("railway-slow")
    header = {"Project-Access-Token": ids.DEMO_TOKEN}
    with pytest.raises(requests.ReadTimeout):
        requests.post(api.url, json={"query": TOKEN}, headers=header, timeout=1)
    assert api.data(TOKEN) == {"projectToken": {"projectId": ids.PROJECT_ID}}


def test_log_hole_has_no_line_of_its_plan_time(broken_railway, until):
    api = broken_railway("railway-log-hole", speed=HOUR_IN_2_S)
    api.probe()
    # The hole lasts 1.7 s, and the heartbeat writes every half second.
    lines = until(lambda: api.log("timestamp"), lambda found: _longest_gap_s(found) > 1.5)
    assert lines == sorted(lines, key=lambda line: line["timestamp"])


def _longest_gap_s(lines):
    times = [datetime.fromisoformat(line["timestamp"]) for line in lines]
    return max(((later - earlier).total_seconds() for earlier, later in pairwise(times)), default=0.0)


def test_log_dropped_is_told_by_one_line(broken_railway, until):
    api = broken_railway("railway-log-dropped", speed=INSTANT)
    api.probe()

    def told():
        lines = [line for line in api.log("message timestamp") if "500 logs/sec" in line["message"]]
        return [(line["message"].rpartition(". ")[2], line["timestamp"]) for line in lines]

    first = until(told, lambda found: found)
    assert [words for words, _ in first] == ["Messages dropped: 1200"]
    api.get("/api/workers")
    assert told() == first


def test_canary_cut_keeps_three_requests_of_ten(broken_railway, until):
    api = broken_railway("railway-canary-cut")
    sent = {api.get("/api/workers").headers["x-railway-request-id"] for _ in range(100)}
    # Not exactly thirty: users' requests stand between them.
    kept = until(lambda: sent & {row["requestId"] for row in api.http_log()}, lambda found: len(found) >= 20)
    assert len(kept) <= 40


def test_traffic_5xx_meets_users_and_never_the_watcher(broken_railway, until):
    api = broken_railway("traffic-5xx")
    ours = [api.get("/api/history/TEST-02", "deploy-verdict/0").status_code for _ in range(45)]
    theirs = [api.get("/api/history/TEST-02").status_code for _ in range(45)]
    assert (set(ours), set(theirs)) == ({200}, {200, 500})
    rows = until(lambda: api.http_log("httpStatus clientUa"), lambda found: len(found) >= 90)
    assert {row["clientUa"] for row in rows if row["httpStatus"] == 500} <= {"a-test", "Mozilla/5.0 (demo)"}


def test_the_edges_own_502_stands_in_the_http_log_with_its_cause(broken_railway, until):
    api = broken_railway("html-502")
    identity = api.get("/api/health").headers["x-railway-request-id"]
    fields = "requestId httpStatus upstreamErrors responseDetails"
    [row] = until(
        lambda: [row for row in api.http_log(fields) if row["requestId"] == identity], lambda found: found
    )
    assert (row["httpStatus"], row["responseDetails"]) == (502, "Failed to forward request to backend")
    assert "connection refused" in row["upstreamErrors"]


def test_memory_leak_grows_from_the_first_probe_on(broken_railway, until):
    api = broken_railway("memory-leak", speed=HOUR_IN_2_S)

    def used_gb():
        query = "query ($now: DateTime!) { metrics(startDate: $now, measurements: [MEMORY_USAGE_GB]) "
        query += "{ values { value } } }"
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return api.data(query, {"now": now})["metrics"][0]["values"][-1]["value"]

    assert 0.3 <= used_gb() < 0.32
    api.probe()
    until(used_gb, lambda value: value >= 0.6)


@pytest.mark.parametrize("fault", ["down", "none"])
def test_railway_answers_whether_or_not_the_backend_does(broken_railway, fault):
    api = broken_railway(fault)
    assert api.data(TOKEN) == {"projectToken": {"projectId": ids.PROJECT_ID}}
    if fault == "down":
        with pytest.raises(requests.ConnectionError):
            api.get("/api/workers")
