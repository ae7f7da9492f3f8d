"""The relay as one process: server, dispatcher, orderly shutdown, and a redacted log."""

import logging
import signal
import socket
import threading
from contextlib import closing
from typing import TextIO

import uvicorn

from deploy_verdict.base.clock import WallClock
from deploy_verdict.base.errors import DeployVerdictError
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.relay.app import build_relay
from deploy_verdict.relay.dispatcher import Dispatcher
from deploy_verdict.relay.settings import EventPlace, RelaySettings
from deploy_verdict.relay.store import Store

# Within RAILWAY_DEPLOYMENT_DRAINING_SECONDS, as docs/guide/relay.md sets it.
END_WITHIN_S = 5
LOG = logging.getLogger("relay")


def serve(settings: RelaySettings, redactor: Redactor, kept: EventPlace, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT.

    Raise DeployVerdictError if it cannot listen or the dispatcher died; restart it then.
    """
    clock = WallClock()
    LOG.info("accepted events are kept in %s", kept.words)
    listening = _listen(host, port)
    with listening, closing(Store(kept.database, lambda: clock.now().timestamp())) as store:

        def end(*_: object) -> None:
            server.should_exit = True

        dispatcher = Dispatcher(store, settings, redactor, end)
        # No access log: the path may hold the secret.
        server = uvicorn.Server(
            uvicorn.Config(
                build_relay(settings, store, dispatcher, kept),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=END_WITHIN_S,
            )
        )

        # Until uvicorn handles signals itself; it also raises them again when it ends.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        dispatcher.start()
        server.run(sockets=[listening])
        has_died = not dispatcher.is_alive()
        dispatcher.end()
        if has_died:
            raise DeployVerdictError("the dispatcher has stopped; the log above says why — restart the relay")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol given, asyncio sets TCP_NODELAY; without, a kept-alive answer would wait 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
        return listening
    except OSError as error:
        listening.close()
        raise DeployVerdictError(
            f"{host} port {port}: cannot listen ({error.strerror or error}) — give another --port"
        ) from error


class _Redacting(logging.Formatter):
    """Redacts the complete line, including its traceback."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))


def log_to(stream: TextIO, redactor: Redactor) -> None:
    """Send all logs of the process to a stream, including the error that ends a thread."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Redacting(redactor))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    threading.excepthook = _thread_ended


def _thread_ended(end: threading.ExceptHookArgs) -> None:
    LOG.critical("a thread ended: %s", end.exc_type.__name__, exc_info=end.exc_value)
