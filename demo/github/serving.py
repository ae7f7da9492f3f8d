"""Serves the demo's GitHub on a loopback port: the API, and the issues as pages for people."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from demo.github.artifacts import ARCHIVES, archive
from demo.github.calls import Answer, Call, not_found, refused
from demo.github.description import Operation, operation
from demo.github.hub import REPOSITORY, Hub
from demo.github.misbehaving import carried_out, refusal, unheard
from demo.github.page import issue_page
from demo.github.repository import LIMIT, used
from demo.github.routes import answer
from demo.http_handler import Handler

__all__ = ["REPOSITORY", "TOKEN", "github"]
TOKEN = "demo-github-token"  # noqa: S105  # opens nothing but this demo
POLL_S = 0.02


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.hub, self.guard, self.stopping = hub, threading.Lock(), threading.Event()


class _Handler(Handler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Buffered, so that each answer is one packet.
    wbufsize = -1

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        for_people = self._for_people(url.path) if self.command == "GET" else None
        if for_people is not None:
            self._send(200, *for_people, {})
            return
        self.server.stopping.wait(self.server.hub.switches.slow_s)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        with self.server.guard:
            given = self._answered(url.path, query, raw)
            headers = _headers(self.server.hub, given, url.path, query)
        if given.html is not None:
            self._send(given.status, "text/html; charset=utf-8", given.html.encode(), {})
            return
        data = b"" if given.body is None else json.dumps(given.body).encode()
        self._send(given.status, "application/json; charset=utf-8", data, headers)

    def _for_people(self, path: str) -> tuple[str, bytes] | None:
        """Return a page or an artifact's archive, which are not the API; None for any other path."""
        hub, number = self.server.hub, path.rpartition("/")[2]
        with self.server.guard:
            if path == f"{ARCHIVES}{number}":
                data = archive(hub, number)
                return ("application/zip", data) if data is not None else None
            if path == f"/{hub.repository}/issues/{number}" and number.isdecimal():
                found = int(number) in hub.issues
                return (
                    ("text/html; charset=utf-8", issue_page(hub, int(number), draws=True).encode())
                    if found
                    else None
                )
        return None

    def _answered(self, path: str, query: dict[str, str], raw: bytes) -> Answer:
        hub, found = self.server.hub, operation(self.command, path)
        hub.requests.append((self.command, path))
        given = unheard(hub)
        if given is not None:
            return given
        if found is None:
            hub.mistakes.append(f"{self.command} {path}: no such operation")
            return not_found()
        if self.headers.get("Authorization") not in (f"Bearer {TOKEN}", f"token {TOKEN}"):
            return refused(401, "Bad credentials")
        if not _is_here(hub, found):
            return not_found()
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            hub.mistakes.append(f"{self.command} {path}: a body that is no JSON")
            return refused(400, "Problems parsing JSON")
        if found.template.endswith("/labels") and isinstance(body, list):
            # "You can also pass an array of labels directly": only the description's text says so.
            body = {"labels": body}
        api, web = f"{hub.base_url}/repos/{hub.repository}", f"{hub.base_url}/{hub.repository}"
        return _checked(hub, Call(operation=found, query=query, body=body, api=api, web=web))

    def _send(self, status: int, kind: str, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _handle  # noqa: N815  # the library's names


def _is_here(hub: Hub, found: Operation) -> bool:
    names = [found.parameters[name] for name in ("owner", "repo") if name in found.parameters]
    return not names or "/".join(names).lower() == hub.repository.lower()


def _checked(hub: Hub, call: Call) -> Answer:
    """Answer a request if it and its answer match GitHub's description."""
    mistakes = [*call.operation.query_mistakes(call.query), *call.operation.mistakes(call.body)]
    hub.mistakes += [f"{call.name}: {mistake}" for mistake in mistakes]
    if mistakes:
        return refused(422, "Validation Failed")
    given = refusal(hub, call) or answer(hub, call)
    try:
        call.operation.check_answer(given.status, given.body)
    except ValueError as error:
        hub.mistakes.append(f"our own answer is not GitHub's: {error}")
        return refused(500, "Server Error")
    return carried_out(hub, call, given)


def _headers(hub: Hub, given: Answer, path: str, query: Mapping[str, str]) -> Mapping[str, str]:
    left = {"X-RateLimit-Limit": str(LIMIT), "X-RateLimit-Remaining": str(LIMIT - used(hub))}
    left |= {"X-RateLimit-Reset": str(int(time.time()) + 3600), "X-RateLimit-Used": str(used(hub))}
    links = {}
    if given.last_page is not None:
        page = int(query.get("page", 1))
        further = {"next": page + 1, "last": given.last_page} if page < given.last_page else {}
        earlier = {"prev": page - 1, "first": 1} if page > 1 else {}
        links = earlier | further
    told = ", ".join(
        f'<{hub.base_url}{path}?{urlencode({**query, "page": number})}>; rel="{relation}"'
        for relation, number in links.items()
    )
    return {**left, **({"Link": told} if told else {}), **given.headers}


@contextmanager
def github(hub: Hub, port: int = 0) -> Iterator[str]:
    """Serve until the context ends; yield the API's address. Port 0 takes a free one."""
    server = _Server(hub, port)
    hub.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    try:
        yield hub.base_url
    finally:
        # First, so that a slow answer stops waiting.
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()
