"""The probe on real sockets: whatever the server does, one bounded exchange comes back."""

import base64
import gzip
import json
import socket
import struct
import threading
from datetime import timedelta

import pytest

from deploy_verdict.base.clock import WallClock
from deploy_verdict.http.exchange import _same_host
from deploy_verdict.http.probe import Probe
from deploy_verdict.model import Whose
from deploy_verdict.redaction.redactor import Redactor
from tests.servers import answers, raw_server


def probe(base_url, timeout_s=5.0, max_body_bytes=1000, secrets=None, **more):
    return Probe(
        base_url=base_url,
        timeout_s=timeout_s,
        max_body_bytes=max_body_bytes,
        redactor=Redactor(secrets or {}),
        **{"clock": WallClock(), **more},
    )


def ask(converse, method="GET", timeout_s=5.0, **more):
    with raw_server(converse) as base_url:
        return probe(base_url, timeout_s, **more).ask(method, "/x")


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_a_body_without_an_end_is_a_timeout_with_its_headers_and_not_a_lost_connection(head):
    """Without a length it ends when the connection does, so the library lets go of its socket at once."""

    def converse(connection, request, stop):
        connection.sendall(head + b'{"a": 1}')
        stop.wait()

    exchange = ask(converse, timeout_s=0.2)
    assert exchange.fault.kind == "timeout"
    assert "its headers came, its body did not end within 0.2 s" in exchange.fault.detail


def test_a_whole_answer_is_kept():
    exchange = ask(answers(body=b'{"a": 1}', headers=["X-Kind: good"]))
    assert (exchange.status, exchange.body, exchange.fault) == (200, '{"a": 1}', None)
    assert exchange.headers["X-Kind"] == "good"
    assert exchange.elapsed_ms > 0
    assert len(exchange.attempts) == 1


def drip(prefix):
    def converse(connection, head, stop):
        connection.sendall(prefix)
        while not stop.wait(0.02):
            connection.sendall(b"x")

    return converse


@pytest.mark.parametrize(
    "prefix",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["before the status", "in the headers", "in the body"],
)
def test_a_server_that_drips_bytes_does_not_hold_us(prefix):
    """The deadline is total: each byte on its own comes well within any socket timeout."""
    exchange = ask(drip(prefix), timeout_s=0.3)
    assert exchange.fault.kind == "timeout"
    assert exchange.fault.whose is Whose.TARGET
    assert len(exchange.attempts) == 1


def test_a_server_that_never_answers_times_out():
    exchange = ask(lambda connection, head, stop: stop.wait(), timeout_s=0.2)
    assert (exchange.status, exchange.fault.kind) == (None, "timeout")


@pytest.mark.parametrize("charset", ["undefined", "unicode_escape", "no-such", "utf-8", "rot13"])
def test_an_odd_charset_is_read_as_text_that_can_be_written(charset):
    body = b"caf\\udc80 \xc3\xa9"
    exchange = ask(answers(body=body, headers=[f"Content-Type: text/plain; charset={charset}"]))
    assert exchange.fault is None
    assert exchange.body == "caf\\udc80 é"
    exchange.body.encode("utf-8")


@pytest.mark.parametrize("location", ["http://[bad/", "http://127.0.0.1:999999/"])
def test_a_redirect_to_no_address_is_the_targets_fault(location):
    exchange = ask(redirecting(location))
    assert (exchange.fault.kind, exchange.fault.whose) == ("redirect", Whose.TARGET)


def test_a_long_body_is_cut():
    exchange = ask(answers(body=b"y" * 5000))
    assert (len(exchange.body), exchange.body_truncated, exchange.fault) == (1000, True, None)


def test_an_endless_body_is_cut():
    def converse(connection, head, stop):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.is_set():
            connection.sendall(b"y" * 10_000)

    exchange = ask(converse)
    assert (len(exchange.body), exchange.body_truncated) == (1000, True)


def test_a_gzip_bomb_is_cut():
    bomb = gzip.compress(b"\0" * 20_000_000)
    exchange = ask(answers(body=bomb, headers=["Content-Encoding: gzip"]))
    assert (len(exchange.body), exchange.body_truncated) == (1000, True)


def reset_in_body(connection, head, stop):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("converse", "kinds"),
    [
        (reset_in_body, {"reset", "protocol"}),
        (lambda c, h, s: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), {"protocol"}),
        (lambda c, h, s: None, {"closed"}),
        (lambda c, h, s: c.sendall(b"SSH-2.0-OpenSSH\r\n"), {"protocol"}),
        (lambda c, h, s: c.sendall(bytes(range(1, 255)) * 2), {"protocol", "closed"}),
        (
            lambda c, h, s: c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            {"protocol"},
        ),
        (answers(body=b"not gzip", headers=["Content-Encoding: gzip"]), {"protocol"}),
        (answers(headers=["Content-Length: 5"]), {"protocol"}),
    ],
    ids=["reset", "short body", "closed", "not http", "garbage", "bad chunks", "bad gzip", "two lengths"],
)
def test_a_broken_answer_is_the_targets_fault_and_is_not_asked_again(converse, kinds):
    exchange = ask(converse)
    assert exchange.fault.kind in kinds
    assert exchange.fault.whose is Whose.TARGET
    assert len(exchange.attempts) == 1


def test_a_refused_connection_is_tried_once_more_and_both_are_kept():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    exchange = probe(f"http://127.0.0.1:{port}").ask("GET", "/x")
    assert exchange.fault.kind == "refused"
    assert [attempt.fault.kind for attempt in exchange.attempts] == ["refused", "refused"]


def test_a_service_that_comes_back_for_the_second_try_is_answered_and_the_first_is_kept():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    opened = []

    class Clock(WallClock):
        def sleep(self, seconds):
            server = socket.create_server(("127.0.0.1", port))
            opened.append(server)
            threading.Thread(target=accept, args=(server,), daemon=True).start()

    def accept(server):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            answers()(connection, b"", None)

    prober = Probe(
        base_url=f"http://127.0.0.1:{port}",
        timeout_s=5,
        max_body_bytes=100,
        clock=Clock(),
        redactor=Redactor({}),
    )
    exchange = prober.ask("GET", "/x")
    opened[0].close()
    assert (exchange.status, exchange.fault) == (200, None)
    assert [attempt.fault and attempt.fault.kind for attempt in exchange.attempts] == ["refused", None]


def test_a_name_that_cannot_be_resolved_is_our_runners_fault():
    exchange = probe("http://no-such-host.invalid").ask("GET", "/x")
    assert (exchange.fault.kind, exchange.fault.whose) == ("dns", Whose.RUNNER)


def redirecting(location):
    def converse(connection, head, stop):
        if head.startswith(b"GET /end"):
            answers(body=b"arrived")(connection, head, stop)
        else:
            answers("302 Found", b"", [f"Location: {location}"])(connection, head, stop)

    return converse


def test_a_redirect_on_the_same_host_is_followed():
    exchange = ask(redirecting("/end"))
    assert (exchange.status, exchange.body, len(exchange.redirects)) == (200, "arrived", 1)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "//evil.example/", "https://127.0.0.1/"]
)
def test_a_redirect_to_another_host_is_not_followed(location):
    exchange = ask(redirecting(location))
    assert (exchange.status, exchange.fault.kind) == (302, "redirect")
    assert "another host" in exchange.fault.detail


@pytest.mark.parametrize(
    "location",
    [
        "http://{other}\\@{own}/", "http://{other}/\\@{own}/", "http://{own}@{other}/", "http://{own}#@{other}/",
        "http://{other}?@{own}/", "http:\\\\{other}/", "/\\{other}/", "http://{other}\t@{own}/", "//{other}/",
    ],
)  # fmt: skip
def test_no_redirect_takes_our_headers_to_another_host_however_it_is_written(location):
    """Readers of addresses differ over backslashes and userinfo; the one that connects decides."""
    reached = []

    def elsewhere(connection, head, stop):
        reached.append(head)
        answers()(connection, head, stop)

    with raw_server(elsewhere) as other:

        def converse(connection, head, stop):
            own = head.partition(b"Host: ")[2].partition(b"\r\n")[0].decode()
            target = location.format(other=other.removeprefix("http://"), own=own)
            redirecting(target)(connection, head, stop)

        exchange = ask(converse)
    assert (exchange.status, exchange.fault.kind) == (302, "redirect")
    assert not reached


def test_a_redirect_that_names_the_default_port_is_on_the_same_host():
    assert _same_host("https://a.test/x", "https://a.test:443/y")
    assert not _same_host("https://a.test/x", "https://a.test:8443/y")


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_what_comes_before_the_answer_is_not_the_answer(interim):
    def converse(connection, head, stop):
        connection.sendall(f"HTTP/1.1 {interim}\r\nLink: </a>\r\n\r\n".encode() * 2)
        answers(body=b"the answer")(connection, head, stop)

    exchange = ask(converse)
    assert (exchange.status, exchange.body, exchange.fault) == (200, "the answer", None)


def test_a_redirect_loop_ends():
    exchange = ask(redirecting("/again"))
    assert exchange.fault.kind == "redirect"
    assert len(exchange.redirects) == 4


def test_a_write_is_never_redirected():
    exchange = ask(redirecting("/end"), method="POST")
    assert (exchange.status, exchange.redirects) == (302, ())


def test_the_edges_answer_is_the_edges_fault():
    html = b"<html>Application failed to respond</html>"
    exchange = ask(answers("502 Bad Gateway", html, ["x-railway-fallback: true"]))
    assert (exchange.status, exchange.fault.whose) == (502, Whose.EDGE)


@pytest.mark.parametrize(
    ("status", "body", "headers", "is_gateways"),
    [
        (502, "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.25.3</center>", [], True),
        (504, "<center><h1>504 Gateway Time-out</h1></center>\n<hr><center>openresty</center>", [], True),
        (502, "error code: 502", [], True),
        (503, "upstream connect error or disconnect/reset before headers. reset reason: x", [], True),
        (503, "<h1>503</h1>\nNo server is available to handle this request.", [], True),
        (502, "Bad Gateway", [], True),
        (503, "", ["Server: awselb/2.0"], True),
        (502, '{"detail": "the payment provider did not answer"}', [], False),
        (503, '{"status": "unhealthy"}', ["Server: nginx"], False),
        (500, "<center><h1>500 Internal Server Error</h1></center>\n<hr><center>nginx</center>", [], False),
        (200, "Bad Gateway", [], False),
    ],
)  # fmt: skip
def test_a_gateways_own_page_is_told_from_what_the_service_answers(status, body, headers, is_gateways):
    exchange = ask(answers(f"{status} X", body.encode(), headers))
    assert exchange.status == status
    assert (exchange.fault is not None) is is_gateways
    assert len(exchange.attempts) == 1 + is_gateways


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("HEAD", 2), ("POST", 1), ("DELETE", 1)])
def test_the_edges_answer_has_a_second_try_where_the_request_only_reads(method, tries):
    """On a connection of its own; and the first try is told."""
    heads, edge = [], answers("502 Bad Gateway", b"failed", ["x-railway-fallback: true"])

    def converse(connection, head, stop):
        heads.append(head)
        (edge if len(heads) == 1 else answers())(connection, head, stop)

    with raw_server(converse) as base_url:
        exchange = probe(base_url).ask(method, "/x")
    assert (len(heads), len(exchange.attempts)) == (tries, tries)
    assert exchange.attempts[0].fault.kind == "edge"
    assert (exchange.fault is None) is (tries == 2)


def test_a_connection_that_the_other_side_gave_up_is_made_anew_and_told():
    """As a server's idle limit has it; on a first connection nobody gave up anything."""
    heads, given_up = [], []

    def converse(connection, head, stop):
        while head:
            heads.append(head)
            if len(heads) in given_up:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            head = connection.recv(65536)

    with raw_server(converse) as base_url, probe(base_url).kept_alive() as gauge:
        given_up.append(2)
        found = [gauge.ask("GET", "/x") for _ in range(3)]
        assert [item.fault for item in found] == [None] * 3
        assert [[try_.fault and try_.fault.kind for try_ in item.attempts] for item in found] == [
            [None], ["closed", None], [None],
        ]  # fmt: skip
        gauge.renew()
        given_up.append(len(heads) + 1)
        assert gauge.ask("GET", "/x").fault.kind == "closed"


class SleptClock(WallClock):
    """A machine that slept so long while a request was under way, by its wall clock or by both clocks."""

    slept_s = 0.0

    def __init__(self, both):
        self._both = both

    def now(self):
        return super().now() + timedelta(seconds=self.slept_s)

    def monotonic_s(self):
        return super().monotonic_s() + (self.slept_s if self._both else 0.0)


@pytest.mark.parametrize(
    ("slept_s", "both", "kind", "whose"),
    [
        (0.0, False, "timeout", Whose.TARGET),
        (600.0, False, "stood-still", Whose.RUNNER),
        (20.0, True, "stood-still", Whose.RUNNER),
    ],
)
def test_what_does_not_come_while_this_machine_sleeps_says_nothing_of_the_service(slept_s, both, kind, whose):
    clock = SleptClock(both)

    def converse(connection, head, stop):
        clock.slept_s = slept_s
        stop.wait()

    exchange = ask(converse, timeout_s=0.2, clock=clock)
    assert (exchange.fault.kind, exchange.fault.whose) == (kind, whose)


def jwt(exp):
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256"}, {"exp": exp})
    ]
    return b".".join([*parts, b"c2ln"]).decode()


@pytest.mark.parametrize(
    ("token", "status", "body", "headers", "whose"),
    [
        (jwt(1_700_000_000), 401, "{}", [], Whose.US),
        (jwt(32_503_680_000), 401, "{}", [], None),
        # It lasts by its own word, so the service is wrong.
        (jwt(32_503_680_000), 401, '{"detail": "Token has expired"}', [], None),
        ("opaque", 401, '{"detail": "Token has expired"}', [], Whose.US),
        ("opaque", 401, "", ['WWW-Authenticate: Bearer error_description="The token expired"'], Whose.US),
        ("opaque", 401, '{"detail": "Unauthorized"}', [], None),
        ("eyJx.eyJx.x", 401, "", [], None),
        (jwt(1_700_000_000), 403, "{}", [], None),
        (jwt(1_700_000_000), 200, "{}", [], None),
    ],
)
def test_a_token_of_ours_that_has_expired_is_our_matter(token, status, body, headers, whose):
    converse = answers(f"{status} X", body.encode(), headers)
    exchange = ask(converse, headers={"Authorization": f"Bearer {token}"})
    assert exchange.status == status
    assert (exchange.fault and exchange.fault.whose) == whose


def test_every_request_bears_our_name_and_an_id_of_its_own():
    heads = []

    def converse(connection, head, stop):
        heads.append(head.decode().lower())
        answers()(connection, head, stop)

    with raw_server(converse) as base_url:
        prober = probe(base_url, window_id="w1")
        ids = {prober.ask("GET", "/x").request_id, prober.ask("GET", "/x").request_id}
    assert len(ids) == 2
    assert all("user-agent: deploy-verdict/" in head and "(window w1)" in head for head in heads)
    assert {
        line.split(": ")[1] for head in heads for line in head.splitlines() if "x-request-id" in line
    } == ids


def test_secrets_do_not_reach_the_exchange():
    converse = answers(
        body=b"token=hunter2hunter2 redis://u:p4ss@h", headers=["Set-Cookie: sid=1", "X-T: hunter2hunter2"]
    )
    exchange = ask(converse, secrets={"API_TOKEN": "hunter2hunter2"})
    assert exchange.body == "token=[redacted:API_TOKEN] redis://[redacted:userinfo]@h"
    assert exchange.headers["X-T"] == "[redacted:API_TOKEN]"
    assert exchange.headers["Set-Cookie"] == "[redacted]"


def test_the_environments_proxy_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert ask(answers()).status == 200


def test_a_kept_alive_connection_is_used_again():
    connections = []

    def converse(connection, head, stop):
        connections.append(connection)
        while head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            head = connection.recv(4096)

    with raw_server(converse) as base_url, probe(base_url).kept_alive() as kept:
        assert [kept.ask("GET", "/x").status for _ in range(5)] == [200] * 5
    assert len(connections) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 Again"])
def test_no_redirect_carries_a_write_elsewhere(method, status):
    seen = []

    def converse(connection, head, stop):
        seen.append(head.split(b"\r\n")[0])
        answers(status, headers=["Location: /spools/PROD-1"])(connection, head, stop)

    with raw_server(converse) as url:
        exchange = probe(url).ask(method, "/take", json={})
    assert seen == [f"{method} /take HTTP/1.1".encode()]
    assert (exchange.status, exchange.redirects) == (int(status[:3]), ())


def test_a_connect_that_nobody_answers_is_tried_again_and_told_as_no_connection():
    """The kernel drops what comes to a full backlog, as a firewall does."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        host, port = listening.getsockname()
        with socket.create_connection((host, port)), socket.socket() as waiting:
            waiting.setblocking(False)
            waiting.connect_ex((host, port))
            exchange = probe(f"http://{host}:{port}", 0.6).ask("GET", "/x")
    assert [attempt.fault.kind for attempt in exchange.attempts] == ["connect-timeout"] * 2
    assert exchange.fault.detail == "no connection within the time limit"


def test_a_renewed_connection_is_another_one():
    """A balancer gives each connection to one instance."""
    ports = []

    def converse(connection, head, stop):
        ports.append(connection.getpeername()[1])
        while head:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            head = connection.recv(4096)
            if head:
                ports.append(connection.getpeername()[1])

    with raw_server(converse) as base_url, probe(base_url).kept_alive() as connection:
        for renewed in (False, False, True):
            if renewed:
                connection.renew()
            assert connection.ask("GET", "/x").status == 200
    assert (ports[0] == ports[1], ports[1] == ports[2]) == (True, False)
