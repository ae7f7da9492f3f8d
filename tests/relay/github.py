"""A GitHub that takes dispatches and lists runs, over a real socket, with answers that a test sets."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

DISPATCH = "/repos/example/zeues/dispatches"
RUNS = "/repos/example/zeues/actions/runs"
TOKEN = "github-token-of-the-tests"


class GitHub(ThreadingHTTPServer):
    """`dispatched` are the payloads that were taken; `on_dispatch` may answer otherwise, or never."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dispatched, self.asked, self.mistakes = [], Queue(), []
        self.answers = []
        self.run_names = []
        self.runs_status = 200

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def deployments(self):
        return [payload["client_payload"]["deployment"] for payload in self.dispatched]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._check(body)
        status, headers, take = self.server.answers.pop(0) if self.server.answers else (204, {}, True)
        if take:
            self.server.dispatched.append(body)
            self.server.run_names.append(f"verify {body['client_payload']['deployment']}")
        self.server.asked.put(("POST", status))
        if status is None:
            self.close_connection = True
            return
        self._answer(status, headers, b"" if status == 204 else b'{"message": "told"}')

    def do_GET(self):
        self.server.asked.put(("GET", self.server.runs_status))
        runs = [
            {"id": n, "name": "verify", "display_title": title}
            for n, title in enumerate(self.server.run_names)
        ]
        body = json.dumps({"total_count": len(runs), "workflow_runs": runs}).encode()
        self._answer(self.server.runs_status, {}, body)

    def _check(self, body):
        """As the description of repos/create-dispatch-event says."""
        payload = body.get("client_payload", {})
        good = (
            self.path == DISPATCH
            and self.headers["Authorization"] == f"Bearer {TOKEN}"
            and set(body) <= {"event_type", "client_payload"}
            and isinstance(body.get("event_type"), str)
            and 0 < len(body["event_type"]) <= 100
            and len(payload) <= 10
        )
        if not good:
            self.server.mistakes.append((self.path, body))

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def github():
    server = GitHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
