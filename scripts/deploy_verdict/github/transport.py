"""PyGithub's connections, with every exchange bounded in time and size, and its JSON unambiguous.

PyGithub reads an answer until it ends, and follows redirects without end. Here each request has one deadline,
and an incomplete answer raises UnansweredError with the reason. Requests have passed the redactor. Nothing is
sent twice, as only the caller knows whether that does harm.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from deploy_verdict.base.strict_json import NotJSONError, strict_json
from deploy_verdict.http.exchange import HttpRequest, HttpResponse, response_to
from deploy_verdict.http.transport import CuttableSession
from deploy_verdict.redaction.output_guard import cleaned_document

MAX_BODY_BYTES = 8 * 1024 * 1024
# More 301 and 202 answers in a row end a request.
MOST_HOPS = 3
_PERMANENT_FAULTS = ("redirect", "request", "tls")


class UnansweredError(requests.RequestException):
    """GitHub gave no complete answer, and a second request would not get one either."""


class LostError(UnansweredError):
    """The answer did not come, or broke off. A retry may help; the request may have taken effect."""


class _Response:
    """What PyGithub reads of an answer."""

    def __init__(self, answer: HttpResponse, text: str) -> None:
        self.status, self._headers, self._text = answer.status, answer.headers, text

    def getheaders(self) -> Iterable[tuple[str, str]]:
        return self._headers

    def read(self) -> str:
        return self._text


class _BoundedConnection:
    """A connection with PyGithub's interface; `request` prepares, `getresponse` sends."""

    protocol: str
    timeout_s: float

    def __init__(self, host: str, port: int | None = None, **kwargs: Any) -> None:
        self.host, self.port = host, port
        self._session, self._hops = CuttableSession(behind_proxies=True), 0

    def request(self, verb: str, url: str, input: str | None, headers: dict[str, str], *_: Any) -> None:  # noqa: A002
        address = self.host if self.port is None else f"{self.host}:{self.port}"
        self._request = HttpRequest(
            method=verb, url=f"{self.protocol}://{address}{url}", headers=headers, data=_sent(input)
        )

    def getresponse(self) -> _Response:
        answer = response_to(
            self._request, self._session, within_s=self.timeout_s, max_body_bytes=MAX_BODY_BYTES
        )
        if answer.fault is not None:
            # A session that was cut cannot be used again.
            self.close()
            self._session = CuttableSession(behind_proxies=True)
            kind = UnansweredError if answer.fault.kind in _PERMANENT_FAULTS else LostError
            raise kind(answer.fault.detail)
        self._hops = self._hops + 1 if answer.status in (202, 301) else 0
        if self._hops > MOST_HOPS:
            raise UnansweredError(f"it answers HTTP {answer.status} again and again")
        return _Response(answer, _checked(answer))

    def close(self) -> None:
        self._session.__exit__(None, None, None)


def _sent(body: str | None) -> str | None:
    """Return a request's JSON with its texts redacted."""
    return json.dumps(cleaned_document(json.loads(body))) if body else body


def _checked(answer: HttpResponse) -> str:
    """Return the body if it is one unambiguous document or empty; a refusal may also be a page."""
    if answer.truncated:
        raise UnansweredError("its answer is too large to be read")
    text, is_refusal = answer.text, answer.status is not None and answer.status >= 400
    if not text:
        if answer.status in (200, 201):
            raise UnansweredError("its answer is empty")
        return text
    # PyGithub expects an object in error bodies and raises otherwise, so any other body is left out.
    try:
        # Strict UTF-8, unlike a service's text: a replacement character in a name would hide the field.
        document = strict_json(answer.body.decode("utf-8"))
    except (NotJSONError, UnicodeDecodeError) as error:
        if is_refusal:
            return ""
        beginning = " ".join(text.split())[:60]
        raise UnansweredError(f"its answer is not JSON ({error}): {beginning!r}") from None
    if is_refusal:
        return text if isinstance(document, dict) else ""
    if not isinstance(document, dict | list):
        raise UnansweredError(f"its answer is not an object: {text[:60]!r}")
    return text


@contextmanager
def bounded_connections(timeout_s: float) -> Iterator[None]:
    """Make a client that is created inside this context use these connections."""

    class PlainBounded(_BoundedConnection, HTTPRequestsConnectionClass):  # type: ignore[misc]  # only what PyGithub calls
        pass

    class SecureBounded(_BoundedConnection, HTTPSRequestsConnectionClass):  # type: ignore[misc]
        pass

    PlainBounded.protocol, SecureBounded.protocol = "http", "https"
    PlainBounded.timeout_s = SecureBounded.timeout_s = timeout_s
    # PyGithub keeps the classes for the process, and a client takes them when it is created.
    Requester.injectConnectionClasses(PlainBounded, SecureBounded)
    try:
        yield
    finally:
        Requester.resetConnectionClasses()
