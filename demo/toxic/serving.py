"""Serves one trouble on a loopback port, over TLS if it has a certificate."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.toxic.troubles import TROUBLES, Trouble
from demo.toxic.wishes import Wish

NOWHERE = "no-such-host.invalid"
MOST_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Toxic:
    """Where it listens; `trapped` holds the requests to the other host, which no client may follow."""

    base_url: str
    trapped: list[bytes]


@contextmanager
def toxic(name: str, upstream: str, certificates: Path, port: int = 0) -> Iterator[Toxic]:
    """Serve a trouble in front of `upstream` until the context ends."""
    trouble = TROUBLES[name]
    trapped: list[bytes] = []
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        own = listening.getsockname()[1]
        if trouble.behave is None:
            # Closed again, so that nobody listens there; the name of the fault dns does not exist anyway.
            listening.close()
            yield Toxic(base_url=f"http://{NOWHERE if name == 'dns' else '127.0.0.1'}:{own}", trapped=trapped)
            return
        trap = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        scheme = "https" if trouble.certificate else "http"
        base_url = f"{scheme}://127.0.0.1:{own}"
        elsewhere = f"http://127.0.0.1:{trap.getsockname()[1]}/trap"
        server = _Server(trouble, upstream, base_url, elsewhere, certificates)
        stack.callback(server.stop.set)
        server.listen(listening, server.converse)
        server.listen(trap, lambda connection: trapped.append(connection.recv(MOST_HEAD_BYTES)))
        yield Toxic(base_url=base_url, trapped=trapped)


class _Server:
    def __init__(
        self, trouble: Trouble, upstream: str, base_url: str, elsewhere: str, certificates: Path
    ) -> None:
        self.stop = threading.Event()
        self._trouble, self._upstream = trouble, upstream
        self._base_url, self._elsewhere = base_url, elsewhere
        self._tls: ssl.SSLContext | None = None
        if trouble.certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificates / f"{trouble.certificate}.pem")

    def listen(self, listening: socket.socket, converse: Callable[[socket.socket], object]) -> None:
        """Accept in a thread until the socket is closed; each connection has a thread of its own."""

        def accept() -> None:
            while not self.stop.is_set():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # The client may hang up at any moment.
            with connection, contextlib.suppress(OSError):
                converse(connection)

        threading.Thread(target=accept, daemon=True).start()

    def converse(self, plain: socket.socket) -> None:
        """Read one request and behave."""
        connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with connection:
            head, body = _request(connection)
            behave = self._trouble.behave
            if not head or behave is None:
                return
            behave(
                Wish(
                    connection=connection,
                    head=head,
                    body=body,
                    upstream=self._upstream,
                    base_url=self._base_url,
                    elsewhere=self._elsewhere,
                    stop=self.stop,
                )
            )


def _request(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read the head and the complete body; both empty if the client went away."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < MOST_HEAD_BYTES:
        more = connection.recv(65536)
        if not more:
            return b"", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while len(body) < int(found.group(1) if found else 0):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head, body
