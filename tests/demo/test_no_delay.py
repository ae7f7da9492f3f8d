"""No server of the demo and of the tests waits for its client's ACK before it sends more.

The wait is 40 ms for each answer on a kept connection. It shows only as slowness, so the option is read.
"""

import re
import socket
import socketserver
from contextlib import closing, contextmanager

import pytest
import redis
import requests

from demo.github.hub import Hub
from demo.github.serving import github
from demo.listening import Listening
from demo.redis_server import redis_url
from demo.toxic import serving as toxic_serving
from deploy_verdict.relay.server import _listen
from tests.publish.test_delivery import service
from tests.relay.github import github as relays_github
from tests.report.test_browser import trap
from tests.running import ROOT
from tests.servers import json_service, raw_server


def is_sent_at_once(connection):
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


@pytest.fixture
def accepted(monkeypatch):
    """Of each connection that http.server or the Redis accepted: whether it sends at once."""
    found, setup = [], socketserver.StreamRequestHandler.setup

    def noting(handler):
        setup(handler)
        found.append(is_sent_at_once(handler.connection))

    monkeypatch.setattr(socketserver.StreamRequestHandler, "setup", noting)
    return found


@contextmanager
def answering():
    with json_service(lambda *_: (200, {})) as server:
        yield server.url


@contextmanager
def notified():
    with service() as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


@contextmanager
def trapping():
    with trap() as (url, _):
        yield url


@contextmanager
def dispatching():
    with relays_github() as server:
        yield server.url


@pytest.mark.parametrize("server", [lambda: github(Hub()), answering, notified, trapping, dispatching])
def test_http_server(server, accepted):
    with server() as url:
        requests.put(url, timeout=5, headers={"Connection": "close"})
    assert accepted == [True]


def test_every_http_server_answers_with_that_handler():
    asked = re.compile(r"\b(BaseHTTP|SimpleHTTP|StreamRequest|CGIHTTP)\w*Handler\b")
    files = [path for folder in ("demo", "tests") for path in (ROOT / folder).rglob("*.py")]
    using = {str(path.relative_to(ROOT)) for path in files if asked.search(path.read_text())}
    assert using == {"demo/http_handler.py", "tests/demo/test_no_delay.py"}


def test_redis(accepted):
    with redis_url() as url, redis.Redis.from_url(url) as client:
        client.ping()
    assert accepted == [True]


def test_uvicorn():
    """asyncio sets the option on what it accepts, where the listening socket says that it is TCP."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    with closing(Listening(app, 0)) as listening, requests.Session() as kept:
        kept.get(f"http://127.0.0.1:{listening.port}/", timeout=5)
        (connection,) = listening._server.server_state.connections
        assert is_sent_at_once(connection.transport.get_extra_info("socket"))


def test_raw_servers(monkeypatch, tmp_path):
    found, read = [], toxic_serving._request

    def noting(connection):
        found.append(is_sent_at_once(connection))
        return read(connection)

    monkeypatch.setattr(toxic_serving, "_request", noting)
    with (
        toxic_serving.toxic("not-http", "http://127.0.0.1:1", tmp_path) as server,
        pytest.raises(requests.ConnectionError),
    ):
        requests.get(server.base_url, timeout=5)

    def converse(connection, head, stop):
        found.append(is_sent_at_once(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    with raw_server(converse) as url:
        requests.get(url, timeout=5)
    assert found == [True, True]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_relay_names_its_protocol(host):
    """asyncio sets TCP_NODELAY on what it accepts only where the listening socket names TCP."""
    with _listen(host, 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
