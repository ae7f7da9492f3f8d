"""What a client of a database server has in common: a deadline, and errors by whose fault they are.

Every text here must pass the redactor before it is shown: addresses hold passwords, and drivers quote them.
"""

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, Protocol

from deploy_verdict.evidence.pools.pool_samples import FULL
from deploy_verdict.model import Fault, Whose
from deploy_verdict.plan.sections.pools import Of

# The name by which the server knows our own connections; they are left out of its counts.
OUR_NAME = "deploy-verdict"
_SAYS_FULL = re.compile(
    r"(?i)max(imum)? number of clients|too many (clients|connections)|connection slots|connection limit"
)
_LOGIN_REFUSED = re.compile(
    r"(?i)wrongpass|noauth|noperm|auth(entication|orization)|password|invalid username|permission|no pg_hba"
    r"|role .* does not exist|database .* does not exist|user name"
)
_NOT_READY = re.compile(r"(?i)loading|starting up|shutting down|in recovery|not yet accepting")
_NAME_UNKNOWN = re.compile(
    r"(?i)name or service not known|nodename nor|name resolution|getaddrinfo|could not translate"
)
_TIMED_OUT = re.compile(r"(?i)time(d )?out|timeout")
_REFUSED = re.compile(r"(?i)connection refused")
_TLS = re.compile(r"(?i)ssl|tls|certificate")
# Which authorities to trust is our setting; an expired certificate, or one for another name, is the server's
# fault.
_UNTRUSTED = re.compile(
    r"(?i)self[- ]signed|unable to get (local )?issuer"
    r"|certificate verify failed(?!.*(expired|mismatch|not valid))"
)
_AUTHORITY = {"Redis": "?ssl_ca_certs=FILE", "PostgreSQL": "?sslmode=verify-full&sslrootcert=FILE"}


class ServerConnection(Protocol):
    """One connection to a server."""

    def ask(self) -> dict[str, Any]:
        """Return its counts by name, with `born`, `up_s` and `own`; raise ServerError."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class ServerError(Exception):
    """The server was not queried, or did not answer. The text may hold secrets."""

    def __init__(self, kind: str, whose: Whose, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.whose, self.detail = kind, whose, detail

    def as_fault(self, redact: Callable[[str], str]) -> Fault:
        """Return the error as a fault for the evidence, redacted."""
        return Fault(kind=self.kind, whose=self.whose, detail=redact(" ".join(self.detail.split()))[:300])


def not_installed(package: str, extra: str) -> ServerError:
    """Return the error for a server whose driver is not installed."""
    detail = f"{package} is not installed here: pip install 'deploy-verdict[{extra}]'"
    return ServerError("request", Whose.US, detail)


def error_of(server: str, error: Exception, *, cut: bool, within_s: float) -> ServerError:
    """Turn a driver's exception into a ServerError: what happened and whose fault, by the server's text."""
    text = str(error) or type(error).__name__
    if cut or (_TIMED_OUT.search(text) and not _SAYS_FULL.search(text)):
        return ServerError("timeout", Whose.TARGET, f"{server} did not answer within {within_s:g} s")
    if _SAYS_FULL.search(text):
        return ServerError(FULL, Whose.TARGET, f"{server} has no connection left: {text}")
    if _NOT_READY.search(text):
        return ServerError("starting", Whose.TARGET, f"{server} is not ready: {text}")
    if _LOGIN_REFUSED.search(text):
        return ServerError("login", Whose.US, f"{server} did not let us in: {text}")
    if _NAME_UNKNOWN.search(text):
        return ServerError("dns", Whose.RUNNER, f"the name of {server}'s host could not be resolved")
    if _REFUSED.search(text):
        return ServerError("refused", Whose.TARGET, f"{server} refused the connection")
    if _TLS.search(text):
        return _tls_error(server, text)
    return ServerError("closed", Whose.TARGET, f"{server} could not be asked: {text}")


def _tls_error(server: str, text: str) -> ServerError:
    detail = f"TLS with {server} failed: {text}"
    if not _UNTRUSTED.search(text):
        return ServerError("tls", Whose.TARGET, detail)
    hint = f"name its authority in the address: {_AUTHORITY[server]}"
    return ServerError("tls", Whose.US, f"{detail} — {hint}")


class Deadline:
    """Cuts a connection that is silent for too long: drivers wait forever if a server stops mid-response."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self.cut = False

    @contextmanager
    def over(self, fileno: Callable[[], int]) -> Iterator[None]:
        """Cut the connection if the body of the `with` takes longer than the deadline."""

        def cut() -> None:
            self.cut = True
            try:
                with socket.socket(fileno=os.dup(fileno())) as copy:
                    copy.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                return  # closed in the meantime

        timer = threading.Timer(self._within_s, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def is_meant(of: Of | None, **client: str) -> bool:
    """Return whether the plan's patterns select this connection."""
    wanted = of.model_dump(exclude_none=True) if of is not None else {}
    return all(fnmatchcase(client.get(key, ""), pattern) for key, pattern in wanted.items())
