"""Sends one bounded request to the target and returns its result.

It repeats only a failed connect, a read that the edge answered, and a request whose login had expired (401).
Everything in the result has passed the redactor. Never raises for what the target does: a timeout is an
observation too.
"""

import copy
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from requests.cookies import RequestsCookieJar

from deploy_verdict import __version__
from deploy_verdict.base.clock import Clock
from deploy_verdict.http.exchange import HttpRequest, HttpResponse, response_to
from deploy_verdict.http.faults import is_worth_another_try
from deploy_verdict.http.login import LoginCredentials, LoginSession, token_expired
from deploy_verdict.http.retry import retry_after_s
from deploy_verdict.http.transport import CuttableSession
from deploy_verdict.model import Attempt, Exchange, Fault, Whose
from deploy_verdict.model.enums import EDGE, GIVEN_UP
from deploy_verdict.redaction.derived_secrets import is_token
from deploy_verdict.redaction.output_guard import learn
from deploy_verdict.redaction.redactor import Redactor

RETRY_PAUSE_S = 0.1
# Only the beginning of an overlong body is ever shown.
MOST_OF_CUT_BYTES = 1024 * 1024
MAX_HEADERS = 40
MAX_HEADER_CHARACTERS = 300
# If a time limit took this many times its length and this many seconds more, the measuring clock stood still.
STOOD_STILL, STOOD_STILL_S = 1.5, 2.0
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY, LEAST_REFUSING = 401, 403, 404, 429, 400
# A tracker's rate limit is waited for this long, as one missing response leaves a healthy window
# inconclusive.
MOST_PAUSE_S = 30.0


class Probe:
    """Sends requests to one service. Safe for several threads: each request has its own connection."""

    def __init__(
        self,
        *,
        base_url: str,
        timeout_s: float,
        max_body_bytes: int,
        clock: Clock,
        redactor: Redactor,
        window_id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout_s = timeout_s
        self.max_body_bytes = max_body_bytes
        self._clock = clock
        self._redactor = redactor
        self._headers = {
            # A copy from a cache says nothing of the service.
            "Cache-Control": "no-cache",
            "User-Agent": f"deploy-verdict/{__version__} (window {window_id})",
        }
        # Our credentials; left out of anonymous requests.
        self._own = dict(headers or {})
        self._login_session: LoginSession | None = None
        self._foreign: str | None = None
        self._others: Mapping[str, Probe] = {}
        self._cookies: RequestsCookieJar | None = None

    def with_access(
        self, login_session: LoginSession | None, *, foreign: str | None, others: Mapping[str, "Probe"]
    ) -> "Probe":
        """Return a copy that logs in with it; `foreign` names a system that is not the service."""
        probe = copy.copy(self)
        probe._login_session, probe._foreign, probe._others = login_session, foreign, others
        return probe

    def to(self, host: str | None) -> "Probe":
        """Return the probe of another host of the plan; None stands for this one."""
        return self if host is None else self._others[host]

    def with_cookies(self) -> "Probe":
        """Return a copy that keeps the cookies which responses set, as a browser does."""
        probe = copy.copy(self)
        probe._cookies = RequestsCookieJar()
        return probe

    def enter(self) -> None:
        """Log in if that is due, so that the next request need not wait for it."""
        if self._login_session is not None:
            self._login_session.credentials_or_fault()

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        anonymous: bool = False,
    ) -> Exchange:
        """Send one request on a connection of its own, with a second attempt if it could not connect.

        A request that only reads also has a second attempt if the edge answered in the service's place.
        `anonymous`: without credentials.
        """
        request = self._request(method, path, json, headers, anonymous, form)
        limit_s = timeout_s or self.timeout_s
        with CuttableSession(cookies=self._cookies) as session:
            first = self._ask_logged_in(session, request, limit_s, tries=2, anonymous=anonymous)
            pause_s = retry_after_s(first.headers) if self._foreign and first.status == TOO_MANY else None
            if pause_s is None or pause_s > MOST_PAUSE_S:
                return first
            session.close()
            self._clock.sleep(pause_s)
            second = self._ask_logged_in(session, request, limit_s, tries=2, anonymous=anonymous)
        before = Attempt(at=first.at, elapsed_ms=first.elapsed_ms or 0.0, fault=first.fault)
        return second.model_copy(update={"attempts": (before, *second.attempts)})

    @contextmanager
    def kept_alive(self) -> Iterator["KeptAlive"]:
        """Open one connection for several cheap requests."""
        with CuttableSession(cookies=self._cookies) as session:
            yield KeptAlive(self, session)

    def _request(
        self,
        method: str,
        path: str,
        json: Any,
        headers: Mapping[str, str] | None,
        anonymous: bool,
        form: Mapping[str, str] | None = None,
    ) -> HttpRequest:
        own = {} if anonymous else self._own
        sent = {**self._headers, **own, "X-Request-Id": uuid.uuid4().hex, **(headers or {})}
        return HttpRequest(method=method, url=self.base_url + path, json=json, data=form, headers=sent)

    def _ask_logged_in(
        self,
        session: CuttableSession,
        request: HttpRequest,
        timeout_s: float,
        tries: int,
        *,
        anonymous: bool,
        max_body_bytes: int | None = None,
    ) -> Exchange:
        """Send with what the login gave; repeat once if that had expired, which the attempts show."""
        if self._login_session is None or anonymous:
            return self._ask(session, request, timeout_s, tries, max_body_bytes)
        held = self._login_session.credentials_or_fault()
        if isinstance(held, Fault):
            answer = HttpResponse(fault=self._redacted(held))
            return self._exchange(request, answer, self._clock.now(), (), 0.0)
        first = self._ask(session, _signed(session, request, held), timeout_s, tries, max_body_bytes)
        renewed = self._login_session.renewed(held) if first.status == UNAUTHORIZED else None
        if renewed is None:
            return first
        second = self._ask(session, _signed(session, request, renewed), timeout_s, tries, max_body_bytes)
        expired = Fault(kind="expired", whose=Whose.US, detail="401, so the login was renewed")
        before = Attempt(at=first.at, elapsed_ms=first.elapsed_ms or 0.0, fault=expired)
        return second.model_copy(update={"attempts": (before, *second.attempts)})

    def _ask(
        self,
        session: CuttableSession,
        request: HttpRequest,
        timeout_s: float,
        tries: int,
        max_body_bytes: int | None = None,
    ) -> Exchange:
        at, began_s = self._clock.now(), self._clock.monotonic_s()
        attempts: list[Attempt] = []
        answer = HttpResponse()
        for number in range(tries):
            attempt_at, attempt_s = self._clock.now(), self._clock.monotonic_s()
            remaining_s = began_s + timeout_s - attempt_s
            if remaining_s <= 0:
                break
            answer = response_to(
                request,
                session,
                within_s=remaining_s,
                # An unanswered connect leaves half of the time for the next attempt.
                connect_s=remaining_s / 2 if number + 1 < tries else remaining_s,
                max_body_bytes=max_body_bytes or self.max_body_bytes,
            )
            elapsed_ms = (self._clock.monotonic_s() - attempt_s) * 1000
            wall_s = (self._clock.now() - attempt_at).total_seconds()
            answer.fault = _stood_still(answer.fault, remaining_s, elapsed_ms / 1000, wall_s)
            answer.fault = self._redacted(answer.fault)
            attempts.append(Attempt(at=attempt_at, elapsed_ms=round(elapsed_ms, 3), fault=answer.fault))
            if answer.fault is None or not is_worth_another_try(answer.fault, request.method):
                break
            if number + 1 < tries:
                # The next attempt has a connection of its own.
                session.close()
                self._clock.sleep(min(RETRY_PAUSE_S, remaining_s))
        elapsed_ms = (self._clock.monotonic_s() - began_s) * 1000
        session.forget_cookies()
        self._learn_cookies()
        if answer.status == UNAUTHORIZED and answer.fault is None:
            answer.fault = token_expired(request.headers, answer, self._clock.now())
        answer.fault = self._of_foreign(answer)
        return self._exchange(request, answer, at, tuple(attempts), elapsed_ms)

    def _of_foreign(self, answer: HttpResponse) -> Fault | None:
        """Return the fault of another system, as what it does not answer says nothing of the service."""
        if self._foreign is None:
            return answer.fault
        fault, status = answer.fault, answer.status or 0
        if fault is not None and fault.whose in (Whose.TARGET, Whose.EDGE):
            detail = f"{self._foreign}: {fault.detail}"
            return fault.model_copy(update={"whose": Whose.PROVIDER, "detail": detail})
        if fault is None and status >= LEAST_REFUSING:
            detail = f"{self._foreign} answered {status}{_what_to_do(self._foreign, status)}"
            return Fault(kind="host", whose=Whose.PROVIDER, detail=detail)
        return fault

    def _learn_cookies(self) -> None:
        for cookie in self._cookies if self._cookies is not None else ():
            if is_token(cookie.value or ""):
                self._redactor.learn("cookie", cookie.value or "")
                learn("cookie", cookie.value or "")

    def _redacted(self, fault: Fault | None) -> Fault | None:
        """Return a fault with its detail redacted, as that quotes the response."""
        return fault and fault.model_copy(update={"detail": self._redactor.text(fault.detail)})

    def _exchange(
        self,
        request: HttpRequest,
        answer: HttpResponse,
        at: datetime,
        attempts: tuple[Attempt, ...],
        elapsed_ms: float,
    ) -> Exchange:
        text = self._redactor.text
        if answer.truncated:
            del answer.body[MOST_OF_CUT_BYTES:]
        headers = self._redactor.headers(answer.headers[:MAX_HEADERS])
        return Exchange(
            at=at,
            method=request.method,
            url=text(request.url),
            request_id=request.headers["X-Request-Id"],
            attempts=attempts,
            status=answer.status,
            # Cut after redaction: the redactor would not recognize half a secret.
            headers={name: value[:MAX_HEADER_CHARACTERS] for name, value in headers.items()},
            body=text(answer.text, is_cut=answer.truncated) if answer.status is not None else None,
            body_bytes=len(answer.body),
            body_truncated=answer.truncated,
            redirects=tuple(text(target) for target in answer.redirects),
            elapsed_ms=round(elapsed_ms, 3),
            fault=answer.fault,
        )


class KeptAlive:
    """A connection that stays open between requests."""

    def __init__(self, probe: Probe, session: CuttableSession) -> None:
        self._probe, self._session, self._is_used = probe, session, False

    def renew(self) -> None:
        """Close the connection: the next request opens a new one, perhaps to another instance."""
        self._session.close()
        self._is_used = False

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        max_body_bytes: int | None = None,
        anonymous: bool = False,
    ) -> Exchange:
        """Send one request; repeat it on a new connection if the other side had given up the old one.

        A server may close an idle connection at the very moment of a request (RFC 9112, 9.3.1), and an edge
        may answer in its place. The attempts show that.
        """

        def asked() -> Exchange:
            return self._probe._ask_logged_in(
                self._session,
                self._probe._request(method, path, None, headers, anonymous),
                timeout_s or self._probe.timeout_s,
                tries=1,
                anonymous=anonymous,
                max_body_bytes=max_body_bytes,
            )

        first, is_reused = asked(), self._is_used
        self._is_used = first.fault is None
        kinds = (EDGE, *GIVEN_UP) if is_reused else (EDGE,)
        if first.fault is None or first.fault.kind not in kinds or method not in ("GET", "HEAD"):
            return first
        self.renew()
        second = asked()
        self._is_used = second.fault is None
        return second.model_copy(update={"attempts": (*first.attempts, *second.attempts)})


def _stood_still(fault: Fault | None, limit_s: float, took_s: float, wall_s: float) -> Fault | None:
    """Return the fault as the runner's if the machine slept or stalled, so that the limit did not hold.

    The wall clock of a closed laptop goes on while the one that measures a time limit stands still; a stopped
    process exceeds its limit by far. What does not come then says nothing of the service.
    """
    if fault is None or fault.whose is not Whose.TARGET:
        return fault
    longest_s = max(took_s, wall_s)
    if took_s <= STOOD_STILL * limit_s + STOOD_STILL_S and wall_s <= took_s + STOOD_STILL_S:
        return fault
    detail = f"this machine stood still for a while: a limit of {limit_s:.0f} s took {longest_s:.0f} s"
    return Fault(kind="stood-still", whose=Whose.RUNNER, detail=f"{detail} ({fault.detail})")


def _what_to_do(host: str, status: int) -> str:
    """Return what to do about another system's refusal, which says nothing of the service."""
    if status == UNAUTHORIZED:
        return f" — check hosts.{host}.auth: its token is wrong or has expired"
    if status == FORBIDDEN:
        return f" — check hosts.{host}.auth: its token may not read this"
    if status == NOT_FOUND:
        return " — no such thing there: check the path's names"
    if status == TOO_MANY:
        return ", too many requests — ask less often: `at: [30m, 120m]` at its checks"
    return ""


def _signed(session: CuttableSession, request: HttpRequest, held: LoginCredentials) -> HttpRequest:
    """Return a request with what the login gave; a header of the request itself stays."""
    session.add_cookies(held.cookies)
    return replace(request, headers={**held.headers, **request.headers})
