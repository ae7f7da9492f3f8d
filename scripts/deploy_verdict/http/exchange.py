"""One bounded HTTP exchange: a deadline from connect to the last byte, a capped body, one host.

A server that sends one byte a second cannot delay us. Redirects stay on the host, so that our headers reach
no other. Never raises for what the other side does: that becomes the response's fault.
"""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests
from requests.cookies import RequestsCookieJar
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from deploy_verdict.http.faults import PAGE_BYTES, edge_fault, fault_of
from deploy_verdict.http.transport import CuttableSession
from deploy_verdict.model import Fault, Whose

NO_CONNECTION = "no connection within the time limit"
MAX_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
CHUNK_BYTES = 16 * 1024
CHARSETS = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16")


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request, ready to be sent; its body is `json`, or `data` as it stands."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    json: Any = None
    data: str | Mapping[str, str] | None = None


@dataclass
class HttpResponse:
    """What a worker has received; read it only after the worker has ended."""

    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    charset: str = "utf-8"
    truncated: bool = False
    redirects: list[str] = field(default_factory=list)
    fault: Fault | None = None
    cookies: RequestsCookieJar = field(default_factory=RequestsCookieJar, repr=False)

    @property
    def text(self) -> str:
        """The body as text that every later step can write; an unknown charset is read as UTF-8."""
        known = self.charset.lower() if self.charset.lower() in CHARSETS else "utf-8"
        return str(self.body, known, errors="replace")


def response_to(
    request: HttpRequest,
    session: CuttableSession,
    *,
    within_s: float,
    max_body_bytes: int,
    connect_s: float | None = None,
) -> HttpResponse:
    """Send in a worker thread, and abandon it at the deadline, whatever it is waiting for.

    `connect_s`: the longest that the connect itself may take of it.
    """
    answer = HttpResponse()
    done: queue.SimpleQueue[None] = queue.SimpleQueue()

    def work() -> None:
        try:
            _send(request, session, answer, (connect_s or within_s, within_s), max_body_bytes)
        finally:
            done.put(None)

    threading.Thread(target=work, name="probe", daemon=True).start()
    try:
        done.get(timeout=within_s)
    except queue.Empty:
        if not session.is_connected:
            return HttpResponse(fault=Fault(kind="connect-timeout", whose=Whose.TARGET, detail=NO_CONNECTION))
        session.cut()
        came = "its headers came, its body did not end" if answer.status is not None else "no answer"
        detail = f"{came} within {within_s:.1f} s"
        fault = Fault(kind="timeout", whose=Whose.TARGET, detail=detail)
        # A copy: the worker may still write to the original.
        return HttpResponse(answer.status, list(answer.headers), bytearray(), fault=fault)
    return answer


def _send(
    request: HttpRequest,
    session: CuttableSession,
    answer: HttpResponse,
    times_s: tuple[float, float],
    max_body_bytes: int,
) -> None:
    url = request.url
    try:
        while True:
            with session.request(
                request.method,
                url,
                json=request.json,
                data=request.data,
                headers=request.headers,
                connect_s=times_s[0],
                timeout_s=times_s[1],
            ) as response:
                next_url = _redirect(response, request.method, answer)
                if next_url is None:
                    _read(response, answer, max_body_bytes)
                    return
            url = next_url
    except (requests.RequestException, OSError, ValueError) as error:
        answer.fault = fault_of(error)


def _read(response: requests.Response, answer: HttpResponse, max_body_bytes: int) -> None:
    answer.charset = response.encoding or "utf-8"
    answer.headers = list(response.headers.items())
    answer.status = response.status_code
    answer.cookies = response.cookies
    for chunk in response.iter_content(CHUNK_BYTES):
        room = max_body_bytes - len(answer.body)
        answer.body += chunk[:room]
        if len(chunk) > room:
            answer.truncated = True
            break
    if answer.fault is None:
        answer.fault = edge_fault(response.status_code, response.headers, bytes(answer.body[:PAGE_BYTES]))


def _redirect(response: requests.Response, method: str, answer: HttpResponse) -> str | None:
    """Return the redirect to follow, or None. Reads follow it only on the same host, writes never."""
    location = response.headers.get("location")
    if method not in ("GET", "HEAD") or not location or response.status_code not in (301, 302, 303, 307, 308):
        return None
    try:
        target = urljoin(response.url, location)
        is_same = _same_host(response.url, target)
    except (ValueError, LocationParseError):
        detail = f"it redirects to an invalid address: {location[:100]}"
        answer.fault = Fault(kind="redirect", whose=Whose.TARGET, detail=detail)
        return None
    answer.redirects.append(target)
    if not is_same:
        detail = _elsewhere(response.url, target)
    elif len(answer.redirects) > MAX_REDIRECTS:
        detail = f"it redirects more than {MAX_REDIRECTS} times"
    else:
        return target
    answer.fault = Fault(kind="redirect", whose=Whose.TARGET, detail=detail)
    return None


def _elsewhere(url: str, target: str) -> str:
    one, other = parse_url(url), parse_url(target)
    if one.host == other.host and (one.scheme, other.scheme) == ("http", "https"):
        netloc = (other.netloc or "")[:100]
        return f"it redirects to https, which counts as another host: write https://{netloc} in the plan"
    return f"it redirects to another host: {(other.netloc or target)[:100]}"


def _same_host(a: str, b: str) -> bool:
    """Compare hosts as the connecting library does: for others `http://evil\\@service/` is the service."""
    one, other = parse_url(a), parse_url(b)
    ports = (one.port or _PORTS.get(one.scheme or ""), other.port or _PORTS.get(other.scheme or ""))
    return (one.scheme, one.host, ports[0]) == (other.scheme, other.host, ports[1])
