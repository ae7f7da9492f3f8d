"""Sends accepted events to GitHub, each once, across restarts and outages.

An event is marked "sending" before it is sent and "sent" once GitHub has answered 204. An event still
"sending" was interrupted, and GitHub may have it: the relay searches GitHub's runs for the deployment's id,
which the workflow has in its run-name, and sends again only when none shows up within the grace period.
"""

import json
import logging
import re
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from deploy_verdict import __version__
from deploy_verdict.base.clock import WallClock
from deploy_verdict.http.faults import is_connect_failure
from deploy_verdict.http.probe import Probe
from deploy_verdict.http.retry import Backoff, is_limit_spent, lowered, requested_pause_s
from deploy_verdict.model import Exchange
from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.relay.settings import RelaySettings
from deploy_verdict.relay.store import Event, Store

LOG = logging.getLogger("relay")
LONGEST_PAUSE_S, PARKED_S = 300.0, 900.0
TROUBLE_PAUSE_S = 5.0
# GitHub returns at most a thousand runs of a filtered list.
MAX_PAGES = 10
# The relay's clock and GitHub's may differ.
CLOCKS_DIFFER_S = 600.0
_MAX_ANSWER = 4 * 1024 * 1024


class Dispatcher(threading.Thread):
    """Works through the store until `end`; calls `on_death` if it stops before that."""

    def __init__(
        self, store: Store, settings: RelaySettings, redactor: Redactor, on_death: Callable[[], None]
    ) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._store, self._settings, self._redactor = store, settings, redactor
        self._on_death = on_death
        self._backoff = Backoff(first_s=settings.first_pause_s, longest_s=LONGEST_PAUSE_S, jitter=0.5)
        self._probe = Probe(
            base_url=settings.api_url,
            timeout_s=20.0,
            max_body_bytes=_MAX_ANSWER,
            clock=WallClock(),
            redactor=redactor,
            headers={
                "User-Agent": f"deploy-verdict-relay/{__version__}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Authorization": f"Bearer {settings.token}",
            },
        )
        self._wake, self._ending = threading.Event(), threading.Event()

    def wake(self) -> None:
        """Check the store now."""
        self._wake.set()

    def end(self) -> None:
        """Finish the request in flight and stop."""
        self._ending.set()
        self._wake.set()
        self.join(30.0)

    def run(self) -> None:
        try:
            self._try(self._store.hurry)
            while not self._ending.is_set():
                self._try(self._step)
        finally:
            if not self._ending.is_set():
                self._on_death()

    def _try(self, work: Callable[[], None]) -> None:
        """Run `work`; a full disk must not end this thread, as the events stay and are retried."""
        try:
            work()
        except (sqlite3.Error, OSError, RuntimeError) as error:
            LOG.error("dispatcher error, retrying: %s", error)
            self._ending.wait(TROUBLE_PAUSE_S)

    def _step(self) -> None:
        event = self._store.due()
        if event is None:
            self._wait()
        elif event.state == "sending":
            self._resolve(event)
        else:
            self._send(event)

    def _wait(self) -> None:
        next_at = self._store.next_at()
        pause_s = 60.0 if next_at is None else next_at - self._store.now()
        self._wake.wait(min(60.0, max(0.01, pause_s)))
        self._wake.clear()

    def _send(self, event: Event) -> None:
        self._store.mark(event.name, "sending")
        body = {"event_type": self._settings.event_type, "client_payload": event.payload}
        answer = self._probe.ask("POST", f"/repos/{self._settings.repository}/dispatches", json=body)
        meaning = meaning_of(answer)
        if meaning == "accepted":
            self._store.mark(event.name, "sent")
            LOG.info("dispatched deployment %s", event.name)
            return
        reason = self._redactor.text(_summary_of(answer))
        pause_s = self._pause_s(event.tries, answer)
        if meaning == "refused":
            self._store.mark(event.name, "parked", again_in_s=PARKED_S, reason=reason)
        elif meaning == "not yet":
            self._store.mark(event.name, "waiting", again_in_s=pause_s, reason=reason)
        else:
            # It may have arrived: the next step checks GitHub first.
            self._store.later(event.name, pause_s, reason)
        LOG.warning("deployment %s not dispatched (%s): %s", event.name, meaning, reason)

    def _resolve(self, event: Event) -> None:
        """Find out from GitHub's list of runs whether an interrupted dispatch arrived."""
        sending_at = event.sending_at or event.next_at
        was_past_grace = self._store.now() - sending_at >= self._settings.grace_s
        is_there, answer = self._find_run(event, sending_at)
        if is_there is None:
            reason = self._redactor.text(
                f"cannot tell whether it arrived, because its runs cannot be read: {_summary_of(answer)}"
            )
            self._store.later(event.name, self._pause_s(event.tries + 4, answer), reason)
            LOG.warning("deployment %s: %s", event.deployment, reason)
        elif is_there:
            self._store.mark(event.name, "sent")
            LOG.info("deployment %s was already dispatched", event.name)
        elif was_past_grace:
            self._store.mark(event.name, "waiting", reason="no run of it found")
        else:
            pause_s = max(0.2, min(self._settings.grace_s / 4, 30.0))
            self._store.later(event.name, pause_s, "it may have arrived: searching for its run")

    def _find_run(self, event: Event, since: float) -> tuple[bool | None, Exchange]:
        """Return whether a run names the deployment (None when unknown), and the last answer.

        A deployment that went live and soon crashed has a run for each event; runs of its other events do not
        count.
        """
        since -= CLOCKS_DIFFER_S
        created = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found, others = 0, self._store.others_sent(event, since)
        path = f"/repos/{self._settings.repository}/actions/runs?event=repository_dispatch"
        path += f"&created=%3E%3D{created}&exclude_pull_requests=true&per_page={RUNS_A_PAGE}"
        for page in range(1, MAX_PAGES + 1):
            answer = self._probe.ask("GET", f"{path}&page={page}")
            runs = runs_of(answer)
            if runs is None:
                return None, answer
            found += sum(names(title, event.deployment) for title in runs.titles)
            if found > others:
                return True, answer
            if runs.is_last:
                return False, answer
        return None, answer

    def _pause_s(self, tries: int, answer: Exchange) -> float:
        requested_s = pause_requested_s(answer, self._store.now())
        return self._backoff.pause_s(tries + 1, requested_s)


Meaning = Literal["accepted", "refused", "not yet", "unclear"]
LONGEST_RETRY_AFTER_S = 3600.0
# For a Retry-After that is not a number, and for a limit without a reset time.
UNREADABLE_PAUSE_S = 60.0
RUNS_A_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class RunTitles:
    """The titles on one page of GitHub's list of runs."""

    titles: tuple[str, ...]
    is_last: bool


def meaning_of(answer: Exchange) -> Meaning:
    """Return the result of a dispatch; "unclear" whenever GitHub may have accepted it without saying so."""
    if answer.status is None:
        return "not yet" if _was_never_sent(answer) else "unclear"
    if answer.status == 204:
        return "accepted"
    if answer.status == 429 or (answer.status == 403 and _is_rate_limit(answer)):
        return "not yet"
    return "refused" if 300 <= answer.status < 500 and answer.status != 408 else "unclear"


def pause_requested_s(answer: Exchange, now_s: float) -> float:
    """Return the pause that GitHub requests, 0 without one, at most LONGEST_RETRY_AFTER_S."""
    pause_s = requested_pause_s(answer.status, answer.headers, now_s)
    if pause_s is None:
        is_unreadable = "retry-after" in lowered(answer.headers) or is_limit_spent(
            answer.status, answer.headers
        )
        return UNREADABLE_PAUSE_S if is_unreadable else 0.0
    return min(LONGEST_RETRY_AFTER_S, pause_s)


def runs_of(answer: Exchange) -> RunTitles | None:
    """Return a page of the list of runs; None if it cannot be read."""
    if answer.status != 200 or answer.fault is not None or answer.body_truncated:
        return None
    try:
        runs = json.loads(answer.body or "").get("workflow_runs")
    except (ValueError, RecursionError, AttributeError):
        return None
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        return None
    return RunTitles(titles=tuple(_title(run) for run in runs), is_last=len(runs) < RUNS_A_PAGE)


def names(title: str, deployment: str) -> bool:
    """Whether a run's title names exactly this deployment, not an id that only contains it."""
    exact = rf"(?<![A-Za-z0-9_-])(?<![A-Za-z0-9]\.){re.escape(deployment)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])"
    return re.search(exact, title) is not None


def _summary_of(answer: Exchange) -> str:
    """Return the answer on one short line."""
    if answer.status is None:
        return f"GitHub: {answer.fault.detail if answer.fault else 'no answer'}"
    return f"GitHub answered HTTP {answer.status}: {' '.join((answer.body or '').split())[:160]}"


def _title(run: dict[str, Any]) -> str:
    return f"{run.get('display_title')} | {run.get('name')}"


def _was_never_sent(answer: Exchange) -> bool:
    return answer.fault is not None and (is_connect_failure(answer.fault) or answer.fault.kind == "request")


def _is_rate_limit(answer: Exchange) -> bool:
    headers = lowered(answer.headers)
    body = (answer.body or "").lower()
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in body
