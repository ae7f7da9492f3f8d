"""What GitHub's answers mean for an event: taken, refused, not yet, or perhaps taken. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from deploy_verdict.http.faults import is_connect_failure
from deploy_verdict.model import Exchange

Meaning = Literal["taken", "refused", "not yet", "unclear"]
LONGEST_RETRY_AFTER_S = 3600.0
RUNS_A_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Runs:
    """One page of GitHub's list of runs: their titles."""

    titles: tuple[str, ...]
    is_last: bool


def meaning_of(answer: Exchange) -> Meaning:
    """What became of a dispatch; "unclear" whenever GitHub may have taken it without saying so."""
    if answer.status is None:
        return "not yet" if _was_never_sent(answer) else "unclear"
    if answer.status == 204:
        return "taken"
    if answer.status == 429 or (answer.status == 403 and _is_rate_limit(answer)):
        return "not yet"
    return "refused" if 300 <= answer.status < 500 and answer.status != 408 else "unclear"


def pause_asked_s(answer: Exchange, now_s: float) -> float:
    """How long GitHub asks us to stay away, 0 when it does not, at most LONGEST_RETRY_AFTER_S."""
    headers = _headers(answer)
    if "retry-after" in headers:
        asked_s = _number(headers["retry-after"], 60.0)
    elif headers.get("x-ratelimit-remaining") == "0" and answer.status in (403, 429):
        asked_s = _number(headers.get("x-ratelimit-reset", ""), now_s + 60.0) - now_s
    else:
        return 0.0
    return min(LONGEST_RETRY_AFTER_S, max(0.0, asked_s))


def runs_of(answer: Exchange) -> Runs | None:
    """A page of the list of runs; None when it cannot be read."""
    if answer.status != 200 or answer.fault is not None or answer.body_truncated:
        return None
    try:
        runs = json.loads(answer.body or "").get("workflow_runs")
    except (ValueError, RecursionError, AttributeError):
        return None
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        return None
    return Runs(titles=tuple(_title(run) for run in runs), is_last=len(runs) < RUNS_A_PAGE)


def names(title: str, deployment: str) -> bool:
    """Whether a run's title names the deployment, and not one whose id only begins or ends like it."""
    exact = rf"(?<![A-Za-z0-9_-])(?<![A-Za-z0-9]\.){re.escape(deployment)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])"
    return re.search(exact, title) is not None


def told(answer: Exchange) -> str:
    """The answer in one short line."""
    if answer.status is None:
        return f"GitHub: {answer.fault.detail if answer.fault else 'no answer'}"
    return f"GitHub answered HTTP {answer.status}: {' '.join((answer.body or '').split())[:160]}"


def _title(run: dict[str, Any]) -> str:
    return f"{run.get('display_title')} | {run.get('name')}"


def _was_never_sent(answer: Exchange) -> bool:
    return answer.fault is not None and (is_connect_failure(answer.fault) or answer.fault.kind == "request")


def _is_rate_limit(answer: Exchange) -> bool:
    headers = _headers(answer)
    body = (answer.body or "").lower()
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in body


def _headers(answer: Exchange) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _number(text: str, otherwise: float) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,12}", text.strip()) else otherwise
