"""The plans of docs/guide/error-trackers.md, run: a healthy, a sick and a silent answer of each tracker."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy_verdict.adopt.doctor import Doctor
from deploy_verdict.base.clock import Pace, Stop, WallClock
from deploy_verdict.base.errors import PlanError
from deploy_verdict.evidence.answers.exchanges import own_requests
from deploy_verdict.evidence.platform.platform_views import own_answered
from deploy_verdict.evidence.processes.process_marks import answers_by_instance, restarts
from deploy_verdict.http.plan_probe import probe_of
from deploy_verdict.model import (
    Deployment,
    DeploymentObservation,
    Outcome,
    Subject,
    WindowFile,
    WindowFrame,
)
from deploy_verdict.plan import read_plan
from deploy_verdict.plan.placeholders import spans_window
from deploy_verdict.plan.writes.write_guard import foreign_refusal
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.health.collect import check_health
from deploy_verdict.stages.health.judge import judge_health
from deploy_verdict.verdict.latency_drift import judge_latency
from tests.bundles import T0, bundle_of, http, loaded
from tests.clocks import TurnedClock
from tests.pages import PAGES, blocks
from tests.trackers import COMMIT, TOKEN, datadog, prometheus, sentry, tracker

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
SENTRY, PROMETHEUS, DATADOG = blocks(PAGES["docs/guide/error-trackers.md"], "yaml")
HEAD = 'version: 1\nname: shop\nservice: {base_url: "http://shop.test"}\nwindow: {length: 30m}\n'
AFTER_S = 900.0


def asked(text, url, *, token=TOKEN, commit=COMMIT, clock=None, evidence=lambda plan: ()):
    """The outcome and actual of each check, by its name, fifteen minutes after T+0; and the clock."""
    keys = ("SENTRY_TOKEN", "DD_API_KEY", "DD_APP_KEY")
    urls = dict.fromkeys(("SENTRY_URL", "PROMETHEUS_URL", "DATADOG_URL"), url)
    plan = read_plan((HEAD + text).encode(), "p.yml", {**dict.fromkeys(keys, token), **urls}, "2026-02-02")
    clock = clock or TurnedClock()
    t0 = clock.now() - timedelta(seconds=AFTER_S)
    redactor = Redactor.from_environment({}, plan.headers)
    frame = WindowFrame(id="w", t0=t0, length_s=1800, offsets_s=plan.window.offsets_s)
    subject = Subject(target="http://shop.test", commit=commit)
    context = Context(
        plan=plan,
        probe=probe_of(plan, clock=clock, redactor=redactor, window_id="w"),
        pace=Pace.starting(clock, t0, 1.0),
        stop=Stop(),
        tell=lambda line: None,
        redact=redactor.text,
        file=WindowFile(window=frame, subject=subject, plan_name=plan.name, plan_sha256=plan.sha256),
        evidence=lambda: evidence(plan),
    )
    # At T+0 nothing of the window has passed.
    at_once = [check for check in plan.health if check.at is None and not spans_window(check)]
    assert [check for check in plan.health if 0.0 in plan.check_offsets_s(check)] == at_once
    answers = check_health(context, plan.checks_at(AFTER_S), AFTER_S)
    assert TOKEN not in str(answers)
    bundle = bundle_of(plan, loaded(plan, "health", answers, AFTER_S))
    found = [item for item in judge_health(bundle) if item.offset_s == AFTER_S and item.rule != "status"]
    return {item.check: (item.outcome, item.actual) for item in found}


def outcomes(found):
    return [outcome for outcome, _ in found.values()]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, [PASS, PASS, PASS]),
        ({"issues": ("TypeError: 'NoneType'",), "errors": 40}, [FAIL, FAIL, FAIL]),
        # A page of 25 that is too long already.
        ({"issues": ("TypeError",) * 30, "errors": 5}, [FAIL, FAIL, PASS]),
        ({"release": "another", "errors": None}, [OPEN, PASS, OPEN]),
    ],
    ids=["healthy", "sick", "sicker", "no data"],
)
def test_sentry_is_asked_for_the_release_and_the_window(state, expected):
    with tracker(sentry(**state)) as server:
        found = asked(SENTRY, server.url)
    assert outcomes(found) == expected, found
    issues = next(query for _, path, query, _ in server.asked if path.endswith("/issues/"))
    assert issues["query"] == "firstSeen:>=2026-02-02T11:45:00Z"
    assert (issues["start"], issues["end"]) == ("2026-02-02T11:45:00Z", "2026-02-02T12:00:00Z")


def test_a_list_that_goes_on_is_no_proof_that_it_is_short():
    with tracker(sentry(issues=("a",) * 30)) as server:
        found = asked(SENTRY.replace("fewer_than: 1", "fewer_than: 26"), server.url)
    outcome, actual = found["new issues in the window"]
    assert outcome is OPEN
    assert "one page of several" in actual


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"hits": 5000, "errors": None}, PASS),
        ({"hits": 5000, "errors": 400}, FAIL),
        ({"hits": None, "errors": None}, OPEN),
        ({"hits": 0, "errors": 0}, OPEN),
    ],
    ids=["healthy", "sick", "null", "no column"],
)
def test_datadog_is_asked_by_a_declared_post(state, expected):
    with tracker(datadog(**state)) as server:
        found = asked(DATADOG, server.url)
    assert outcomes(found) == [expected], found
    (method, _, _, body) = server.asked[0]
    moments = body["data"]["attributes"]
    assert method == "POST"
    assert moments["to"] - moments["from"] == AFTER_S * 1000


STATES = {
    "healthy": ({}, [PASS, PASS, PASS, PASS]),
    "sick": ({"errors": 30, "slow": 0.2, "alert": True}, [PASS, FAIL, FAIL, FAIL]),
    "no-traffic": ({"requests": 0}, [PASS, OPEN, OPEN, PASS]),
    "no-such-metric": ({"requests": None}, [PASS, OPEN, OPEN, PASS]),
    "not-scraped": (None, [OPEN, OPEN, OPEN, PASS]),
}


def scraped(requests=1000, errors=None, slow=0, alert=False):
    """What a shop's counters were at each of twenty-one minutes: name, type, labels, value."""
    yield "up", "gauge", "", lambda _: 1
    if requests is not None:
        yield "http_requests", "counter", ',code="200"', lambda minute: requests * minute
    if errors is not None:
        yield "http_requests", "counter", ',code="502"', lambda minute: errors * minute
    for le, share in (("0.1", 1 - slow), ("1", 1), ("+Inf", 1)) if requests else ():
        name, of = "http_request_duration_seconds_bucket", lambda minute, s=share: 10 * requests * minute * s
        yield name, "unknown", f',le="{le}"', of
    if alert:
        yield "ALERTS", "gauge", ',alertname="slow",alertstate="firing"', lambda _: 1


def kept(now):
    """Every state as a job of its own, as a scrape a minute would have kept them until ten seconds ago."""
    rows = [
        (*row, job) for job, (state, _) in STATES.items() if state is not None for row in scraped(**state)
    ]
    lines = []
    for name, kind in dict.fromkeys((name, kind) for name, kind, *_ in rows):
        lines.append(f"# TYPE {name} {kind}")
        for _, _, labels, value, job in (row for row in rows if row[0] == name):
            sample = f'{name}{"_total" if kind == "counter" else ""}{{job="{job}"{labels}}}'
            moments = (now + timedelta(minutes=minute - 20, seconds=-10) for minute in range(21))
            lines += [f"{sample} {value(minute)} {at.timestamp():.0f}" for minute, at in enumerate(moments)]
    return "\n".join([*lines, "# EOF\n"])


def test_a_real_prometheus_is_asked_over_the_window(tmp_path):
    """One server for all states: it takes a second to start."""
    with prometheus(tmp_path, kept(datetime.now(UTC))) as url:
        found = {job: asked(PROMETHEUS.replace("shop", job), url, clock=WallClock()) for job in STATES}
    assert {job: outcomes(of) for job, of in found.items()} == {
        job: want for job, (_, want) in STATES.items()
    }
    assert found["no-traffic"]["share of 5xx in percent"][1] == "'NaN' is not a number"
    assert found["no-such-metric"]["share of 5xx in percent"][1] == "result is an empty list: no data"


TOO_MANY = (429, {"detail": "slow down"})


@pytest.mark.parametrize(
    ("refusing", "outcome", "words", "slept"),
    [
        ([(401, {}, {})], OPEN, "check hosts.sentry.auth: its token is wrong or has expired", []),
        ([(403, {}, {})], OPEN, "check hosts.sentry.auth: its token may not read this", []),
        ([(*TOO_MANY, {"Retry-After": "7"})], PASS, "0", [7.0]),
        ([(*TOO_MANY, {"Retry-After": "7"})] * 2, OPEN, "ask less often: `at:", [7.0]),
        ([(*TOO_MANY, {"Retry-After": "3600"})], OPEN, "ask less often: `at:", []),
        ([(*TOO_MANY, {})], OPEN, "ask less often: `at:", []),
        ([(503, {}, {})], OPEN, "sentry answered 503", []),
    ],
)
def test_a_trackers_refusal_says_nothing_of_the_service(refusing, outcome, words, slept):
    with tracker(sentry()) as server:
        server.refusing = [*refusing]
        only_one = SENTRY.split("  - name: new issues in")[0]
        clock = TurnedClock()
        (found,) = asked(only_one, server.url, clock=clock).values()
    assert found[0] is outcome
    assert words in found[1]
    assert clock.slept == slept


def test_doctor_asks_about_as_long_a_time_as_the_windows():
    with tracker(sentry()) as server:
        variables = {"SENTRY_TOKEN": TOKEN, "SENTRY_URL": server.url}
        plan = read_plan((HEAD + SENTRY).encode(), "p.yml", variables, "2026-02-02")
        more = {"clock": TurnedClock(), "stop": Stop(), "environment": {}, "tell": print, "commit": COMMIT}
        lines = Doctor(plan, **more).examination().lines
    assert {line.outcome for line in lines} == {PASS}
    assert {query["start"] for _, _, query, _ in server.asked if query} == {"2026-02-02T11:30:00Z"}


def test_a_window_without_a_commit_says_how_to_give_it():
    with tracker(sentry()) as server:
        found = asked(SENTRY, server.url, commit=None)
    assert found["new issues of the release"] == (
        OPEN,
        "on this tool's side: the window does not know its commit — give --commit SHA",
    )
    assert [path for _, path, _, _ in server.asked] == ["/api/0/organizations/ORG/issues/"]


def test_the_platform_names_the_commit_where_nobody_gave_it():
    def evidence(plan):
        deployment = Deployment(id="d-1", status="SUCCESS", commit=COMMIT)
        seen = DeploymentObservation(offset_s=0.0, at=T0, deployment=deployment)
        return [loaded(plan, "deployment", [seen])]

    with tracker(sentry()) as server:
        assert outcomes(asked(SENTRY, server.url, commit=None, evidence=evidence)) == [PASS, PASS, PASS]


HOST = "hosts: {t: {base_url: http://t.test, reads: [/query]}}\nhealth: [%s]\n"
SINCE = '{name: a, get: "t:/x?of=${window.elapsed}"}'


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ('{name: a, get: "t:/x?from=${window.begin}"}', "the window has no 'begin'"),
        ('{name: a, get: "t:/x?from=${window.start-5m}"}', "the window has no 'start-5m'"),
        ('{name: a, get: "t:/x", query: {from: "${window.start}"}, at: [0m, 30m]}', "leave 0m out"),
        ('{name: a, get: /x, headers: {X-Since: "${window.start}"}}', "is filled in health checks only"),
        ('{name: a, get: /x, expect: {$.at: "${window.start}"}}', "is filled in health checks only"),
        ('{name: a, get: /x}]\nnever: [{of: a, $.at: "${window.now}"}', "is filled in health checks only"),
        ('{name: a, post: "t:/other", json: {}}', "declare it: hosts: {t: {reads: [/other]}}"),
        ('{name: a, put: "t:/query", json: {}}', "other hosts are only read: get"),
        (
            f"{SINCE}]\npools: [{{name: p, get: /p, used: $.a, limit: 9, beside: [a]}}",
            "none of which has passed at T+0",
        ),
        (
            f"{SINCE}]\nclaims: [{{commit: c0ffee1, title: t, shown_by: health/a}}",
            "so it cannot show at T+0 that the code answers",
        ),
        ("{name: a, post: /query, form: {a: b}}", "form goes alone with a post to another host"),
        ('{name: a, post: "t:/query", form: {a: b}, json: {}}', "form goes alone with a post"),
        ('{name: a, get: /x, expect: {"number: x": 1}}', "is not a selector"),
        ("{name: a, get: /x, expect: {$: {fewer_than: 0}}}", "fewer_than"),
    ],
)
def test_what_nobody_could_fill_or_send_is_a_mistake_of_the_plan(check, message):
    with pytest.raises(PlanError) as caught:
        read_plan((HEAD + HOST % check).encode(), "p.yml", {}, "2026-02-02")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "is_sent"),
    [
        ("POST", "/query", {}, {"a": 1}, True),
        ("POST", "/query?limit=1", {}, None, True),
        ("POST", "/query/", {}, None, False),
        ("POST", "/query/../delete", {}, None, False),
        ("POST", "/Query", {}, None, False),
        ("DELETE", "/query", {}, None, False),
        ("PUT", "/query", {}, None, False),
        ("POST", "/query", {"X-HTTP-Method-Override": "DELETE"}, None, False),
        ("POST", "/query?_method=DELETE", {}, None, False),
        ("POST", "/query", {}, {"_method": "DELETE"}, False),
        ("GET", "/anything", {"X-HTTP-Method": "DELETE"}, None, False),
        ("GET", "/anything?_method=x", {}, None, True),
        ("GET", "/anything?_method=DELETE", {}, None, False),
        ("GET", "/anything", {"X-Original-URL": "/delete"}, None, False),
    ],
)
def test_only_a_declared_post_leaves_for_another_host(method, path, headers, body, is_sent):
    assert (foreign_refusal(["/query"], method, path, body, headers) is None) is is_sent
    assert foreign_refusal([], "POST", "/query", body, {}) is not None


def test_what_a_tracker_answers_is_nothing_that_the_service_did():
    text = HOST % '{name: tracked, get: "t:/x"}, {name: api, get: /api}'
    plan = read_plan((HEAD + text).encode(), "p.yml", {}, "2026-02-02")
    offsets = plan.window.offsets_s

    def files(url):
        for number, offset_s in enumerate(offsets):
            slow = {"elapsed_ms": 9.0 + 2000 * number, "at": T0 + timedelta(seconds=offset_s)}
            uptime = {"uptime_s": 5000 if number == 0 else 1}
            answer = http("tracked", uptime, offset_s=offset_s, headers={"X-Instance": "t1"}, url=url, **slow)
            yield loaded(plan, "health", [answer], offset_s)

    def read(url):
        bundle = bundle_of(plan, *files(url))
        own = own_requests(plan, bundle.loaded)
        return len(restarts(bundle)), len(own), own_answered(bundle), len(answers_by_instance(bundle))

    assert plan.beat.name == "api"
    assert {item.check for item in judge_latency(bundle_of(plan, *files("http://t.test/x")))} == {"api"}
    assert read("http://t.test/x") == (0, 0, 0, 0)
    assert read("http://shop.test/x") == (1, 3, 3, 1)
