"""A GitHub that takes dispatches and lists runs, over a real socket, with answers that a test sets."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import jsonschema

from demo.http_handler import Handler

DISPATCH = "/repos/example/zeues/dispatches"
RUNS = "/repos/example/zeues/actions/runs"
TOKEN = "github-token-of-the-tests"
SCHEMA = json.loads((Path(__file__).parent / "dispatch.schema.json").read_text())


class GitHub(ThreadingHTTPServer):
    """`dispatched` lists the bodies taken; `answers` holds (status, headers, take) of the next answers.

    A status of None closes the connection without an answer; while `free` is cleared, every answer waits.
    """

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.dispatched, self.asked, self.mistakes = [], Queue(), []
        self.answers = []
        self.runs = []
        self.runs_status = 200
        self.free = threading.Event()
        self.free.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def deployments(self):
        return [body["client_payload"]["deployment"] for body in self.dispatched]

    def add_run(self, title, at=None):
        at = at or datetime.now(UTC)
        self.runs.insert(
            0, {"name": "verify", "display_title": title, "created_at": at, "event": "repository_dispatch"}
        )


class _Handler(Handler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._check(body)
        status, headers, take = self.server.answers.pop(0) if self.server.answers else (204, {}, True)
        if take:
            self.server.dispatched.append(body)
            self.server.add_run(f"Verify {body['client_payload']['deployment']}")
        self.server.asked.put(("POST", status))
        self.server.free.wait(60)
        if status is None:
            self.close_connection = True
            return
        self._answer(status, headers, b"" if status == 204 else b'{"message": "told"}')

    def do_GET(self):
        """List the runs newest first, filtered and paged as GitHub does; created is `>=TIME`."""
        self.server.asked.put(("GET", self.server.runs_status))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        created = query["created"]
        if parts.path != RUNS or not created.startswith(">=") or not self._is_ours():
            self.server.mistakes.append(self.path)
        since = datetime.fromisoformat(created.removeprefix(">="))
        size, page = int(query["per_page"]), int(query["page"])
        found = [
            run for run in self.server.runs if run["event"] == query["event"] and run["created_at"] >= since
        ]
        runs = [
            {**run, "created_at": run["created_at"].isoformat()}
            for run in found[(page - 1) * size : page * size]
        ]
        body = json.dumps({"total_count": len(found), "workflow_runs": runs}).encode()
        self._answer(self.server.runs_status, {}, body)

    def _is_ours(self):
        return (
            self.headers["Authorization"] == f"Bearer {TOKEN}"
            and "deploy-verdict" in self.headers["User-Agent"]
        )

    def _check(self, body):
        errors = [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(body)]
        if errors or self.path != DISPATCH or not self._is_ours():
            self.server.mistakes.append((self.path, body, errors))

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Quiet(GitHub):
    def handle_error(self, request, client_address):
        """Ignore a broken connection: a test may have killed the relay."""


@contextmanager
def github(port=0):
    server = _Quiet(port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
        assert server.mistakes == []
    finally:
        server.free.set()
        server.shutdown()
        thread.join()
        server.server_close()
