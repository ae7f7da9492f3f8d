"""Sending accepted events to GitHub, each once, across restarts and outages.

An event is marked "sending" before it is sent and "sent" once GitHub has answered 204. One that is found
"sending" was interrupted, and GitHub may have it: its runs are asked for the deployment's id, which
the workflow carries in its run-name, and only when none shows up within the grace is it sent again.
"""

import json
import logging
import random
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from deploy_verdict import __version__
from deploy_verdict.clock import WallClock
from deploy_verdict.faults import is_connect_failure
from deploy_verdict.model import Exchange
from deploy_verdict.probe import Probe
from deploy_verdict.redact import Redactor
from deploy_verdict.relay.settings import Settings
from deploy_verdict.relay.store import Event, Store

LOG = logging.getLogger("relay")
LONGEST_PAUSE_S, PARKED_S, LONGEST_RETRY_AFTER_S = 300.0, 900.0, 3600.0
DATABASE_PAUSE_S = 5.0
_FOR_GOOD = (401, 404, 422)
_MAX_ANSWER = 4 * 1024 * 1024


class Dispatcher(threading.Thread):
    """Works through the store until stopped; `wake` it when something new was accepted."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._store, self._settings = store, settings
        self._redact = Redactor({"RELAY_GITHUB_TOKEN": settings.token, "RELAY_SECRET": settings.secret})
        self._probe = Probe(
            base_url=settings.api_url,
            timeout_s=20.0,
            max_body_bytes=_MAX_ANSWER,
            clock=WallClock(),
            redactor=self._redact,
            headers={
                "User-Agent": f"deploy-verdict-relay/{__version__}",
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {settings.token}",
            },
        )
        self._wake, self._ending = threading.Event(), threading.Event()

    def wake(self) -> None:
        """Look at the store now."""
        self._wake.set()

    def end(self) -> None:
        """Finish the request under way and stop."""
        self._ending.set()
        self._wake.set()
        self.join(30.0)

    def run(self) -> None:
        self._try(self._store.hurry)
        while not self._ending.is_set():
            self._try(self._step)

    def _try(self, work: Callable[[], None]) -> None:
        """A full disk must not end the thread: the events are there, and are tried again."""
        try:
            work()
        except sqlite3.Error as error:
            LOG.error("the database: %s", error)
            self._ending.wait(DATABASE_PAUSE_S)

    def _step(self) -> None:
        event = self._store.due()
        if event is None:
            self._rest()
        elif event.state == "sending":
            self._settle(event)
        else:
            self._send(event)

    def _rest(self) -> None:
        next_at = self._store.next_at()
        pause_s = 60.0 if next_at is None else next_at - datetime.now(UTC).timestamp()
        self._wake.wait(min(60.0, max(0.01, pause_s)))
        self._wake.clear()

    def _send(self, event: Event) -> None:
        self._store.mark(event.deployment, "sending")
        body = {"event_type": self._settings.event_type, "client_payload": event.payload}
        answer = self._probe.ask("POST", f"/repos/{self._settings.repository}/dispatches", json=body)
        if answer.status == 204:
            self._store.mark(event.deployment, "sent")
            LOG.info("dispatched deployment %s", event.deployment)
            return
        told = _told(answer)
        if (answer.status is None and not _unsent(answer)) or (answer.status or 0) >= 500:
            # It may have arrived: the next look asks GitHub first.
            self._store.later(event.deployment, self._pause_s(event, answer), told)
        elif answer.status in _FOR_GOOD or (answer.status == 403 and not _is_rate_limit(answer)):
            self._store.mark(event.deployment, "parked", again_in_s=PARKED_S, reason=told)
        else:
            pause_s = self._pause_s(event, answer)
            self._store.mark(event.deployment, "waiting", again_in_s=pause_s, reason=told)
        LOG.warning("deployment %s is not dispatched yet: %s", event.deployment, told)

    def _settle(self, event: Event) -> None:
        """Whether GitHub has it, as far as its list of runs can tell."""
        sending_at = event.sending_at or event.next_at
        seen = self._has_run(event, sending_at)
        if seen is True:
            self._store.mark(event.deployment, "sent")
            LOG.info("deployment %s had been dispatched", event.deployment)
            return
        age_s = datetime.now(UTC).timestamp() - sending_at
        if seen is False and age_s >= self._settings.grace_s:
            self._store.mark(event.deployment, "waiting", reason="no run of it was found")
            return
        told = "looking for its run" if seen is False else "GitHub's list of runs cannot be read"
        self._store.later(event.deployment, max(0.2, min(self._settings.grace_s / 4, 30.0)), told)

    def _has_run(self, event: Event, since: float) -> bool | None:
        """None when the list cannot be read."""
        created = datetime.fromtimestamp(since - 120, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = f"/repos/{self._settings.repository}/actions/runs?event=repository_dispatch&per_page=100"
        answer = self._probe.ask("GET", f"{path}&created=%3E%3D{created}")
        runs = _runs(answer)
        if runs is None:
            return None
        return any(event.deployment in f"{run.get('display_title')} {run.get('name')}" for run in runs)

    def _pause_s(self, event: Event, answer: Exchange) -> float:
        pause_s = min(LONGEST_PAUSE_S, self._settings.first_pause_s * float(2 ** min(event.tries, 12)))
        pause_s *= random.uniform(0.5, 1.0)  # noqa: S311  # jitter
        return max(pause_s, min(_retry_after_s(answer), LONGEST_RETRY_AFTER_S))


def _runs(answer: Exchange) -> list[dict[str, Any]] | None:
    if answer.status != 200 or answer.fault is not None or answer.body_truncated:
        return None
    try:
        runs = json.loads(answer.body or "").get("workflow_runs")
    except (ValueError, RecursionError, AttributeError):
        return None
    return runs if isinstance(runs, list) and all(isinstance(run, dict) for run in runs) else None


def _unsent(answer: Exchange) -> bool:
    return answer.fault is not None and (
        is_connect_failure(answer.fault) or answer.fault.kind in ("tls", "request")
    )


def _headers(answer: Exchange) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _is_rate_limit(answer: Exchange) -> bool:
    headers = _headers(answer)
    body = (answer.body or "").lower()
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in body


def _retry_after_s(answer: Exchange) -> float:
    try:
        return max(0.0, float(_headers(answer).get("retry-after", "0")))
    except ValueError:
        return 60.0


def _told(answer: Exchange) -> str:
    if answer.fault is not None and answer.status is None:
        return f"GitHub: {answer.fault.detail}"
    return f"GitHub answered HTTP {answer.status}: {' '.join((answer.body or '').split())[:160]}"
