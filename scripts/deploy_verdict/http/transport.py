"""The HTTP library in one place: a session whose connections can be cut from outside.

It uses no proxies, no cookies except those it is given, no ~/.netrc: a response must not depend on the
machine. The operator decides two things: REQUESTS_CA_BUNDLE, a file of trusted certificates, for everything;
and the machine's proxies, only for GitHub.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPResponse
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

READ_GRACE_S = 1.0


class CuttableSession:
    """A session for one caller; `cut` may be called from another thread."""

    def __init__(self, *, behind_proxies: bool = False, cookies: RequestsCookieJar | None = None) -> None:
        self._sockets: list[socket.socket] = []
        self._session = _Session()
        self._keeps_cookies = cookies is not None
        if cookies is not None:
            self._session.cookies = cookies
        self._session.trust_env = behind_proxies
        # Not None, or ~/.netrc would replace our headers.
        self._session.auth = _unchanged
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        adapter = _Adapter(self._sockets)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; a later request opens a new one."""
        self._session.close()
        self._sockets.clear()

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any,
        headers: Mapping[str, str],
        timeout_s: float,
        connect_s: float | None = None,
        data: str | Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send one request and return with its headers; the caller streams the body.

        `connect_s` is the part of the time that a connect may take, so that there is time for another
        attempt.
        """
        return self._session.request(
            method,
            url,
            json=json,
            data=data.encode() if isinstance(data, str) else data,
            headers=dict(headers),
            # The caller's deadline ends a read first, so that one clock decides and one message says so.
            timeout=(connect_s or timeout_s, timeout_s + READ_GRACE_S),
            stream=True,
            allow_redirects=False,
        )

    def add_cookies(self, cookies: RequestsCookieJar | None) -> None:
        """Send these cookies too."""
        if cookies is not None:
            self._session.cookies.update(cookies)

    def forget_cookies(self) -> None:
        """Drop the responses' cookies, unless the caller keeps them: a sticky one would pick an instance."""
        if not self._keeps_cookies:
            self._session.cookies.clear()

    @property
    def is_connected(self) -> bool:
        """Whether any connection was made and is not closed yet.

        Judged by the sockets: a connection drops its own once the headers say that it will be closed.
        """
        return any(made.fileno() >= 0 for made in self._sockets)

    def cut(self) -> None:
        """End every open connection now: a read that waits on one returns at once."""
        for made in self._sockets:
            # The worker may have closed it meanwhile.
            with contextlib.suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Session(requests.Session):
    """Leaves redirects to the caller: requests would parse the new address even if it must not follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Final(HTTPResponse):
    """Skips 102 and 103 (Early Hints) as it does 100: the response comes after them (RFC 9110, 15.2)."""

    def _read_status(self) -> tuple[int, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]  # not in typeshed
        is_interim = status in (HTTPStatus.PROCESSING, HTTPStatus.EARLY_HINTS)
        return version, HTTPStatus.CONTINUE if is_interim else status, reason


class _Adapter(HTTPAdapter):
    """Makes the socket of every connection known to its session."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._known = sockets
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        known = self._known

        class Plain(HTTPConnection):
            response_class = _Final

            def connect(self) -> None:
                super().connect()
                known[:] = [*(made for made in known if made.fileno() >= 0), self.sock]

        class Secure(HTTPSConnection):
            response_class = _Final

            def connect(self) -> None:
                super().connect()
                known[:] = [*(made for made in known if made.fileno() >= 0), self.sock]

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
