"""What GitHub's answers mean for an event: accepted, refused, not yet, or unclear. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from deploy_verdict.http.faults import is_connect_failure
from deploy_verdict.http.retry import is_limit_spent, lowered, requested_pause_s
from deploy_verdict.model import Exchange

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


def summary_of(answer: Exchange) -> str:
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
