"""The HTTP library's exceptions as typed faults: what happened, and whose fault it is. Pure."""

import errno
import re
from collections.abc import Iterator, Mapping
from http.client import RemoteDisconnected

import requests
from urllib3.exceptions import DecodeError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import InvalidHeader as InvalidHeaderOfAnswer

from deploy_verdict.model import Fault, Whose
from deploy_verdict.model.enums import EDGE, NOT_CONNECTED

_OURS = {errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENOBUFS}


def is_connect_failure(fault: Fault) -> bool:
    """Return whether there was no connection, so that a second attempt repeats nothing."""
    return fault.kind in NOT_CONNECTED


def is_worth_another_try(fault: Fault, method: str) -> bool:
    """Return whether to repeat a request: there was no connection, or the edge answered one that only reads.

    An edge sometimes answers while it moves a service; if it does so often, the attempts show it.
    """
    return is_connect_failure(fault) or (fault.kind == EDGE and method in ("GET", "HEAD"))


def fault_of(error: Exception) -> Fault:
    """Return a library's exception as a fault."""
    chain = tuple(_chain(error))
    if any(isinstance(item, NameResolutionError) for item in chain):
        return Fault(kind="dns", whose=Whose.RUNNER, detail="the host's name could not be resolved")
    if isinstance(error, requests.exceptions.SSLError):
        return Fault(kind="tls", whose=Whose.TARGET, detail=f"TLS failed: {_last(chain)}")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Fault(kind="connect-timeout", whose=Whose.TARGET, detail="no connection within the time limit")
    # In mid-body the library reports a timeout as a broken connection.
    if isinstance(error, requests.exceptions.Timeout) or any(isinstance(i, ReadTimeoutError) for i in chain):
        return Fault(kind="timeout", whose=Whose.TARGET, detail="no answer within the time limit")
    if any(isinstance(item, DecodeError) for item in chain):
        detail = f"its body is not encoded as Content-Encoding says: {_last(chain)}"
        return Fault(kind="protocol", whose=Whose.TARGET, detail=detail)
    # The same exception is raised for a header of ours that cannot be sent; urllib3 has its own for a
    # response's.
    if any(isinstance(item, InvalidHeaderOfAnswer) for item in chain):
        return Fault(
            kind="protocol", whose=Whose.TARGET, detail=f"the answer is not valid HTTP: {_last(chain)}"
        )
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader | ValueError
    ) and not (isinstance(error, requests.exceptions.InvalidJSONError)):
        return Fault(kind="request", whose=Whose.US, detail=f"the request could not be made: {error}")
    return _connection_fault(chain)


def _connection_fault(chain: tuple[BaseException, ...]) -> Fault:
    system = next((item for item in chain if isinstance(item, OSError) and item.errno is not None), None)
    if isinstance(system, ConnectionRefusedError):
        return Fault(kind="refused", whose=Whose.TARGET, detail="the connection was refused")
    if any(isinstance(item, NewConnectionError) for item in chain):
        whose = Whose.RUNNER if system is not None and system.errno in _OURS else Whose.TARGET
        return Fault(kind="unreachable", whose=whose, detail=f"no connection: {_last(chain)}")
    # RemoteDisconnected is a ConnectionResetError, and says more.
    if any(isinstance(item, RemoteDisconnected) for item in chain):
        return Fault(kind="closed", whose=Whose.TARGET, detail="the connection was closed without an answer")
    if any(isinstance(item, ConnectionResetError | BrokenPipeError) for item in chain):
        return Fault(kind="reset", whose=Whose.TARGET, detail="the connection was reset")
    return Fault(kind="protocol", whose=Whose.TARGET, detail=f"the answer is not valid HTTP: {_last(chain)}")


def edge_fault(status: int, headers: Mapping[str, str], body: bytes = b"") -> Fault | None:
    """Return the fault if Railway's edge, or another gateway, answered in the service's place; else None."""
    if headers.get("x-railway-fallback", "").lower() == "true":
        detail = f"the edge answered {status} in place of the service (x-railway-fallback)"
        return Fault(kind=EDGE, whose=Whose.EDGE, detail=detail)
    text = body[:PAGE_BYTES].decode("utf-8", "replace")
    by_header = _GATEWAYS.get(headers.get("server", "").lower())
    name = next((name for name, page in _PAGES if page.search(text)), by_header)
    if status not in _OF_GATEWAYS or name is None:
        return None
    detail = f"a gateway answered {status} in place of the service ({name})"
    return Fault(kind=EDGE, whose=Whose.TARGET, detail=detail)


# What gateways return for a service that does not answer; from 520 on, Cloudflare's own.
_OF_GATEWAYS = (502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530)
PAGE_BYTES = 4096
# These answer under this name only if nothing behind them does.
_GATEWAYS = {"awselb/2.0": "AWS's balancer"}
_PAGES = (
    ("nginx's page", re.compile(r"(?i)<center><h1>5\d\d [^<]*</h1></center>\s*<hr><center>[\w.-]+")),
    ("Cloudflare's page", re.compile(r"(?i)\Aerror code: 5\d\d\s*\Z|cf-error-details")),
    ("Envoy's text", re.compile(r"\A(upstream (connect error or disc|request timeout)|no healthy upstream)")),
    ("HAProxy's page", re.compile(r"No server is available to handle this|server didn't respond in time")),
    ("HAProxy's page", re.compile(r"The server returned an invalid or incomplete response")),
    ("Traefik's text", re.compile(r"\A(Bad Gateway|Gateway Timeout|no available server)\s*\Z")),
    ("Apache's page", re.compile(r"The proxy server (received an invalid response|could not handle)")),
    ("Google's balancer", re.compile(r"encountered a temporary error and could not complete your request")),
    ("Heroku's page", re.compile(r"herokucdn\.com/error-pages")),
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception with its causes, reasons and arguments, outermost first, each once."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]


def _last(chain: tuple[BaseException, ...]) -> str:
    return str(chain[-1])[:200] or type(chain[-1]).__name__
