"""PyGithub's way out: every exchange with GitHub bounded in time and size, and its JSON unambiguous.

PyGithub reads what comes until it ends, obeys any Retry-After, and follows a redirect for as long as
there is one. Here, each request has a deadline, a repository's client has one purse of waits, and what
is no whole answer raises Unanswered, which says why.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import requests
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

from deploy_verdict.conversation import Answer, Question, answer_to
from deploy_verdict.strict_json import NotJSONError, strict_json
from deploy_verdict.wire import Wire

# A hundred comments of 64 KB, each character in six bytes at worst, are never seen; 16 MiB are plenty.
MAX_BODY_BYTES = 16 * 1024 * 1024
MOST_TRIES = 5
# How often one request may be answered by "go there" (301) or "later" (202) before it is given up.
MOST_HOPS = 3
SECONDARY_WAIT_S = 15.0


class Unanswered(requests.RequestException):  # a state of affairs, as the library's are
    """GitHub gave no whole answer; the message says what came instead."""


@dataclass
class Limits:
    """How long a request may take, and the waits that all requests of one client share."""

    timeout_s: float = 20.0
    waits_s: float = 90.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def wait(self, seconds: float) -> bool:
        """Wait if the purse has so much; False when it has not, and then nothing is waited."""
        if seconds > self.waits_s:
            return False
        self.waits_s -= seconds
        self.sleep(seconds)
        return True


class _Response:
    """What PyGithub reads of an answer."""

    def __init__(self, answer: Answer, text: str) -> None:
        self.status, self._headers, self._text = answer.status, answer.headers, text

    def getheaders(self) -> Iterable[tuple[str, str]]:
        return self._headers

    def read(self) -> str:
        return self._text


class _Door:
    """One connection as PyGithub knows them; `request` notes, `getresponse` asks."""

    protocol: str
    limits: Limits

    def __init__(self, host: str, port: int | None = None, **kwargs: Any) -> None:
        self.host, self.port = host, port
        self._wire, self._hops = Wire(behind_proxies=True), 0

    def request(self, verb: str, url: str, input: str | None, headers: dict[str, str], *_: Any) -> None:  # noqa: A002
        address = self.host if self.port is None else f"{self.host}:{self.port}"
        self._question = Question(
            method=verb, url=f"{self.protocol}://{address}{url}", headers=headers, data=input
        )

    def getresponse(self) -> _Response:
        answer = self._asked()
        self._hops = self._hops + 1 if answer.status in (202, 301) and not answer.fault else 0
        if self._hops > MOST_HOPS:
            raise Unanswered(f"it answers HTTP {answer.status} again and again")
        return _Response(answer, _checked(answer))

    def _asked(self) -> Answer:
        """Ask until there is an answer, the tries are spent or the purse has no more waits."""
        for number in range(MOST_TRIES):
            answer = answer_to(
                self._question, self._wire, within_s=self.limits.timeout_s, max_body_bytes=MAX_BODY_BYTES
            )
            if answer.fault is not None:
                # A wire that was cut stays cut.
                self.close()
                self._wire = Wire(behind_proxies=True)
            pause_s = _pause_s(answer, number)
            if pause_s is None or number + 1 == MOST_TRIES or not self.limits.wait(pause_s):
                break
        if answer.fault is not None:
            raise Unanswered(answer.fault.detail)
        return answer

    def close(self) -> None:
        self._wire.__exit__(None, None, None)


def _pause_s(answer: Answer, number: int) -> float | None:
    """Seconds until the next try; None where another try is of no use."""
    backoff_s = 0.3 * float(2**number) * random.uniform(0.5, 1.0)  # noqa: S311  # not a secret
    if answer.fault is not None:
        return None if answer.fault.kind in ("redirect", "request", "tls") else backoff_s
    headers = {name.lower(): value for name, value in answer.headers}
    if answer.status in (403, 429) and _is_limited(answer, headers):
        return max(backoff_s, _told_s(headers))
    return backoff_s if answer.status is not None and answer.status >= 500 else None


def _is_limited(answer: Answer, headers: dict[str, str]) -> bool:
    told = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return told or answer.status == 429 or Requester.isRateLimitError(answer.text[:2000])


def _told_s(headers: dict[str, str]) -> float:
    """What GitHub says to wait: Retry-After, else until the limit's reset, else a guess of ours."""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isascii() and after.isdigit():
        return float(after[:12])
    if headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
        return max(0.0, float(reset[:15]) - time.time()) + 1
    return SECONDARY_WAIT_S


def _checked(answer: Answer) -> str:
    """The body, where it is one unambiguous document or nothing; a refusal may also be a page."""
    if answer.truncated:
        raise Unanswered("its answer is too large to be read")
    text, is_refusal = answer.text, answer.status is not None and answer.status >= 400
    if not text:
        return text
    # Of a refusal that is no object PyGithub would read a message all the same, and stumble.
    try:
        document = strict_json(text)
    except NotJSONError as error:
        if is_refusal:
            return ""
        beginning = " ".join(text.split())[:60]
        raise Unanswered(f"its answer is not JSON ({error}): {beginning!r}") from None
    if is_refusal:
        return text if isinstance(document, dict) else ""
    if not isinstance(document, dict | list):
        raise Unanswered(f"its answer is no object: {text[:60]!r}")
    return text


def open_door(limits: Limits) -> Callable[[], None]:
    """Let the client that is made next go through here; call what is returned once it is made."""

    class Plain(_Door, HTTPRequestsConnectionClass):  # type: ignore[misc]  # only what PyGithub calls
        pass

    class Secure(_Door, HTTPSRequestsConnectionClass):  # type: ignore[misc]
        pass

    Plain.protocol, Secure.protocol = "http", "https"
    Plain.limits = Secure.limits = limits
    # PyGithub keeps the classes by process, and each client takes them when it is made.
    Requester.injectConnectionClasses(Plain, Secure)
    return Requester.resetConnectionClasses
