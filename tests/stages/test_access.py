"""Services as they are: tokens, logins, cookies and other hosts, on real sockets and a turned clock."""

import base64
import json
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from demo.http_handler import Handler
from deploy_verdict.base.clock import Pace, Stop
from deploy_verdict.evidence.answers import steps
from deploy_verdict.http.plan_probe import probe_of
from deploy_verdict.model import Outcome, Whose
from deploy_verdict.plan import read_plan
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.context import Context
from deploy_verdict.stages.e2e.collect import run_suite
from deploy_verdict.stages.health.collect import check_health
from deploy_verdict.stages.pools.collect import take_sample
from tests.clocks import TurnedClock
from tests.servers import served

VARIABLES = {"T": "t0ken-of-tests", "USER_NAME": "robot", "P": "pa55word-of-tests"}
PLAN = """\
version: 1
name: small
service: {base_url: "%(url)s"%(auth)s}
hosts: {other: {base_url: "%(other)s", ours: %(ours)s}}
window: {length: 2h}
health: [{name: api, get: /api}, {name: nobody, get: /api, auth: none, expect: {status: 401}}]
pools: [{name: db, get: /pool, used: $.used, limit: $.limit, burst: {for: 2s, every: 1s}}]
e2e: {%(e2e)s, tests: [{name: t, steps: [{get: /api}, {get: /api}]}]}
"""


class Service(ThreadingHTTPServer):
    """Lets in whoever `knows` his headers; its logins issue numbered tokens, of which the last one counts."""

    daemon_threads = True

    def __init__(self, knows=lambda *_: False, login=(200, {})):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.knows, self.login, self.asked, self.logins = knows, login, [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def token(self):
        return f"issued-token-{len(self.logins)}"

    def revoke(self):
        self.logins.append("revoked")


class _Handler(Handler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_form = "urlencoded" in self.headers["Content-Type"]
        self.server.logins.append(parse_qs(body) if is_form else json.loads(body))
        status, more = self.server.login
        self._answer(status, {"token": self.server.token, **more}, f"session={self.server.token}; Path=/")

    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        let_in = self.server.knows(self.headers, self.server)
        body = {"used": 1, "limit": 20, "echo": self.headers.get("Authorization", "")}
        self._answer(*((200, body) if let_in else (401, {})), "step=by-step-1234" if let_in else None)

    def _answer(self, status, value, cookie):
        data = json.dumps(value).encode()
        self.send_response(status)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def service(**more):
    return served(Service(**more))


def context_on(server, auth, other="http://other.test", ours="false", e2e="at: [0m]", text=None):
    filled = {"url": server.url, "auth": f", auth: {auth}" if auth else "", "other": other, "ours": ours}
    written = (text or PLAN) % {**filled, "e2e": e2e}
    plan = read_plan(written.encode(), "p.yml", VARIABLES, "2026-02-02")
    clock, redactor = TurnedClock(), Redactor.from_environment({}, plan.headers)
    return Context(
        plan=plan,
        probe=probe_of(plan, clock=clock, redactor=redactor, window_id="w"),
        pace=Pace.starting(clock, clock.now(), 1.0),
        stop=Stop(),
        tell=lambda line: None,
        redact=redactor.text,
    )


def everything(context):
    """What health, pools and E2E observe."""
    health = sorted(check_health(context, context.plan.health, 0.0), key=lambda answer: answer.check)
    return (*health, *take_sample(context, 0.0, lambda _: None), *run_suite(context, 0.0))


def statuses(observations):
    api, nobody, burst, test, _ = observations
    readings = [reading.status for reading in burst.readings]
    return [api.status, nobody.status, *readings, *(step.exchange.status for step in test.steps)]


def is_sent(name, value):
    return lambda headers, server: headers.get(name) == value.replace("{token}", server.token)


BASIC = base64.b64encode(b"robot:pa55word-of-tests").decode()
JSON_LOGIN = 'login: {post: /login, json: {user: "${USER_NAME}", password: "${P}"}'


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ('{bearer: "${T}"}', "Authorization", "Bearer t0ken-of-tests"),
        ('{basic: "${USER_NAME}:${P}"}', "Authorization", f"Basic {BASIC}"),
        ('{header: {X-Unusual: "${T}"}}', "X-Unusual", "t0ken-of-tests"),
        (f"{{{JSON_LOGIN}, token: $.token}}}}", "Authorization", "Bearer {token}"),
        (
            f"{{{JSON_LOGIN}, token: $.token, header: {{X-Session: 'v1 {{token}}'}}}}}}",
            "X-Session",
            "v1 {token}",
        ),
        (f"{{{JSON_LOGIN}, cookies: true}}}}", "Cookie", "session={token}"),
        (
            '{login: {post: /login, form: {grant_type: password, username: robot, password: "${P}"}, '
            "token: $.token}}",
            "Authorization",
            "Bearer {token}",
        ),
    ],
)
def test_every_stage_says_who_we_are_and_no_secret_is_kept(auth, header, value):
    with service(knows=is_sent(header, value)) as server:
        observed = everything(context_on(server, auth))
    assert statuses(observed) == [200, 401, 200, 200, 200, 200]
    # Once for all stages; asked for nobody's answer, we say nothing.
    assert len(server.logins) == ("login" in auth)
    kept = " ".join(item.model_dump_json() for item in observed)
    for secret in ("t0ken-of-tests", "pa55word-of-tests", "issued-token-1", BASIC):
        assert secret not in kept


def test_an_expired_login_is_renewed_and_the_attempts_say_so():
    with service(knows=is_sent("Authorization", "Bearer {token}")) as server:
        context = context_on(server, f"{{{JSON_LOGIN}, token: $.token}}}}")
        ask = lambda: check_health(context, context.plan.health[:1], 0.0)[0]  # noqa: E731
        assert ask().status == 200
        server.revoke()
        young = ask()
        context.pace.clock.sleep(61)
        old, later = ask(), ask()
    # A fresh token that the service refuses has not expired: that is a failure of the service.
    assert (young.status, old.status, later.status) == (401, 200, 200)
    assert [item.fault.detail for item in old.attempts if item.fault] == ["401, so the login was renewed"]
    assert len(server.logins) == 3


@pytest.mark.parametrize(("more", "given"), [("", {"expires_in": 100}), (", renew_every: 100s", {})])
def test_a_login_whose_life_is_known_is_renewed_before_its_end(more, given):
    with service(knows=is_sent("Authorization", "Bearer {token}"), login=(200, given)) as server:
        context = context_on(server, f"{{{JSON_LOGIN}, token: $.token{more}}}}}")
        asked = []
        for waits_s in (79, 2, 81, 0):
            asked.append((check_health(context, context.plan.health[:1], 0.0)[0].status, len(server.logins)))
            context.pace.clock.sleep(waits_s)
    assert asked == [(200, 1), (200, 1), (200, 2), (200, 3)]


@pytest.mark.parametrize(
    ("login", "auth", "whose", "text"),
    [
        ((500, {}), "token: $.token", Whose.TARGET, "the login POST /login answered 500"),
        ((403, {}), "token: $.token", Whose.US, "answered 403 — check its user and password"),
        ((200, {}), "token: $.tok", Whose.US, "gave no token: the answer has no tok (it has: token)"),
        ((200, {"token": 5}), "token: $.token", Whose.US, "$.token is no text to send"),
    ],
)
def test_a_login_that_gives_nothing_is_said_and_not_repeated_at_once(login, auth, whose, text):
    with service(login=login) as server:
        context = context_on(server, f"{{{JSON_LOGIN}, {auth}}}}}")
        observed = everything(context)
    assert observed[0].fault.whose is whose
    assert text in observed[0].fault.detail
    assert len(server.logins) == 1
    assert {path for path, _ in server.asked} == {"/api"}  # the one that says nothing of us
    outcome = Outcome.FAIL if whose is Whose.TARGET else Outcome.INCONCLUSIVE
    assert steps.tested_step(context.plan.health[0], observed[0]).outcome is outcome


def test_each_test_keeps_its_own_cookies_where_the_plan_says_so():
    with service(knows=lambda *_: True) as server:
        run_suite(context_on(server, "", e2e="cookies: true, at: [0m]"), 0.0)
        run_suite(context_on(server, ""), 0.0)
    assert [headers.get("Cookie") for _, headers in server.asked] == [None, "step=by-step-1234", None, None]


OTHER = """\
version: 1
name: small
service: {base_url: "%(url)s"%(auth)s}
hosts: {other: {base_url: "%(other)s", ours: %(ours)s, auth: {bearer: "${P}"}}}
health: [{name: errors, get: "other:/count"}]
never: [{status: 400..599}]
"""


@pytest.mark.parametrize(
    ("ours", "is_known", "outcome", "text"),
    [
        ("false", True, Outcome.PASS, ""),
        ("false", False, Outcome.INCONCLUSIVE, "other answered 401 — check hosts.other.auth"),
        ("true", False, Outcome.FAIL, "401"),
        ("false", None, Outcome.INCONCLUSIVE, "other: the connection was refused"),
        ("true", None, Outcome.FAIL, "the connection was refused"),
    ],
)
def test_another_host_gets_its_own_token_and_what_it_does_not_tell_is_inconclusive(
    ours, is_known, outcome, text
):
    with service() as server, service(knows=lambda *_: bool(is_known)) as other:
        url = other.url if is_known is not None else "http://127.0.0.1:9"
        context = context_on(server, '{bearer: "${T}"}', other=url, ours=ours, text=OTHER)
        (observed,) = check_health(context, context.plan.health, 0.0)
    result = steps.tested_step(context.plan.health[0], observed)
    assert result.outcome is outcome
    assert text in result.actual
    assert server.asked == []
    for _, headers in other.asked:
        assert headers["Authorization"] == "Bearer pa55word-of-tests"
