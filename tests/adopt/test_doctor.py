"""`doctor` asks each line once, live, writes nothing, and says what a window could not see."""

import json

import pytest
import yaml

from deploy_verdict.adopt.blind_spots import blind_spots
from deploy_verdict.plan import read_plan
from tests.plans import plan_of
from tests.running import script
from tests.servers import json_service

PLAN = """
version: 1
name: shop
service: {{base_url: "{url}"}}
test_data: {{may_write: {{order: [T1]}}}}
health:
  - name: api
    get: /health
    expect: {{status: 200, $.status: ok, $.pool: {{present: true}}}}
  - {{name: gone, get: /gone, expect: {{status: 200, $.a: 1}}}}
  - {{name: html, get: /page, expect: {{status: 200, $.a: 1}}}}
  - {{name: order, post: /orders, json: {{order: T1}}, expect: {{status: 200}}}}
never: [{{name: errors, status: 500..599}}]
pools:
  - {{name: db, get: /health, used: $.pool.used, limit: $.pool.size}}
  - {{name: none, get: /health, used: $.pool.in_use, limit: $.pool.size}}
"""


def answer(method, path, body):
    if path == "/health":
        return 200, {"status": "ok", "pool": {"used": 3, "size": 20}}
    return (200, "<html>hello</html>") if path == "/page" else (500, {"detail": "broken"})


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """The examination as JSON and in words, each line by check and text; and what the service was sent."""
    path = tmp_path_factory.mktemp("doctor") / "plan.yml"
    with json_service(answer) as service:
        path.write_text(PLAN.format(url=service.url))
        done = script("doctor", path, "--json")
        words = script("doctor", path)
        seen = list(service.seen)
    assert (done.returncode, words.returncode) == (11, 11), done.stderr
    return json.loads(done.stdout), words.stdout, seen


def test_every_line_has_its_live_value_and_nothing_is_written(examined):
    found, words, seen = examined
    lines = {(line["check"], line["text"]): (line["outcome"], line["actual"]) for line in found["lines"]}
    assert lines["health/api", '$.status = "ok"'] == ("pass", '"ok"')
    assert lines["health/gone", "status = 200"] == ("fail", "500")
    assert lines["health/html", "$.a = 1"][0] == "inconclusive"
    assert lines["health/order", "POST /orders"] == ("not asked", "not sent: it writes")
    assert lines["never/errors", "status in 500..599"] == ("fail", "in the answer of gone")
    assert lines["pools/db", "used $.pool.used, limit $.pool.size"] == ("pass", "3 of 20 in use (15 %)")
    assert "has no in_use" in lines["pools/none", "used $.pool.in_use, limit $.pool.size"][1]
    assert {method for method, _, _ in seen} == {"GET"}
    assert "✗ health/gone" in words
    assert "? health/html" in words


def test_every_problem_has_its_line_and_the_text_to_write(examined):
    found, words, _ = examined
    spots = [problem for problem in found["problems"] if problem["kind"] == "not seen"]
    assert all(problem["write"] for problem in spots)
    text = PLAN.splitlines()
    stays_green = next(problem for problem in spots if "stays green" in problem["message"])
    assert "$.pool: {{present: true}}" in text[stays_green["line"] - 1]
    gauge = next(problem for problem in spots if "pool db" in problem["message"])
    assert "name: db" in text[gauge["line"] - 1]
    assert gauge["write"] == "exercise: {ask: [api], at_once: 6}"
    assert f":{gauge['line']}:" in words


def test_a_healthy_service_ends_with_the_next_command(tmp_path):
    path = tmp_path / "plan.yml"
    with json_service(answer) as service:
        checks = "- {name: api, get: /health, expect: {status: 200, $.status: ok}}"
        path.write_text(f'version: 1\nname: x\nservice: {{base_url: "{service.url}"}}\nhealth:\n  {checks}\n')
        done = script("doctor", path)
    assert done.returncode == 0, done.stdout
    assert f"deploy-verdict watch --plan {path}" in done.stdout


def test_what_a_blind_spot_says_to_write_is_read_and_mends_it():
    """Each text, put where it belongs, gives a plan that is read and lacks that blind spot."""
    bare = {
        "version": 1,
        "name": "x",
        "service": {"base_url": "http://x"},
        "health": [{"name": "api", "get": "/", "expect": {"status": 200, "elapsed": "< 20s"}}],
        "pools": [{"name": "db", "get": "/p", "used": "$.u", "limit": "$.l"}],
        "railway": {"project": "p", "service": "s"},
        "logs": {"must_not_appear": ["x"]},
    }
    spots = blind_spots(read_plan(json.dumps(bare).encode(), "x", {}, "2026-01-01"))
    assert {spot.path for spot in spots} == {
        ("health", 0), ("health", 0, "expect", "elapsed"), ("pools", 0), ("logs",), ()
    }  # fmt: skip
    for spot in spots:
        if "{…}" in spot.write:
            continue
        plan = json.loads(json.dumps(bare))
        place = plan
        for step in spot.path[:-1] if spot.path[-1:] == ("elapsed",) else spot.path:
            place = place[step]
        place.update(yaml.safe_load(spot.write.replace("health/NAME", "health/api")))
        left = blind_spots(read_plan(json.dumps(plan).encode(), "x", {}, "2026-01-01"))
        assert spot.what not in {other.what for other in left}, spot.write


def test_a_plan_that_sees_much_has_few_blind_spots():
    plan = plan_of("health: [{name: api, get: /, expect: {status: 200, $.ok: true}}]\n")
    assert not any("only the status" in spot.what for spot in blind_spots(plan))


def test_a_mistake_is_json_with_what_to_write(tmp_path):
    path = tmp_path / "plan.yml"
    path.write_text("version: 1\nname: x\nservice: {base_url: 'http://x'}\nhealth:\n  - {nam: a, get: /}\n")
    for verb in ("check", "doctor"):
        done = script(verb, path, "--json")
        assert done.returncode == 2
        found = json.loads(done.stdout)
        assert found["valid"] is False
        assert all(problem["line"] == 5 and problem["message"] for problem in found["problems"])
        assert any(problem["write"] == "did you mean 'name'?" for problem in found["problems"])
