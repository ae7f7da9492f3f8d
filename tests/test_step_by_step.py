"""Each stage by its own script, as on runners of their own; then one verdict over all of it."""

import json

import pytest

from demo.railway import ids
from demo.running import running
from tests.running import script

PLAN = """
version: 1
name: steps
service: {base_url: "${TARGET_URL}"}
railway: {project: "${RAILWAY_PROJECT_ID}", service: "${RAILWAY_SERVICE_ID}"}
window: {length: 40m, sample_every: 20m}
health: [{name: stats, get: /api/redis-connection-stats, expect: {status: 200}}]
logs: {must_not_appear: ["Too many connections"], canary: {regex: 'GET /api/redis-connection-stats'}}
traffic: {max_5xx: 0%, excludes: null}
metrics: {}
"""
STEPS = [
    ("sample deployment", "--commit", ids.LIVE_COMMIT[:8]),
    ("check_health",),
    ("sample deployment", "--offset", "20m"),
    ("check_health", "--offset", "20m"),
    ("sample deployment", "--offset", "40m"),
    ("check_health", "--offset", "40m"),
    ("review_logs",),
    ("sample traffic",),
    ("sample metrics",),
]


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text(PLAN)
    return path


@pytest.mark.waits
def test_the_platforms_stages_each_by_its_script(tmp_path, plan):
    out = tmp_path / "out"
    with running(log=tmp_path / "backend.log", speed=240) as backend:
        base = ["--plan", plan, "--out", out, "--target", backend.base_url, "--speed", 240]
        for name, *more in STEPS:
            done = script(name, *base, *more, environment=backend.environment)
            assert (done.returncode, done.stdout.count("evidence/")) == (0, 1), (name, done.stderr)
        judged = script("judge_evidence", *base, "--json", environment=backend.environment)
    findings = json.loads(judged.stdout)["findings"]
    bad = [item for item in findings if item["outcome"] != "pass"]
    assert (judged.returncode, bad) == (0, [])
    seen = {item["stage"] for item in findings}
    assert seen >= {"deployment", "health", "logs", "traffic", "metrics"}
    window = json.loads((out / "window.json").read_text())
    assert window["subject"]["deployment"] == ids.LIVE_ID


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sample deployment", "has no railway section"),
        ("review_logs", "so name the log's file: --logs FILE"),
        ("sample traffic", "has no traffic section — add `traffic: {}`"),
        ("sample metrics", "has no metrics section — add `metrics: {}`"),
    ],
)
def test_a_plan_without_the_section_is_wrong_usage(tmp_path, name, told):
    plan = tmp_path / "plan.yml"
    lines = [line for line in PLAN.splitlines() if not line.startswith(("railway", "traffic", "metrics"))]
    plan.write_text("\n".join(lines))
    target = ["--target", "http://127.0.0.1:1"]
    done = script(name, "--plan", plan, "--out", tmp_path / "out", *target)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_an_offset_that_the_plan_does_not_have(tmp_path, plan):
    with running(log=tmp_path / "backend.log") as backend:
        base = ["--plan", plan, "--out", tmp_path / "out", "--target", backend.base_url]
        done = script("sample deployment", *base, "--offset", "7m", environment=backend.environment)
    assert (done.returncode, "it has: 0m, 20m, 40m" in done.stderr) == (2, True)
