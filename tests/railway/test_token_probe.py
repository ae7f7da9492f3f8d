"""`deploy-verdict railway probe` against the demo's Railway, which then behaves as the file says."""

import json

import pytest

from demo.railway import ids
from demo.railway.habits import habits_of
from demo.running import running
from deploy_verdict.railway.token_probe import SCHEMA, shape_of
from tests.running import ROOT, script

QUERIES = {
    "project_token", "environments", "triggers", "active", "settings", "deployments", "skipped",
    "deployment", "steps", "build_log", "deploy_log", "http_log", "metrics", "http_metrics",
    "deploy_log of a removed deployment", "http_log of a removed deployment",
}  # fmt: skip


def probed(folder, *options, name="probe.json", **how):
    out = folder / name
    with running(log=folder / "backend.log", **how) as backend:
        environment = {**backend.environment, "TARGET_URL": backend.base_url}
        done = script("railway probe", "--plan", ROOT / "plans" / "zeues.yml", "--out", out, *options,
                      environment=environment)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text()), done.stdout, out


def test_each_query_is_asked_and_nothing_of_what_it_says_is_kept(tmp_path):
    told, said, out = probed(tmp_path)
    assert told["schema"] == SCHEMA
    assert {row["query"] for row in told["queries"]} == QUERIES
    assert all(row["answered"] for row in told["queries"])
    facts = told["facts"]
    # The API's habit, as facts of others say: one line more than was asked for.
    assert facts["live"]["http_log_entries_of_limit_1"] == 2
    assert (facts["newest_first"], facts["sleepers_are_active"]) == (True, None)
    assert facts["active_statuses"] == {"SUCCESS": 1}
    assert facts["removed_deployment"] == {"deploy_log_lines": 2, "http_log_entries": 2}
    delays = facts["delays"]
    assert delays["service_answered"] == 200
    assert 0 <= delays["http_log_delay_s"] < 60
    assert told["queries"][0]["rate_limit"]["x-ratelimit-limit"] == "1000"
    text = out.read_text() + said
    for value in (ids.DEMO_TOKEN, ids.SERVICE_ID, ids.LIVE_ID, ids.LIVE_COMMIT, "sescanella", "Redis not"):
        assert value not in text
    assert "http_log: answered" in said


def test_the_demo_behaves_as_a_file_says(tmp_path):
    told, _, out = probed(tmp_path)
    for row in told["queries"]:
        if row["query"] == "http_metrics":
            row |= {"answered": False, "reason": "Not Authorized"}
    told["facts"]["live"]["http_log_entries_of_limit_1"] = 1
    told["facts"]["removed_deployment"]["http_log_entries"] = 0
    told["facts"]["delays"] |= {"http_log_delay_s": 3600.0, "deploy_log_delay_s": None}
    out.write_text(json.dumps(told))
    again, said, _ = probed(tmp_path, "--wait", "1s", name="again.json", railway_as=out)
    assert "http_metrics: refused: Not Authorized (trace 0demo)" in said
    assert again["facts"]["live"]["http_log_entries_of_limit_1"] == 0
    assert again["facts"]["delays"]["http_log_delay_s"] is None
    assert again["facts"]["removed_deployment"] == {"deploy_log_lines": 0, "http_log_entries": 0}
    assert habits_of(out).refused == {"http_metrics": "Not Authorized"}


def test_a_token_that_opens_nothing_ends_it_with_the_reason(tmp_path):
    done = script("railway probe", "--plan", ROOT / "plans" / "zeues.yml", "--out", tmp_path / "x.json",
                  environment={"TARGET_URL": "http://127.0.0.1:9", "RAILWAY_SERVICE_ID": "s"})  # fmt: skip
    assert done.returncode == 3
    assert "no token for Railway" in done.stderr
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ({"a": [1, 2], "b": None}, {"a": {"count": 2, "of": "whole number"}, "b": "null"}),
        ([], {"count": 0, "of": None}),
        ("secret", "text"),
        ("2026-02-02T12:00:00.123456789Z", "time, 30 characters"),
        ([{"x": True, "y": 1.5}], {"count": 1, "of": {"x": "true or false", "y": "number"}}),
    ],
)
def test_a_shape_says_names_and_types_only(value, shape):
    assert shape_of(value) == shape
