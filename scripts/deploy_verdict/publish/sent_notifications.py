"""Decides whether a notification is news, by those already sent for this window and the outcome before it."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from deploy_verdict.model import (
    DeploymentObservation,
    EarlierVerdict,
    Loaded,
    SentNotification,
    Verdict,
    VerdictOutcome,
)
from deploy_verdict.publish.notification import Message, message_for
from deploy_verdict.window.directory.evidence_store import read_evidence, write_json
from deploy_verdict.window.directory.history import earlier_verdicts
from deploy_verdict.window.judge_directory import SENT_FILE


def news(
    out: Path,
    verdict: Verdict,
    *,
    previous: VerdictOutcome | None,
    history: Path,
    link: str | None,
    redact: Callable[[str], str],
    also_stable: Callable[[], bool] = lambda: False,
) -> Message | str:
    """Return the message to send, or why there is none; `previous` is the last outcome sent, if known.

    `also_stable` is called for a STABLE verdict only, so that an unreadable plan holds back no bad news.
    """
    sent = sent_outcome(out, verdict)
    if sent is verdict.outcome and previous is None:
        return f"no notification: {sent.shown} was already sent for this window"
    before = previous or sent or outcome_before(out, verdict, history)
    sends_stable = verdict.outcome is VerdictOutcome.STABLE and also_stable()
    return message_for(verdict, before, link, redact=redact, also_stable=sends_stable) or (
        "no notification: STABLE, with nothing bad before it, and the plan's notify.on does not name it"
    )


def sent_outcome(out: Path, verdict: Verdict) -> VerdictOutcome | None:
    """Return the outcome of the last notification about this window."""
    try:
        found = SentNotification.model_validate_json((out / SENT_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return found.outcome if found.window == verdict.window.id else None


def keep_sent(out: Path, verdict: Verdict, addresses: Sequence[str]) -> None:
    """Record that this verdict was sent, after sending: a killed process then sends it twice, not never.

    Raise EvidenceError.
    """
    kinds = (_kind(address) for address in addresses)
    sent = SentNotification(
        window=verdict.window.id,
        outcome=verdict.outcome,
        judged_at=verdict.judged_at,
        sent_at=datetime.now(UTC),
        services=tuple(dict.fromkeys(kinds)),
    )
    write_json(out / SENT_FILE, sent)


def _kind(address: str) -> str:
    """Return an address's kind, the only part of it that is not secret."""
    found = re.match(r"([a-z0-9+-]{2,20})://", address.lower())
    return "webhook" if found is None or found.group(1) in ("http", "https") else found.group(1)


def outcome_before(out: Path, verdict: Verdict, history: Path) -> VerdictOutcome | None:
    """Return the newest verdict of an earlier window on the same service and environment.

    It comes from the history or, on a runner that has none, from the earlier verdicts in the window's own
    evidence. An outcome that this version does not know is ignored.
    """
    same = earlier_verdicts(history, verdict.subject, verdict.plan_name)
    lines = [item for item in same if _is_earlier(item, verdict)]
    found = [(item.judged_at, item.outcome) for item in lines] or [
        (item.judged_at, item.outcome)
        for loaded in read_evidence(out / "evidence")
        if isinstance(loaded, Loaded)
        for observation in loaded.evidence.observations
        if isinstance(observation, DeploymentObservation)
        for item in observation.judged
        if item.judged_at <= verdict.window.t0
    ]
    known = [item for item in found if item[1] in set(VerdictOutcome)]
    return VerdictOutcome(max(known)[1]) if known else None


def _is_earlier(item: EarlierVerdict, verdict: Verdict) -> bool:
    return item.window != verdict.window.id and item.judged_at <= verdict.judged_at
