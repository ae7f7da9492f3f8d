"""One bounded request to the target, and its result.

Only a failed connect is tried again; everything in the result has passed the redactor. Never raises for what
the target does: a timeout is an observation too.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from deploy_verdict import __version__
from deploy_verdict.base.clock import Clock
from deploy_verdict.http.exchange import HttpRequest, HttpResponse, response_to
from deploy_verdict.http.faults import is_connect_failure
from deploy_verdict.http.transport import CuttableSession
from deploy_verdict.model import Attempt, Exchange, Fault
from deploy_verdict.redaction.redactor import Redactor

RETRY_PAUSE_S = 0.1
# Only the beginning of a body that is too long is ever shown.
MOST_OF_CUT_BYTES = 1024 * 1024
MAX_HEADERS = 40
MAX_HEADER_CHARACTERS = 300


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
            # A copy out of a cache says nothing of the service.
            "Cache-Control": "no-cache",
            "User-Agent": f"deploy-verdict/{__version__} (window {window_id})",
            **(headers or {}),
        }

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Exchange:
        """One request on a connection of its own, with a second try if it could not connect."""
        request = self._request(method, path, json, headers)
        with CuttableSession() as session:
            return self._ask(session, request, timeout_s or self.timeout_s, tries=2)

    @contextmanager
    def kept_alive(self) -> Iterator["KeptAlive"]:
        """One connection for several cheap requests; no retries, so that each reading is one request."""
        with CuttableSession() as session:
            yield KeptAlive(self, session)

    def _request(self, method: str, path: str, json: Any, headers: Mapping[str, str] | None) -> HttpRequest:
        sent = {**self._headers, "X-Request-Id": uuid.uuid4().hex, **(headers or {})}
        return HttpRequest(method=method, url=self.base_url + path, json=json, headers=sent)

    def _ask(self, session: CuttableSession, request: HttpRequest, timeout_s: float, tries: int) -> Exchange:
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
                # A connect that nobody answers leaves half of the time for the next try.
                connect_s=remaining_s / 2 if number + 1 < tries else remaining_s,
                max_body_bytes=self.max_body_bytes,
            )
            elapsed_ms = (self._clock.monotonic_s() - attempt_s) * 1000
            answer.fault = self._redacted(answer.fault)
            attempts.append(Attempt(at=attempt_at, elapsed_ms=round(elapsed_ms, 3), fault=answer.fault))
            if answer.fault is None or not is_connect_failure(answer.fault):
                break
            if number + 1 < tries:
                self._clock.sleep(min(RETRY_PAUSE_S, remaining_s))
        elapsed_ms = (self._clock.monotonic_s() - began_s) * 1000
        return self._exchange(request, answer, at, tuple(attempts), elapsed_ms)

    def _redacted(self, fault: Fault | None) -> Fault | None:
        """A fault's detail quotes the answer, so it may quote a secret."""
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
        self._probe, self._session = probe, session

    def renew(self) -> None:
        """Close the connection: the next request makes a new one, perhaps to another instance."""
        self._session.close()

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None) -> Exchange:
        """One request, one attempt."""
        request = self._probe._request(method, path, None, headers)
        return self._probe._ask(self._session, request, self._probe.timeout_s, tries=1)
