"""The health checks through the window: when each is sent, and what each sample, copy and page is worth."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy_verdict.base.clock import Pace
from deploy_verdict.model import Fault, Outcome, Severity, Whose
from deploy_verdict.plan.checks.preview import preview
from deploy_verdict.plan.checks.unwatched import unwatched
from deploy_verdict.stages.health.collect import collect_health, in_random_order
from deploy_verdict.stages.health.judge import judge_health, judge_pool_readings
from deploy_verdict.verdict.judge import judge
from tests.bundles import REFUSED, T0, bundle_of, burst, http, loaded
from tests.clocks import TurnedClock
from tests.plans import plan_of
from tests.servers import json_service
from tests.stages.suites import context_of

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
WINDOW = "window: {length: 1h, sample_every: 15m}\n"
CHECKS = """
health:
  - {name: read, get: /a, expect: {status: 200, $.ok: true}}
  - {name: write, post: /take, json: {spool: T1}, expect: {status: 200}}
  - {name: twice, post: /leave, json: {spool: T1}, at: [0m, 30m], expect: {status: 200}}
  - {name: always, post: /clean, json: {spool: T1}, at: every sample, expect: {status: 200}}
"""
UNREACHED = Fault(kind="connect-timeout", whose=Whose.TARGET, detail="no connection within the time limit")


def test_what_reads_is_asked_at_every_sample_and_what_writes_where_the_plan_says_so():
    with json_service(lambda *_: (200, {"ok": True})) as service:
        context = context_of(WINDOW + CHECKS, service.url)
        clock = TurnedClock()
        context = replace(context, pace=Pace.starting(clock, clock.now(), 1.0))
        asked = {}
        for offset_s in context.plan.health_offsets_s:
            found = collect_health(context, offset_s, lambda _: None)
            asked[offset_s / 60] = {item.check for item in found}
        sent = len(service.seen)
    assert asked == {
        0: {"read", "write", "twice", "always"},
        15: {"read", "always"},
        30: {"read", "twice", "always"},
        45: {"read", "always"},
        60: {"read", "always"},
    }
    counts = preview(context.plan)
    assert (counts.requests["health"], counts.writes) == (sent, 8)


def test_a_check_that_breaks_between_two_samples_fails_and_one_not_asked_is_open():
    plan = plan_of(WINDOW + "health: [{name: read, get: /a, expect: {status: 200}}]\n")

    def outcomes(*statuses):
        samples = zip(plan.window.offsets_s, statuses, strict=True)
        files = [loaded(plan, "health", [http("read", {}, s, at)], at) for at, s in samples if s is not None]
        found = judge_health(bundle_of(plan, *files))
        return [item.outcome for item in found]

    assert outcomes(200, 200, 200, 200, 200) == [PASS] * 5
    assert outcomes(200, 200, 500, 200, 200) == [PASS, PASS, FAIL, PASS, PASS]
    assert outcomes(200, None, 200, 200, 200) == [PASS, OPEN, PASS, PASS, PASS]


def test_checks_that_read_come_in_any_order_and_those_that_write_in_the_plans():
    plan = plan_of(
        "test_data: {may_write: {spool: [T1]}}\n"
        + CHECKS
        + "  - {name: more, get: /e, expect: {status: 200}}\n"
    )
    orders = {tuple(check.name for check in in_random_order(plan.health)) for _ in range(200)}
    assert len(orders) == 6
    assert {tuple(name for name in order if name not in ("read", "more")) for order in orders} == {
        ("write", "twice", "always")
    }


@pytest.mark.parametrize(("moments", "severity"), [(1, Severity.P2), (2, Severity.P1)])
def test_one_connect_that_nobody_answers_is_not_critical_by_itself(moments, severity):
    plan = plan_of(WINDOW + "health: [{name: read, get: /a, expect: {status: 200}}]\n")
    faults = [UNREACHED] * moments + [None] * (5 - moments)
    files = [
        loaded(plan, "health", [http("read", {}, offset_s=at, **({"fault": fault} if fault else {}))], at)
        for at, fault in zip(plan.window.offsets_s, faults, strict=True)
    ]
    failed = [item for item in judge_health(bundle_of(plan, *files)) if item.outcome is FAIL]
    assert [item.severity for item in failed] == [severity] * moments


POOL = (
    WINDOW
    + """
health: [{name: stats, get: /s, at: [0m], expect: {status: 200, $.used: "< 15", $.state: up}}]
pools: [{name: p, get: /s, used: $.used, limit: $.limit, burst: {for: 20s, every: 1s}}]
"""
)


def body(used=3, state="up"):
    return f'{{"used": {used}, "limit": 20, "state": "{state}"}}'


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        ({}, PASS),
        # A gauge is over a limit now and then; two readings of twenty are more than that.
        ({2: [body(16)]}, PASS),
        ({2: [body(16)] * 2}, FAIL),
        # One reading is noise; a state that is bad again and again is none.
        ({1: [body(state="down")]}, PASS),
        ({at: [body(state="down")] for at in range(5)}, PASS),
        ({3: [body(state="down")] * 20}, FAIL),
        ({4: ["<html>"] * 20}, OPEN),
        ({2: [REFUSED] * 20}, PASS),
    ],
)
def test_the_readings_of_a_pool_are_held_against_the_check_of_their_address(bad, outcome):
    plan = plan_of(POOL)
    files = [
        loaded(plan, "pools", [burst("p", (bad.get(n, []) + [body()] * 20)[:20], at)], at)
        for n, at in enumerate(plan.window.offsets_s)
    ]
    (found,) = judge_pool_readings(bundle_of(plan, *files))
    assert (found.check, found.rule, found.outcome) == ("stats", "readings", outcome)


PAGE = "<!doctype html><html><title>Shop</title></html>"
ERROR_PAGE = "<html><head><title>Log in</title></head></html>"
STATUS_ONLY = """
health:
  - {name: orders, get: /orders, at: [0m], expect: {status: 200}}
  - {name: cart, get: /cart, at: [0m], expect: {status: 200}}
"""


@pytest.mark.parametrize(
    ("orders", "cart", "told"),
    [
        ({"orders": []}, {"items": []}, None),
        (PAGE, {"items": []}, None),
        (PAGE, PAGE, "is the same page as that of /cart"),
        (ERROR_PAGE, {}, "is a page with the title 'Log in'"),
        ({"success": False}, {}, "says success: false"),
        ({"status": "Unhealthy"}, {}, 'says status: "Unhealthy"'),
        ({"status": "open", "errors": [], "error": None}, {}, None),
        ({"errors": [{"message": "gone"}]}, {}, "says errors:"),
        ([1, 2], "plain text", None),
        ({"status": "OUT_OF_SERVICE"}, {}, 'says status: "OUT_OF_SERVICE"'),
        ({"status": "Gestört"}, {}, "says status:"),
        ({"status": 503}, {}, "says status: 503"),
        ({"isHealthy": False}, {}, "says isHealthy: false"),
        ({"errorMessage": "db is gone"}, {}, "says errorMessage:"),
        ({"code": 500, "message": "x"}, {}, "says code: 500"),
        ({"message": "Internal Server Error"}, {}, "says message:"),
        ({"data": {"success": False}}, {}, "says success: false in data"),
        ({"status": "UP", "components": {"db": {"status": "DOWN"}}}, {}, 'says status: "DOWN" in db in comp'),
        ({"status": "pass", "checks": [{"name": "db", "status": "fail"}]}, {}, "in checks"),
        ({"database": "disconnected"}, {}, 'says database: "disconnected"'),
        ("DOWN", {}, 'reads "DOWN"'),
        ("503 Service Unavailable", {}, "reads "),
        ('{"status": "ok", "orders": [1,', {}, "begins as JSON and is none"),
        (")]}',\n" + '{"status": "down"}', {}, "says status:"),
        ("<html><body><h1>Service Unavailable</h1></body></html>", {}, "is a page with the title 'Service"),
        ("<!-- x --><html><title>Anmelden</title></html>", {}, "is a page with the title 'Anmelden'"),
        ({"code": 500, "msg": "x"}, {}, "says code: 500"),
        ({"code": "ERR_DB_DOWN"}, {}, 'says code: "ERR_DB_DOWN"'),
        ({"ret": -1, "errmsg": "gone"}, {}, "says ret: -1"),
        ({"errcode": 40001}, {}, "says errcode: 40001"),
        ({"ok": 0}, {}, "says ok: 0"),
        ("<?xml version='1.0'?><s:Envelope><s:Body><s:Fault>x</s:Fault></s:Body></s:Envelope>", {}, "Fault"),
        ("<Error><Code>InternalError</Code></Error>", {}, 'holds "<Error"'),
        ("<br />\n<b>Fatal error</b>:  Uncaught PDOException in /x.php\n{}", {}, "<b>Fatal error</b>:"),
        ("Traceback (most recent call last):\n  File", {}, "holds "),
        ("<html><form><input type='password'></form></html>", {}, "asks for a password"),
        ("<html><meta http-equiv=refresh content='0;url=/login'></html>", {}, 'only leads to "/login"'),
        (
            "<html><body><div id=root></div><script src=a.js></script></body></html>",
            {},
            "an application's empty",
        ),
        ({"degraded": True}, {}, "says degraded: true"),
        ({"redis": "ERR max clients"}, {}, 'says redis: "ERR max clients"'),
        ("status: DOWN\nuptime: 3\n", {}, 'reads "status: DOWN"'),
        ("<html><script>window.location.href='/login'</script></html>", {}, 'only leads to "/login"'),
        ("<html><title>Just a moment...</title></html>", {}, "with the title 'Just a moment...'"),
        ("<html><title>Shop</title><script>if (x) location.href='/a'</script><p>Hi</p></html>", {}, None),
        ({"redis": "error-free", "failed": 0, "down": False, "maintenance": None}, {}, None),
        ({"errcode": 0, "errmsg": "ok", "ret": 0, "ready": 0, "code": "NO_ERROR"}, {}, None),
        ("<orders><error_rate>0</error_rate></orders>", {}, None),
        ({"status": "warn", "queue": {"failed": 0}, "storage": {"free": "500 GB"}}, {}, None),
        ({"data": [{"name": "nightly", "status": "failed"}], "last_error": "x"}, {}, None),
        ({"jobs": [{"name": "nightly", "status": "failed"}], "state": "NO", "code": 420}, {}, None),
        ({"title": "500 Days", "error": "none", "available": False}, {}, None),
    ],
)
def test_a_body_that_contradicts_its_status_is_open_where_the_plan_does_not_look(orders, cart, told):
    plan = plan_of(WINDOW + STATUS_ONLY)
    files = [loaded(plan, "health", [http("orders", orders), http("cart", cart)])]
    found = [item for item in judge_health(bundle_of(plan, *files)) if item.rule == "body"]
    assert [item.outcome for item in found if item.check == "orders"] == ([OPEN] if told else [])
    assert not told or told in found[0].actual
    assert any("only the status is looked at" in words for words in unwatched(plan))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"redirects": ("http://service.test/login?next=x",)}, "came by a redirect to /login"),
        ({"redirects": ("http://service.test/users/sign_in",)}, "came by a redirect to /users/sign_in"),
        ({"redirects": ("http://service.test/errors/500.html",)}, "came by a redirect to /errors/500.html"),
        ({"redirects": ("http://service.test/orders/500",)}, None),
        ({"redirects": ("http://service.test/orders/",)}, None),
        ({"headers": {"Content-Encoding": "br", "Content-Type": "application/json"}}, "Content-Encoding: br"),
        ({"headers": {"Content-Type": "application/json"}}, "could not be read (Content-Encoding: none"),
        ({"headers": {"Content-Type": "image/png"}}, None),
    ],
)
def test_an_answer_that_came_from_elsewhere_or_cannot_be_read_is_open(more, told):
    body = "\x1f\ufffd\x08\x00{\ufffd" if "headers" in more else {"orders": []}
    plan = plan_of(WINDOW + "health: [{name: orders, get: /orders, at: [0m], expect: {status: 200}}]\n")
    found = judge_health(bundle_of(plan, loaded(plan, "health", [http("orders", body, **more)])))
    assert [item.actual for item in found if item.rule == "body" and told and told in item.actual] or not told
    assert {item.outcome for item in found if item.rule == "body"} <= {OPEN}


@pytest.mark.parametrize(
    ("later", "told"),
    [
        ({"body": ""}, "have nothing for a body, first at T+30min; before that it was a JSON object"),
        ({"body": "null"}, "have null"),
        ({"body": "<html>x</html>"}, "have a page"),
        ({"redirects": ("http://service.test/home",)}, "have a JSON object by a redirect to /home"),
        ({"body": '{"other": 1}'}, None),
    ],
)
def test_a_body_that_turns_into_another_kind_is_open_where_the_plan_does_not_look(later, told):
    plan = plan_of(WINDOW + "health: [{name: orders, get: /orders, expect: {status: 200}}]\n")
    at_first, then = {"body": '{"orders": [1]}'}, {"body": '{"orders": [1]}', **later}
    files = [
        loaded(plan, "health", [http("orders", offset_s=at, **(then if at >= 1800 else at_first))], at)
        for at in plan.window.offsets_s
    ]
    found = [item for item in judge_health(bundle_of(plan, *files)) if item.rule == "body"]
    assert [item.outcome for item in found] == ([OPEN] if told else [])
    assert not told or f"3 of 5 answers {told}" in found[0].actual


MINUTE = "2026-02-02T12:{:02}:00Z"


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        # T0 is 12:00; samples are a quarter of an hour apart.
        ([{"timestamp": MINUTE.format(0)}] * 5, "$.timestamp has stood still for 1800 s at T+30min"),
        ([{"serverTime": 1769990000}] * 5, "$.serverTime has stood still"),
        ([{"uptime": 4711}] * 5, "$.uptime has stood still for 1800 s"),
        ([{"uptime": 12.3456}] * 5, "$.uptime has stood still"),
        ([{"timestamp": MINUTE.format(at)} for at in (0, 15, 30, 45, 45)], None),
        ([{"last_check": "2026-02-02T09:00:00Z"}] * 5, "$.last_check has stood still for 3600 s at T+60min"),
        ([{"checkedAt": MINUTE.format(at)} for at in (0, 0, 0, 45, 45)], None),
        # The build's time, and an uptime that may count hours.
        ([{"timestamp": "2026-01-30T09:12:00Z", "uptime": 3, "uptime_days": 1234}] * 5, None),
        ([{"uptime": at} for at in (4711, 5611, 4711, 5611, 4711)], None),
    ],
)
def test_a_clock_in_an_answer_that_stands_still_is_that_of_a_copy(bodies, told):
    plan = plan_of(WINDOW + "health: [{name: read, get: /a, expect: {status: 200}}]\n")
    files = [
        loaded(plan, "health", [http("read", body, offset_s=at, at=T0 + timedelta(seconds=at))], at)
        for at, body in zip(plan.window.offsets_s, bodies, strict=True)
    ]
    found = [item for item in judge_health(bundle_of(plan, *files)) if item.rule == "fresh"]
    assert [item.outcome for item in found] == ([OPEN] if told else [])
    assert not told or told in found[0].actual


def test_a_copy_out_of_a_cache_proves_nothing():
    plan = plan_of(WINDOW + "health: [{name: read, get: /a, expect: {status: 200}}]\n")
    date = {"Date": "Mon, 02 Feb 2026 12:00:00 GMT"}

    def outcome(*answers):
        files = [
            loaded(
                plan, "health", [http("read", b, offset_s=at, at=T0 + timedelta(seconds=at), headers=h)], at
            )
            for at, (b, h) in zip(plan.window.offsets_s, answers, strict=True)
        ]
        verdict = judge(bundle_of(plan, *files), judged_at=T0, tool_version="0.1.0")
        return {item.outcome for item in verdict.findings if item.rule == "fresh"}

    fresh = [({"n": n}, {**date, "Age": "0", "X-Cache": "MISS from edge"}) for n in range(5)]
    assert outcome(*fresh) == set()
    assert outcome(*fresh[:4], ({"n": 5}, {"age": "31"})) == {OPEN}
    assert outcome(*fresh[:4], ({"n": 5}, {"X-Cache": "Hit from cloudfront"})) == {OPEN}
    for name, value in (("X-Cache", "TCP_MEM_HIT from x"), ("X-Cache-Hits", "0, 3"), ("X-Varnish", "12 7"),
                        ("CF-Cache-Status", "UPDATING"), ("Warning", '110 - "Response is Stale"'),
                        ("X-From-Cache", "1"), ("Age", "12.0")):  # fmt: skip
        assert outcome(*fresh[:4], ({"n": 5}, {name: value})) == {OPEN}, name
    for name, value in (("X-Cache", "MISS, hit-for-pass"), ("X-Cache-Hits", "0"), ("X-Varnish", "12")):
        assert outcome(*fresh[:4], ({"n": 5}, {name: value})) == set(), name
    # The very same answer, a quarter of an hour later: its date is that of the first.
    assert outcome(*fresh[:4], fresh[0]) == {OPEN}
