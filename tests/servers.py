"""Real servers on real sockets that misbehave on purpose."""

import json
import socket
import threading
from contextlib import contextmanager, nullcontext
from http.server import ThreadingHTTPServer

from demo.http_handler import Handler


@contextmanager
def raw_server(converse):
    """A server that reads a request's head, then calls `converse(socket, head, stop)`."""
    listening = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection):
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = connection.recv(4096)
                    if not data:
                        return
                    head += data
                converse(connection, head, stop)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stop.set()
        # A blocked accept returns only when somebody connects.
        with socket.create_connection(listening.getsockname()):
            pass
        thread.join()
        listening.close()


def answers(status="200 OK", body=b"{}", headers=()):
    """A `converse` that sends one complete answer."""

    def converse(connection, head, stop):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return converse


class _Service(ThreadingHTTPServer):
    def __init__(self, respond):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond, self.seen = respond, []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(Handler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.seen.append((self.command, self.path, body))
        status, value = self.server.respond(self.command, self.path, body)
        data = (value if isinstance(value, str) else json.dumps(value)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer  # noqa: N815  # the library's names


@contextmanager
def served(server):
    """Run a server of the standard library in a thread until the block ends."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def json_service(respond):
    """A service that answers with `respond(method, path, body)`: status and JSON; `seen` lists requests."""
    return served(_Service(respond))


class Spools:
    """TOMAR and PAUSAR of a spool; without its lock, concurrent requests can all take it.

    `meet` is a barrier in the middle of TOMAR, which makes the race certain instead of likely.
    """

    def __init__(self, *, locked=True, meet=None):
        self.holder = None
        self.failing = {}
        self._lock = threading.Lock() if locked else nullcontext()
        self._meet = meet

    def __call__(self, method, path, body):
        if path in self.failing:
            return self.failing[path], {"detail": "broken on purpose"}
        if path == "/workers":
            return 200, {"workers": [{"id": 1, "on": True}, {"id": 2, "on": False}, {"id": 3, "on": True}]}
        if path == "/take":
            return self._take(body["worker"])
        if path == "/leave":
            return self._leave(body["worker"])
        return 404, {"detail": "no route"}

    def _take(self, worker):
        if self._meet is not None:
            self._meet.wait()
        with self._lock:
            taken = self.holder is not None
            if self._meet is not None and isinstance(self._lock, nullcontext):
                self._meet.wait()
            if taken:
                return 409, {"detail": f"held by {self.holder}"}
            self.holder = worker
            return 200, {"ok": True}

    def _leave(self, worker):
        if self.holder != worker:
            return 400, {"detail": "not yours"}
        self.holder = None
        return 200, {"ok": True}
