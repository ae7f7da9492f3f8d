"""The Redis that the backend talks to: the server that REDIS_URL names, or one in this process."""

import logging
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakeredis import TcpFakeServer
from fakeredis._commands import command
from fakeredis._socket import FakeSocket

LOG = logging.getLogger("backend.redis-server")

STOP_POLL_S = 0.05


class InProcessRedis(TcpFakeServer):
    """fakeredis behind a real TCP socket; its errors go to the log instead of stderr."""

    def get_request(self) -> tuple[socket.socket, Any]:
        """Send each reply at once, even for commands that came together."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        LOG.exception("connection of %s failed", client_address)


_BORN, _RUN_ID = time.monotonic(), secrets.token_hex(20)


@command(name="INFO", fixed=(), repeat=(bytes,))
def _info(connection: FakeSocket, *sections: bytes) -> bytes:
    """Answer INFO, which fakeredis lacks, with the facts that the tool reads."""
    facts = {
        "redis_version": "7.0.15",
        "run_id": _RUN_ID,
        "uptime_in_seconds": int(time.monotonic() - _BORN),
        "connected_clients": len(connection._server.sockets),
        "maxclients": 10_000,
        "blocked_clients": 0,
        "used_memory": 1_000_000,
        "maxmemory": 0,
        "maxmemory_policy": "noeviction",
        "rejected_connections": 0,
    }
    return "".join(f"{name}:{value}\r\n" for name, value in facts.items()).encode()


setattr(FakeSocket, _info.__name__, _info)  # where fakeredis looks up a command's method


def _poll_less_often() -> None:
    # Each connection's thread polls every 10 ms for pushed messages (pub/sub), which nothing here uses: 20
    # idle connections cost 14 % of a core. Commands wake the poll at once, so a longer one delays nothing.
    # The constant is private; if it is missing, only the saving is lost.
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
