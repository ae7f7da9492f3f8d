"""`init` drafts a plan from what programs that nobody here wrote answered, and from usual kinds of health.

The answers of the programs were recorded by tests/record_adopted.py; the plans beside them are kept as they
were drafted (UPDATE_GOLDEN=1 writes them anew).
"""

import json
import os
from pathlib import Path

import pytest
import yaml

from deploy_verdict.adopt.openapi_reads import safe_reads
from deploy_verdict.adopt.plan_draft import MOST_LINES, Wishes, drafted
from deploy_verdict.adopt.survey import CONTROL, survey
from deploy_verdict.plan import Answer, read_plan
from deploy_verdict.prove.replay import exchange_of
from tests.running import script
from tests.servers import json_service

RECORDED = Path(__file__).parent / "recorded"
PROGRAMS = sorted(path.stem for path in RECORDED.glob("*.json"))
NOT_FOUND = {"status": 404, "body": "Not Found"}


def seen_of(answers, *, log=(), otherwise=NOT_FOUND):
    """A survey of a service that answers these bodies, or these recorded answers."""

    def ask(path):
        found = answers.get(path, otherwise)
        if not (isinstance(found, dict) and {"status", "body"} == set(found)):
            found = {"status": 200, "body": found if isinstance(found, str) else json.dumps(found)}
        return exchange_of(Answer.model_validate(found))

    return survey(ask, lambda: tuple(log))


def draft_of(answers, **more):
    wishes = Wishes(base_url="https://shop.example.com", name="shop", **more.pop("wishes", {}))
    draft = drafted(seen_of(answers, **more), wishes)
    assert len(draft.text.splitlines()) <= MOST_LINES, draft.text
    return draft, read_plan(draft.text.encode(), "drafted", {}, "2026-01-01")


def lines_of(plan, name):
    return [line.text for line in plan.check(name).expect.lines]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_plan_of_a_program_is_the_one_that_is_kept(program):
    answers = json.loads((RECORDED / f"{program}.json").read_text())
    draft, plan = draft_of(answers)
    golden = RECORDED / f"{program}.yml"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(draft.text)
    assert draft.text == golden.read_text()
    assert any(len(check.expect.lines) > 1 for check in plan.health), "only statuses"


HEALTH = {
    "plain": ("/health", {"status": "healthy"}, ['$.status = "healthy"']),
    "flag": ("/health", {"ok": True, "uptime": 3}, ["$.ok = true"]),
    "actuator": (
        "/actuator/health",
        {"status": "UP", "components": {"db": {"status": "UP", "details": {}}, "disk": {"status": "UP"}}},
        ['$.status = "UP"', '$.components.db.status = "UP"', '$.components.disk.status = "UP"'],
    ),
    "health+json": (
        "/api/healthz",
        {"status": "pass", "checks": {"database:ping": [{"status": "pass"}]}},
        ['$.status = "pass"', "$.checks['database:ping'][0].status = \"pass\""],
    ),
    "terminus": (
        "/health",
        {"status": "ok", "info": {"db": {"status": "up"}}, "error": {}, "details": {"db": {"status": "up"}}},
        ['$.status = "ok"', '$.details.db.status = "up"'],
    ),
    "django": (
        "/ht/?format=json",
        {"Cache backend: default": "working", "DatabaseBackend": "working"},
        ["$['Cache backend: default'] = \"working\"", '$.DatabaseBackend = "working"'],
    ),
    ".NET": ("/healthz", "Healthy", ["text matches /^\\W*Healthy\\W*$/"]),
    ".NET UI": (
        "/health",
        {"status": "Healthy", "entries": {"sql": {"status": "Healthy"}}},
        ['$.status = "Healthy"', '$.entries.sql.status = "Healthy"'],
    ),
    "livez": ("/livez", "ok\n", ["text matches /^\\W*ok\\W*$/"]),
    "prometheus": ("/-/ready", "Prometheus Server is Ready.\n", None),
    "grafana": ("/api/health", {"database": "ok", "version": "11"}, ['$.database = "ok"']),
    "pong": ("/ping", "pong", ["text matches /^\\W*pong\\W*$/"]),
}


@pytest.mark.parametrize(("path", "body", "wanted"), HEALTH.values(), ids=HEALTH)
def test_every_usual_shape_of_health_becomes_lines_that_can_fail(path, body, wanted):
    draft, plan = draft_of({path: body})
    (check,) = plan.health
    assert check.path == path
    assert wanted is None or lines_of(plan, check.name)[1:] == wanted
    assert len(check.expect.lines) > 1
    assert not any("health endpoint" in text for text in draft.not_found)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"/health": {"status": 503, "body": '{"status": "DOWN"}'}}, "# it answers 503 now"),
        ({"/health": {"status": 401, "body": "{}"}}, "get: /"),
        ({"/health": "<!doctype html><title>Shop</title>"}, "get: /"),
        ({"/health": {"status": 200, "body": "not ok"}}, "get: /"),
    ],
)
def test_what_is_no_good_health_is_not_taken_for_it(answers, words):
    draft, _ = draft_of(answers)
    assert words in draft.text


def test_a_page_that_is_everywhere_is_found_nowhere():
    page = {"status": 200, "body": "<!doctype html><title>App</title>"}
    draft, plan = draft_of({}, otherwise=page)
    assert [check.path for check in plan.health] == ["/"]
    assert any("answer 200 too" in text for text in draft.not_found)


DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/items": {
            "get": {
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Items"}}}
                    }
                }
            },
            "post": {},
        },
        "/items/{id}": {"get": {}},
        "/search": {"get": {"parameters": [{"name": "q", "in": "query", "required": True}]}},
        "/logout": {"get": {}},
        "/jobs/all": {"get": {"operationId": "startAllJobs"}},
        "/private": {"get": {"security": [{"bearer": []}]}},
        "/list": {"get": {"responses": {"200": {"description": ""}}}},
    },
    "components": {
        "schemas": {
            "Items": {
                "type": "object",
                "required": ["items", "count"],
                "properties": {
                    "items": {"type": "array"},
                    "count": {"type": "integer"},
                    "next": {"type": ["string", "null"]},
                },
            }
        }
    },
}


def test_only_addresses_that_read_are_asked_and_their_schema_is_expected():
    answers = {"/openapi.json": DOCUMENT, "/items": {"items": [], "count": 0}, "/list": [1]}
    assert list(safe_reads(DOCUMENT)) == ["/list", "/items"]
    _, plan = draft_of(answers)
    assert lines_of(plan, "items") == [
        "status = 200",
        "$.items is of type array",
        "$.count is of type integer",
    ]
    assert lines_of(plan, "list") == ["status = 200", "$ is of type array"]


def test_a_line_that_the_answer_breaks_is_not_drafted():
    answers = {"/openapi.json": DOCUMENT, "/items": {"items": None, "count": 0}}
    _, plan = draft_of(answers)
    assert lines_of(plan, "items") == ["status = 200", "$.count is of type integer"]


def test_swagger_2_has_its_base_path():
    tree = {"swagger": "2.0", "basePath": "/v2", "paths": {"/store": {"get": {}}}}
    assert list(safe_reads(tree)) == ["/v2/store"]


def test_a_json_pool_is_drafted_with_what_it_can_prove():
    body = {"status": "ok", "db": {"in_use": 2, "free": 6, "size": 8, "wait": 0}}
    _, plan = draft_of({"/health": body})
    (pool,) = plan.pools
    assert (pool.name, pool.path) == ("db", "/health")
    assert (str(pool.used), str(pool.limit), str(pool.free)) == ("$.db.in_use", "$.db.size", "$.db.free")
    assert pool.safe_for == 3600


def test_the_log_gives_its_canary_only_where_our_requests_are_in_it():
    log = ['10.0.0.1 "GET /health HTTP/1.1" 200']
    for lines, is_there in ((log, True), (["started"], False)):
        wishes = {"log": "service.log"}
        _, plan = draft_of({"/health": {"status": "ok"}}, log=lines, wishes=wishes)
        assert (plan.logs.canary is not None) is is_there


def test_railway_brings_log_traffic_and_deployment():
    _, plan = draft_of({"/health": {"status": "ok"}}, wishes={"is_on_railway": True})
    assert None not in (plan.railway, plan.logs, plan.traffic)


def test_init_writes_the_plan_and_never_over_another(tmp_path):
    def answer(method, path, body):
        return (200, {"status": "ok"}) if path == "/health" else (404, {})

    out = tmp_path / "plan.yml"
    with json_service(answer) as service:
        done = script("init", service.url, "--out", out, "--header", "X-Key: ${SHOP_KEY}",
                      environment={"SHOP_KEY": "s3cret-value-1"})  # fmt: skip
        again = script("init", service.url, "--out", out)
        methods = {method for method, _, _ in service.seen}
    assert done.returncode == 0, done.stderr
    assert methods == {"GET"}
    assert yaml.safe_load(out.read_text())["service"]["headers"] == {"X-Key": "${SHOP_KEY}"}
    assert "s3cret-value-1" not in out.read_text() + done.stderr + done.stdout
    assert f"deploy-verdict doctor {out}" in done.stderr
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_a_service_that_does_not_answer_is_said_at_once(tmp_path):
    done = script("init", "http://127.0.0.1:9", "--out", tmp_path / "plan.yml")
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert not (tmp_path / "plan.yml").exists()


def test_a_service_that_is_silent_is_asked_once():
    seen = survey(lambda path: exchange_of(Answer.model_validate({"fault": "timeout"})))
    assert list(seen.answers) == [CONTROL]
