"""Serves an ASGI application on a loopback port by uvicorn, in a thread while the main one waits."""

import http.client
import socket
import threading
import time
from typing import Any

import uvicorn

HOST = "127.0.0.1"
FIRST_ANSWER_WITHIN_S = 15.0


class NotAnsweringError(RuntimeError):
    """The server did not answer its own first request in time."""


class Listening:
    """Serves from construction until close(). Port 0 takes a free one; OSError when the port is taken.

    `alive` is a path that answers 200 to a GET.
    """

    # Any: uvicorn names no type for an application
    def __init__(self, app: Any, port: int, alive: str = "/api/workers") -> None:
        self._alive = alive
        self._socket = _bound(port)
        self._socket.listen(128)
        self.port: int = self._socket.getsockname()[1]
        # log_config=None sends uvicorn's records where the root logger sends all others, the log file.
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        config.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def await_answer(self) -> None:
        """Return once the server has answered one real request; raise NotAnsweringError after 15 seconds."""
        deadline = time.monotonic() + FIRST_ANSWER_WITHIN_S
        while time.monotonic() < deadline and self._thread.is_alive():
            if _answers(self.port, self._alive):
                return
        raise NotAnsweringError(f"the backend on port {self.port} did not answer; see its log")

    def close(self) -> None:
        """Finish the requests in flight (one second at most), then stop listening."""
        self._server.should_exit = True
        self._thread.join()


def refusing(port: int) -> socket.socket:
    """Hold `port` without listening: connections are refused, and nobody else can take the port."""
    return _bound(port)


def _bound(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets created as TCP; without it each answer on a kept-alive
    # connection waits up to 40 ms for the client's delayed ACK.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # The previous owner's connections may still be in TIME_WAIT.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
