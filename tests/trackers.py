"""Error trackers on real sockets: Sentry and Datadog after their API descriptions, and Prometheus itself."""

import json
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from datetime import datetime
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from demo.http_handler import Handler
from tests.databases import free_port, needed
from tests.servers import served

TOKEN = "a-tracker-token-of-tests"
COMMIT = "f0ec7b5" * 5 + "f0ec7"


class Tracker(ThreadingHTTPServer):
    """`answers(handler, path, query, body)` gives status, JSON, headers; `refusing` are sent first."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.refusing, self.asked = answers, [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(Handler):
    def answer(self):
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.server.asked.append((self.command, parts.path, query, body))
        if self.server.refusing:
            status, value, headers = self.server.refusing.pop(0)
        else:
            status, value, headers = self.server.answers(self, parts.path, query, body)
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer  # noqa: N815  # the library's names


def tracker(answers):
    return served(Tracker(answers))


def sentry(*, release=COMMIT, issues=(), errors=0):
    """Releases, issues and events of one organization; with `errors` None the events have no such field."""
    link = '<http://x/?cursor=1>; rel="next"; results="{}"; cursor="0:100:0"'

    def answers(handler, path, query, body):
        if handler.headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, {"detail": "Invalid token"}, {}
        rest = path.removeprefix("/api/0/organizations/ORG/")
        if rest == f"releases/{release}/":
            return 200, {"version": release, "newGroups": len(issues), "dateReleased": None}, {}
        for moment in ("start", "end"):
            if moment in query:
                datetime.fromisoformat(query[moment])
        if rest == "issues/":
            limit = int(query["limit"])
            shown = [{"id": str(i), "title": title, "count": "3"} for i, title in enumerate(issues[:limit])]
            return 200, shown, {"Link": link.format("true" if len(issues) > limit else "false")}
        if rest == "events/" and query["field"] == "count()":
            return 200, {"data": [] if errors is None else [{"count()": errors}], "meta": {"fields": {}}}, {}
        return 404, {"detail": "The requested resource does not exist"}, {}

    return answers


def datadog(*, hits, errors):
    """A scalar query of two metrics and a formula; no data is None, and 0 hits give no column."""

    def answers(handler, path, query, body):
        keys = (handler.headers["DD-API-KEY"], handler.headers["DD-APPLICATION-KEY"])
        if keys != (TOKEN, TOKEN):
            return 403, {"errors": ["Forbidden"]}, {}
        asked = body["data"]["attributes"]
        if path != "/api/v2/query/scalar" or not all(type(asked[key]) is int for key in ("from", "to")):
            return 400, {"errors": ["Invalid request"]}, {}
        formula = asked["formulas"][0]["formula"]
        counted = {one["name"]: hits if ".hits{" in one["query"] else errors for one in asked["queries"]}
        value = None
        with suppress(TypeError, ZeroDivisionError):
            value = eval(formula, {"default_zero": lambda number: number or 0}, counted)
        column = {"name": formula, "type": "number", "values": [value], "meta": {}}
        attributes = {"columns": [column] if hits != 0 else []}
        return 200, {"data": {"type": "scalar_response", "attributes": attributes}}, {}

    return answers


@contextmanager
def prometheus(folder, samples=""):
    """A Prometheus that holds the samples of an OpenMetrics text; yields the URL of its API."""
    program, tool = needed("prometheus"), needed("promtool")
    data, port = folder / "data", free_port()
    (folder / "prometheus.yml").write_text("global: {}\n")
    if samples:
        (folder / "samples.om").write_text(samples)
        made = [tool, "tsdb", "create-blocks-from", "openmetrics", "samples.om", "data"]
        subprocess.run(made, cwd=folder, check=True, capture_output=True)
    listening = f"--web.listen-address=127.0.0.1:{port}"
    flags = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={data}", listening]
    with subprocess.Popen(
        [program, *flags], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _until_ready(f"http://127.0.0.1:{port}/-/ready", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _until_ready(url, process):
    deadline = time.monotonic() + 30
    while True:
        assert process.poll() is None, "Prometheus ended before it answered"
        try:
            with urllib.request.urlopen(url) as answer:
                if answer.status == 200:
                    return
        except OSError:
            assert time.monotonic() < deadline, "Prometheus does not answer"
            time.sleep(0.05)
