"""A client's request, and the upstream's good answer to it; the building blocks of the behaviours."""

import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DROPPED = {"content-length", "transfer-encoding", "connection", "date", "server", "keep-alive"}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One request on its connection. `stop` is set when the server ends, which ends every wait."""

    connection: socket.socket
    head: bytes
    body: bytes
    upstream: str
    base_url: str
    elsewhere: str
    stop: threading.Event

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode("latin-1")

    def good(self) -> "Good":
        """Return the upstream's answer, with its address replaced by ours."""
        url = urlsplit(self.upstream)
        behind = http.client.HTTPConnection(url.netloc, timeout=10)
        method, _, rest = self.head.decode("latin-1").partition(" ")
        lines = [line.partition(": ") for line in rest.split("\r\n")[1:] if line]
        headers = {name: value for name, _, value in lines if name.lower() not in ("host", "accept-encoding")}
        try:
            behind.request(method, url.path + self.path, body=self.body or None, headers=headers)
            answer = behind.getresponse()
            here = f"{url.scheme}://{url.netloc}".encode()
            body = answer.read().replace(here, self.base_url.encode())
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in DROPPED]
            return Good(status=answer.status, headers=tuple(kept), body=body)
        finally:
            behind.close()

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(
        self,
        status: str = "200 OK",
        body: bytes = b"",
        *headers: str,
        length: int | None = None,
        version: str = "1.1",
    ) -> None:
        """Send one complete answer; `length` is its claimed length."""
        told = [f"HTTP/{version} {status}", f"Content-Length: {len(body) if length is None else length}"]
        self.send("\r\n".join([*told, "Connection: close", *headers]).encode("latin-1") + b"\r\n\r\n" + body)


@dataclass(frozen=True, kw_only=True)
class Good:
    """A complete answer of the upstream."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def lines(self) -> list[str]:
        return [f"{name}: {value}" for name, value in self.headers]

    @property
    def head(self) -> bytes:
        """Status and headers, without any that says where the body ends."""
        return "\r\n".join([f"HTTP/1.1 {self.status} OK", *self.lines]).encode("latin-1") + b"\r\n"

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON, always an object: a list is wrapped under a name."""
        found = json.loads(self.body or b"{}")
        return found if isinstance(found, dict) else {"items": found}
