"""The probe of a plan: its service and its other hosts, each with our credentials for it."""

from deploy_verdict.base.clock import Clock
from deploy_verdict.http.exchange import HttpRequest, HttpResponse, response_to
from deploy_verdict.http.login import LoginSession
from deploy_verdict.http.probe import Probe
from deploy_verdict.http.transport import CuttableSession
from deploy_verdict.plan import Plan
from deploy_verdict.plan.sections.access import Auth, Login
from deploy_verdict.redaction.output_guard import learn
from deploy_verdict.redaction.redactor import Redactor


def probe_of(plan: Plan, *, clock: Clock, redactor: Redactor, window_id: str) -> Probe:
    """Return the probe of the plan's service; its `to` gives those of the plan's other hosts."""

    def made(host: str | None, others: dict[str, Probe]) -> Probe:
        site = plan.site(host)
        probe = Probe(
            base_url=site.base_url,
            timeout_s=site.timeout or plan.service.timeout,
            max_body_bytes=plan.service.max_body,
            clock=clock,
            redactor=redactor,
            window_id=window_id,
            headers=site.auth.headers if site.auth and not site.auth.login else None,
        )
        login_session = _login_session(plan, host, site.auth, clock, redactor)
        return probe.with_access(login_session, foreign=None if plan.is_ours(host) else host, others=others)

    return made(None, {name: made(name, {}) for name in plan.hosts})


def _login_session(
    plan: Plan, host: str | None, auth: Auth | None, clock: Clock, redactor: Redactor
) -> LoginSession | None:
    if auth is None or auth.login is None:
        return None
    site = plan.site(auth.login.host or host)

    def send(login: Login) -> HttpResponse:
        headers = {**site.headers, "Accept": "application/json"} if login.token else dict(site.headers)
        request = HttpRequest(
            method="POST",
            url=site.base_url + login.path,
            headers=headers,
            json=login.json_,
            data=login.form,
        )
        with CuttableSession() as session:
            return response_to(
                request,
                session,
                within_s=site.timeout or plan.service.timeout,
                max_body_bytes=plan.service.max_body,
            )

    def hide(name: str, value: str) -> None:
        redactor.learn(name, value)
        learn(name, value)

    return LoginSession(auth.login, send, clock, hide)
