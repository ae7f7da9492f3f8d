"""One bounded request to the target, and everything that came of it.

A total deadline runs from connect to the last byte, so a server that sends one byte a second cannot
hold us; bodies are cut; redirects stay on the host; only a failed connect is tried again. Never
raises for what the target does: a timeout is an observation too.
"""

import queue
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from deploy_verdict import __version__
from deploy_verdict.clock import Clock
from deploy_verdict.faults import edge_fault, fault_of, is_connect_failure
from deploy_verdict.model import Attempt, Exchange, Fault, Whose
from deploy_verdict.redact import Redactor
from deploy_verdict.wire import Wire

MAX_REDIRECTS = 3
RETRY_PAUSE_S = 0.1
CHARSETS = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16")
CHUNK_BYTES = 16 * 1024
MAX_HEADERS = 40
MAX_HEADER_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class _Question:
    """One request, ready to be sent."""

    method: str
    url: str
    json: Any
    headers: Mapping[str, str]


@dataclass
class _Answer:
    """What a worker has got so far; only read after the worker has ended or was given up."""

    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    charset: str = "utf-8"
    truncated: bool = False
    redirects: list[str] = field(default_factory=list)
    fault: Fault | None = None


class Probe:
    """Asks one service. Safe to use from several threads at once: each request has its own connection."""

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
        """One request on a connection of its own, with one more try if it could not connect."""
        question = self._question(method, path, json, headers)
        with Wire() as wire:
            return self._ask(wire, question, timeout_s or self.timeout_s, tries=2)

    @contextmanager
    def kept_alive(self) -> Iterator["KeptAlive"]:
        """One connection for several cheap requests; no retries, so that each reading is one request."""
        with Wire() as wire:
            yield KeptAlive(self, wire)

    def _question(self, method: str, path: str, json: Any, headers: Mapping[str, str] | None) -> _Question:
        sent = {**self._headers, "X-Request-Id": uuid.uuid4().hex, **(headers or {})}
        return _Question(method=method, url=self.base_url + path, json=json, headers=sent)

    def _ask(self, wire: Wire, question: _Question, timeout_s: float, tries: int) -> Exchange:
        at, began_s = self._clock.now(), self._clock.monotonic_s()
        attempts: list[Attempt] = []
        answer = _Answer()
        for number in range(tries):
            attempt_at, attempt_s = self._clock.now(), self._clock.monotonic_s()
            remaining_s = began_s + timeout_s - attempt_s
            if remaining_s <= 0:
                break
            answer = self._try(wire, question, remaining_s)
            elapsed_ms = (self._clock.monotonic_s() - attempt_s) * 1000
            attempts.append(Attempt(at=attempt_at, elapsed_ms=round(elapsed_ms, 3), fault=answer.fault))
            if answer.fault is None or not is_connect_failure(answer.fault):
                break
            if number + 1 < tries:
                self._clock.sleep(min(RETRY_PAUSE_S, remaining_s))
        elapsed_ms = (self._clock.monotonic_s() - began_s) * 1000
        return self._exchange(question, answer, at, tuple(attempts), elapsed_ms)

    def _try(self, wire: Wire, question: _Question, remaining_s: float) -> _Answer:
        """Run one attempt in a worker and give it up at the deadline, whatever it is waiting for."""
        answer = _Answer()
        done: queue.SimpleQueue[None] = queue.SimpleQueue()

        def work() -> None:
            try:
                self._converse(wire, answer, question, remaining_s)
            finally:
                done.put(None)

        threading.Thread(target=work, name="probe", daemon=True).start()
        try:
            done.get(timeout=remaining_s)
        except queue.Empty:
            wire.cut()
            told = "its headers came, its body did not end" if answer.status is not None else "no answer"
            detail = f"{told} within {remaining_s:.1f} s"
            fault = Fault(kind="timeout", whose=Whose.TARGET, detail=detail)
            # A copy: the worker may still write to its own.
            return _Answer(answer.status, list(answer.headers), bytearray(), fault=fault)
        return answer

    def _converse(self, wire: Wire, answer: _Answer, question: _Question, timeout_s: float) -> None:
        url = question.url
        try:
            while True:
                with wire.request(
                    question.method, url, json=question.json, headers=question.headers, timeout_s=timeout_s
                ) as response:
                    following = _redirect(response, question.method, answer)
                    if following is None:
                        self._read(response, answer)
                        return
                url = following
        except (requests.RequestException, OSError, ValueError) as error:
            answer.fault = fault_of(error)

    def _read(self, response: requests.Response, answer: _Answer) -> None:
        answer.charset = response.encoding or "utf-8"
        answer.headers = list(response.headers.items())
        answer.status = response.status_code
        for chunk in response.iter_content(CHUNK_BYTES):
            room = self.max_body_bytes - len(answer.body)
            answer.body += chunk[:room]
            if len(chunk) > room:
                answer.truncated = True
                break
        if answer.fault is None:
            answer.fault = edge_fault(response.status_code, response.headers)

    def _exchange(
        self,
        question: _Question,
        answer: _Answer,
        at: datetime,
        attempts: tuple[Attempt, ...],
        elapsed_ms: float,
    ) -> Exchange:
        text = self._redactor.text
        kept = [(name, value[:MAX_HEADER_CHARACTERS]) for name, value in answer.headers[:MAX_HEADERS]]
        return Exchange(
            at=at,
            method=question.method,
            url=text(question.url),
            request_id=question.headers["X-Request-Id"],
            attempts=attempts,
            status=answer.status,
            headers=self._redactor.headers(kept),
            body=text(_decoded(bytes(answer.body), answer.charset)) if answer.status is not None else None,
            body_bytes=len(answer.body),
            body_truncated=answer.truncated,
            redirects=tuple(text(target) for target in answer.redirects),
            elapsed_ms=round(elapsed_ms, 3),
            fault=answer.fault,
        )


class KeptAlive:
    """A connection that stays open between requests."""

    def __init__(self, probe: Probe, wire: Wire) -> None:
        self._probe, self._wire = probe, wire

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None) -> Exchange:
        """One request, one attempt."""
        question = self._probe._question(method, path, None, headers)
        return self._probe._ask(self._wire, question, self._probe.timeout_s, tries=1)


def _decoded(body: bytes, charset: str) -> str:
    """Text that every later step can write: an odd charset is read as UTF-8, lone surrogates are replaced."""
    known = charset.lower() if charset.lower() in CHARSETS else "utf-8"
    return body.decode(known, errors="replace").encode("utf-8", errors="replace").decode("utf-8")


def _redirect(response: requests.Response, method: str, answer: _Answer) -> str | None:
    """Where to go on, or None: reads follow on the same host only, writes never."""
    location = response.headers.get("location")
    if method not in ("GET", "HEAD") or not location or response.status_code not in (301, 302, 303, 307, 308):
        return None
    try:
        target = urljoin(response.url, location)
        is_same = _same_host(response.url, target)
    except ValueError:
        detail = f"it redirects to what is no address: {location[:100]}"
        answer.fault = Fault(kind="redirect", whose=Whose.TARGET, detail=detail)
        return None
    answer.redirects.append(target)
    if not is_same:
        detail = f"it redirects to another host: {urlsplit(target).netloc[:100] or target[:100]}"
    elif len(answer.redirects) > MAX_REDIRECTS:
        detail = f"it redirects more than {MAX_REDIRECTS} times"
    else:
        return target
    answer.fault = Fault(kind="redirect", whose=Whose.TARGET, detail=detail)
    return None


def _same_host(a: str, b: str) -> bool:
    one, other = urlsplit(a), urlsplit(b)
    return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)
