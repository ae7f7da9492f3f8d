"""The demo's GitHub on a loopback port."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from demo.github.description import operation
from demo.github.hub import Hub

REPOSITORY = "example/zeues"
TOKEN = "demo-github-token"  # noqa: S105  # opens nothing but this demo


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub, self.guard = hub, threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        body = json.loads(raw) if raw else None
        url = urlsplit(self.path)
        with self.server.guard:
            status, answer, more = self._answered(url.path, dict(parse_qsl(url.query)), body)
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if more:
            query = {**dict(parse_qsl(url.query))}
            page = int(query.get("page", 1)) + 1
            rest = "&".join(f"{name}={value}" for name, value in {**query, "page": page}.items())
            host = f"http://127.0.0.1:{self.server.server_address[1]}"
            self.send_header("Link", f'<{host}{url.path}?{rest}>; rel="next"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answered(self, path: str, query: dict[str, str], body: object) -> tuple[int, object, bool]:
        hub, found = self.server.hub, operation(self.command, path)
        if found is None:
            hub.mistakes.append(f"{self.command} {path}: no such operation")
            return 404, {"message": "Not Found"}, False
        if TOKEN not in (self.headers.get("Authorization") or ""):
            return 401, {"message": "Bad credentials"}, False
        if found.template.endswith("/labels") and isinstance(body, list):
            # "You can also pass an array of labels directly": the description says so in words only.
            body = {"labels": body}
        mistakes = found.mistakes(body)
        if mistakes:
            hub.mistakes.append(f"{self.command} {path}: {mistakes}")
            return 422, {"message": "Validation Failed"}, False
        status, answer, more = hub.answer(found, query, body)
        if status < 300:
            found.check_answer(status, answer)
        return status, answer, more

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _handle  # noqa: N815  # the library's names

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the library's name
        return


@contextmanager
def github(hub: Hub) -> Iterator[str]:
    """Serve until the context ends; yields the API's address."""
    server = _Server(hub)
    hub.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub.base_url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
