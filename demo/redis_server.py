"""The Redis that the backend talks to: the server that REDIS_URL names, or one in this process."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakeredis import TcpFakeServer

LOG = logging.getLogger("backend.redis-server")

STOP_POLL_S = 0.05


class InProcessRedis(TcpFakeServer):
    """fakeredis behind a real TCP socket; its errors go to the log instead of stderr."""

    def get_request(self) -> tuple[socket.socket, Any]:
        """Each reply is sent at once, also where several commands came together."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        LOG.exception("connection of %s failed", client_address)


def _poll_less_often() -> None:
    # Each connection's thread polls every 10 ms for pushed messages (pub/sub), which nobody here uses: 20
    # idle connections cost 14 % of a core. Commands wake the poll at once: a longer one delays nothing. The
    # constant is private; where it is missing, only the saving is lost.
    module = sys.modules[TcpFakeServer.__module__]
    if hasattr(module, "_POLL_INTERVAL"):
        setattr(module, "_POLL_INTERVAL", 0.25)  # noqa: B010 - a plain assignment does not pass mypy on a private name


@contextmanager
def redis_url() -> Iterator[str]:
    """Yield the URL of a Redis: REDIS_URL when set, otherwise a server that lives as long as this context."""
    given = os.environ.get("REDIS_URL")
    if given:
        yield given
        return
    _poll_less_often()
    server = InProcessRedis(("127.0.0.1", 0))
    server.daemon_threads = True  # a crash of the backend must not hang on the threads of its Redis
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": STOP_POLL_S}, daemon=True)
    thread.start()
    try:
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
