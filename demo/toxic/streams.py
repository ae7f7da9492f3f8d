"""Answers that arrive incomplete, late, or not at all."""

import socket
import struct
from collections.abc import Callable

from demo.toxic.wishes import Wish

BIG_BYTES = 300 * 1024 * 1024
EVERY_S = 0.05
BLOCK = b" " * (256 * 1024)
FAR_AHEAD_S = 99_999_999
LINGER_NOT = struct.pack("ii", 1, 0)


def as_it_is(wish: Wish) -> None:
    good = wish.good()
    wish.answer(f"{good.status} OK", good.body, *good.lines)


def http_1_0(wish: Wish) -> None:
    """Send no length: the answer ends where the connection does."""
    good = wish.good()
    wish.send(good.head.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"\r\n" + good.body)


def no_answer(wish: Wish) -> None:
    wish.stop.wait()


def closed(wish: Wish) -> None:
    return


def not_http(wish: Wish) -> None:
    wish.send(b"SSH-2.0-OpenSSH_9.6\r\n")


def reset_in_body(wish: Wish) -> None:
    good = wish.good()
    wish.send(good.head + b"Content-Length: 100000\r\n\r\n" + good.body)
    wish.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)


def drip_headers(wish: Wish) -> None:
    wish.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(wish)


def drip_body(wish: Wish) -> None:
    wish.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    _drip(wish)


def _drip(wish: Wish) -> None:
    """Send a byte at a time, each well before any time limit on silence."""
    while not wish.stop.wait(EVERY_S):
        wish.send(b" ")


def no_end(wish: Wish) -> None:
    """Send the complete document, and then neither a length nor an end."""
    good = wish.good()
    wish.send(good.head + b"\r\n" + good.body)
    wish.stop.wait()


def endless(wish: Wish) -> None:
    """Send without end, as fast as possible."""
    wish.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
    while not wish.stop.is_set():
        wish.send(BLOCK)


def big(wish: Wish) -> None:
    wish.send(f"HTTP/1.1 200 OK\r\nContent-Length: {BIG_BYTES}\r\n\r\n".encode())
    for _ in range(BIG_BYTES // len(BLOCK)):
        wish.send(BLOCK)


def length_too_long(wish: Wish) -> None:
    good = wish.good()
    wish.answer(f"{good.status} OK", good.body, *good.lines, length=len(good.body) + 1)


def length_too_short(wish: Wish) -> None:
    good = wish.good()
    wish.answer(f"{good.status} OK", good.body, *good.lines, length=len(good.body) - 1)


def bad_chunks(wish: Wish) -> None:
    good = wish.good()
    wish.send(good.head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + good.body + b"\r\n0\r\n\r\n")


def redirect_loop(wish: Wish) -> None:
    wish.answer("302 Found", b"", f"Location: {wish.path}")


def moved_loop(wish: Wish) -> None:
    """Redirect to a full address, as GitHub does, and to another one each time."""
    wish.answer("301 Moved Permanently", b"", f"Location: {wish.base_url}/x{wish.path}")


def redirect_to(address: str | None = None) -> Callable[[Wish], None]:
    """Redirect to an address, or to the server's trap, which no client may request."""

    def behave(wish: Wish) -> None:
        wish.answer("301 Moved Permanently", b"", f"Location: {address or wish.elsewhere}")

    return behave


def refused_with(status: str, body: bytes, *headers: str) -> Callable[[Wish], None]:
    """Send a fixed answer that is not the upstream's."""

    def behave(wish: Wish) -> None:
        wish.answer(status, body, *headers)

    return behave


def accepted(wish: Wish) -> None:
    """Put the client off with a 202, again and again."""
    wish.answer("202 Accepted", b"{}", "Content-Type: application/json")
