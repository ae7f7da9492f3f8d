"""The fuzzer's targets: four readers of untrusted text, as functions of bytes that raise only on a bug."""

import asyncio
import atexit
import functools
import json
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

from deploy_verdict.base.errors import PlanError
from deploy_verdict.model import Loaded, LogObservation
from deploy_verdict.model.window import evidence_name
from deploy_verdict.plan import read_plan
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.relay.app import build_relay
from deploy_verdict.relay.dispatcher import Dispatcher
from deploy_verdict.relay.settings import EventPlace, settings_from
from deploy_verdict.relay.store import Store
from deploy_verdict.stages.logs.counting.review import FileSource, review
from deploy_verdict.verdict.judge import judge
from deploy_verdict.window.directory.evidence_store import parse_evidence
from tests.bundles import SUBJECT, T0, bundle_of, window_of
from tests.relay.process import SECRET, settings
from tests.running import ROOT

TODAY = "2026-02-02"
VARIABLES = {"TARGET_URL": "http://127.0.0.1:1", "RAILWAY_PROJECT_ID": "p", "RAILWAY_SERVICE_ID": "s"}


def plan(data):
    """The plan loader: returns a plan, or every problem with its place and message."""
    problems = None
    try:
        found = read_plan(data, "plan.yml", VARIABLES, TODAY)
    except PlanError as error:
        problems = error.problems
    if problems is None:
        assert found.stages
        found.model_dump_json()
    else:
        assert problems
        assert all(item.line >= 1 and item.column >= 1 and item.message for item in problems)


@functools.cache
def _case():
    return read_plan((ROOT / "tests/cases/plan.yml").read_bytes(), "plan.yml", VARIABLES, TODAY)


def evidence(data):
    """The evidence loader, and the verdict on what it loaded."""
    file = parse_evidence("health.T+000.a1.json", data)
    if not isinstance(file, Loaded):
        assert file.reason
        return
    case, seen = _case(), file.evidence
    # Otherwise the evidence would not belong to the window, and nothing of it would be judged.
    of_window = {"subject": SUBJECT, "window": window_of(case), "plan_sha256": case.sha256}
    name = evidence_name(seen.stage, seen.offset_s, seen.attempt)
    bundle = bundle_of(case, Loaded(name=name, evidence=seen.model_copy(update=of_window)))
    verdict = judge(bundle, judged_at=T0 + timedelta(hours=3), tool_version="fuzz", interrupted=False)
    assert verdict.findings


def log(data):
    """The log reader: returns one observation for any file."""
    path = _folder() / "backend.log"
    path.write_bytes(data)
    seen = review(_case().logs, FileSource(path), start=T0, end=T0 + timedelta(hours=2), redact=str)
    assert isinstance(seen, LogObservation)
    seen.model_dump_json()


@functools.cache
def _folder():
    folder = tempfile.TemporaryDirectory(prefix="deploy-verdict-fuzz-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def relay(data):
    """The relay's ASGI application: the data as a body, then as a secret and in a path."""
    app = _App.get()
    status, told = app.ask(f"/hooks/{SECRET}", data)
    assert (status, told.get("state")) in {
        (200, "ignored"), (202, "accepted"), (202, "duplicate"), (400, None), (413, None)
    }  # fmt: skip
    status, _ = app.ask("/hooks", b"", [(b"x-relay-secret", data[:200].replace(b"\n", b""))])
    assert status == 404
    status, _ = app.ask("/hooks/" + data[:200].decode("utf-8", "replace"), b"{}")
    assert status in (404, 200)


class _App:
    """The relay's application with a store in memory, rebuilt every 500 requests so that it does not grow."""

    _now, _asked = None, 0

    def __init__(self):
        logging.getLogger("relay").setLevel(logging.CRITICAL)
        chosen = settings_from(settings("http://127.0.0.1:1"))
        self.store = Store(Path(":memory:"), lambda: 1.0)
        # Never started, so nothing is sent.
        dispatcher = Dispatcher(self.store, chosen, Redactor({}), lambda: None)
        kept = EventPlace(database=Path(":memory:"))
        self._app = build_relay(chosen, self.store, dispatcher, kept)
        self._loop = asyncio.new_event_loop()

    @classmethod
    def get(cls):
        cls._asked += 1
        if cls._now is None or cls._asked % 500 == 0:
            if cls._now is not None:
                cls._now.close()
            cls._now = cls()
        return cls._now

    def close(self):
        self.store.close()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def ask(self, path, body, headers=()):
        return self._loop.run_until_complete(self._ask(path, body, headers))

    async def _ask(self, path, body, headers):
        half = len(body) // 2
        pieces = [(body[:half], True), (body[half:], False)]
        sent = []

        async def receive():
            piece, more = pieces.pop(0) if pieces else (b"", False)
            return {"type": "http.request", "body": piece, "more_body": more}

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "raw_path": b"/", "query_string": b"",
                 "headers": list(headers), "scheme": "http", "http_version": "1.1", "root_path": "",
                 "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}  # fmt: skip
        await self._app(scope, receive, send)
        text = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], json.loads(text) if text.startswith(b"{") else {}


TARGETS = {"plan": plan, "evidence": evidence, "log": log, "relay": relay}
