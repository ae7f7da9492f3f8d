"""A login's token or cookies: obtained once, sent with every later request, renewed when they expire."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from requests.cookies import RequestsCookieJar

from deploy_verdict.base.clock import Clock
from deploy_verdict.base.token_end import token_end
from deploy_verdict.expect import Found, Lacking, select_json
from deploy_verdict.expect.matchers import is_number
from deploy_verdict.http.exchange import HttpResponse
from deploy_verdict.model import Fault, Whose
from deploy_verdict.redaction.derived_secrets import is_token

if TYPE_CHECKING:
    # The relay sends requests without a plan, and must not load what reads one.
    from deploy_verdict.plan.sections.access import Login

# A token that is refused earlier has not expired: the service does not accept it.
YOUNGEST_EXPIRED_S = 60.0
# A refused login is not repeated at once: some services lock an account after a few.
AGAIN_S = 15.0
# Renewed before its end, so that no request meets it.
_SHARE_OF_LIFE = 0.8
_EXPIRED = re.compile(r"(?i)\bexpired\b")
MOST_READ = 2000
_LEARNED = "token of the login"

Send = Callable[["Login"], HttpResponse]
Learn = Callable[[str, str], None]


@dataclass(frozen=True)
class LoginCredentials:
    """What a login has given: headers and cookies, valid from `at_s`, for `life_s` if that is known."""

    at_s: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: RequestsCookieJar | None = field(default=None, repr=False)
    life_s: float | None = None


class LoginSession:
    """One login of the plan, shared by all threads. `send` sends its request; `learn` hides what it gives."""

    def __init__(self, login: "Login", send: Send, clock: Clock, learn: Learn) -> None:
        self._login, self._send, self._clock, self._learn = login, send, clock, learn
        self._lock = threading.Lock()
        self._pass: LoginCredentials | None = None
        self._fault: Fault | None = None
        self._failed_s = 0.0

    def credentials_or_fault(self) -> LoginCredentials | Fault:
        """Return what goes with a request now, or a fault if the login failed."""
        with self._lock:
            held, now_s = self._pass, self._clock.monotonic_s()
            if held and (held.life_s is None or now_s - held.at_s < _SHARE_OF_LIFE * held.life_s):
                return held
            return self._taken(now_s)

    def renewed(self, refused: LoginCredentials) -> LoginCredentials | None:
        """Return another pass in place of one that a 401 refused; None if that cannot have expired yet."""
        with self._lock:
            held, now_s = self._pass, self._clock.monotonic_s()
            if held is not None and held is not refused:
                return held
            if refused.life_s is not None or now_s - refused.at_s < YOUNGEST_EXPIRED_S:
                return None
            taken = self._taken(now_s)
            return taken if isinstance(taken, LoginCredentials) else None

    def _taken(self, now_s: float) -> LoginCredentials | Fault:
        if self._fault is not None and now_s - self._failed_s < AGAIN_S:
            return self._fault
        response = self._send(self._login)
        taken = self._read(response, self._clock.monotonic_s())
        self._pass = taken if isinstance(taken, LoginCredentials) else None
        self._fault = taken if isinstance(taken, Fault) else None
        self._failed_s = self._clock.monotonic_s()
        return taken

    def _read(self, response: HttpResponse, at_s: float) -> LoginCredentials | Fault:
        what = f"the login POST {self._login.path}"
        if response.fault is not None:
            return _fault(response.fault.whose, f"{what} failed: {response.fault.detail}")
        status = response.status or 0
        if status >= 500:
            return _fault(Whose.TARGET, f"{what} answered {status}")
        # A browser's login answers with a redirect.
        if not 200 <= status < (400 if self._login.cookies else 300):
            return _fault(Whose.US, f"{what} answered {status} — check its user and password, and its path")
        for cookie in response.cookies if self._login.cookies else ():
            # Other cookies are words, such as a language, which responses may well contain.
            if is_token(cookie.value or ""):
                self._learn("cookie of the login", cookie.value or "")
        if self._login.cookies and not len(response.cookies):
            return _fault(Whose.US, f"{what} answered {status} and set no cookie — check what it expects")
        found = select_json(self._login.token, response.text) if self._login.token else None
        if isinstance(found, Lacking):
            return _fault(Whose.US, f"{what} gave no token: {found.reason} — check auth.login.token")
        headers: dict[str, str] = {}
        if found is not None:
            token = found.value
            if (
                not isinstance(token, str)
                or not token.strip()
                or not (token.isascii() and token.isprintable())
            ):
                return _fault(Whose.US, f"{what} gave no token: {self._login.token} is no text to send")
            self._learn(_LEARNED, token)
            headers = {name: text.replace("{token}", token) for name, text in self._login.header.items()}
        cookies = response.cookies if self._login.cookies else None
        return LoginCredentials(at_s, headers, cookies, self._life_s(response))

    def _life_s(self, response: HttpResponse) -> float | None:
        if self._login.renew_every is not None:
            return self._login.renew_every
        found = select_json("$.expires_in", response.text) if response.body else None
        value = found.value if isinstance(found, Found) else None
        return float(value) if value is not None and is_number(value) and value > 0 else None


def token_expired(sent: Mapping[str, str], answer: HttpResponse, now: datetime) -> Fault | None:
    """Return why a 401 says nothing of the service: our token has reached its own end; else None.

    The response's text counts only if the token itself does not say when it ends.
    """
    token = next((value for name, value in sent.items() if name.lower() == "authorization"), "")
    end = token_end(token)
    if end is not None and end <= now:
        why = f"its exp was {end:%Y-%m-%d %H:%M:%S} UTC"
    elif end is None and _EXPIRED.search(
        f"{dict(answer.headers).get('WWW-Authenticate', '')} {answer.text[:MOST_READ]}"
    ):
        why = "so the answer says"
    else:
        return None
    detail = f"{answer.status}, as our token has expired ({why})"
    return Fault(kind="expired", whose=Whose.US, detail=f"{detail} — give one that lasts, or auth.login")


def _fault(whose: Whose, detail: str) -> Fault:
    return Fault(kind="login", whose=whose, detail=f"{detail}; so this request was not sent")
