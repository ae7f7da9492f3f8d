"""What people know already, of this window and of earlier ones; and so, what is news to them."""

from collections.abc import Callable
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from deploy_verdict.model import DeploymentObservation, Loaded, Record, Verdict, VerdictOutcome
from deploy_verdict.publish.notification import Message, message_for
from deploy_verdict.window.evidence_store import read_evidence, write_json
from deploy_verdict.window.history import EarlierVerdict, earlier_verdicts

TOLD_FILE = "notified.json"


class Told(Record):
    """notified.json: the last message about a window."""

    window: str
    outcome: VerdictOutcome
    judged_at: AwareDatetime


def news(
    out: Path,
    verdict: Verdict,
    *,
    previous: VerdictOutcome | None,
    history: Path,
    link: str | None,
    redact: Callable[[str], str],
) -> Message | str:
    """The message to send, or why there is none; `previous` where somebody says what was told last."""
    told = told_of(out, verdict)
    if told is verdict.outcome and previous is None:
        return f"nothing to tell: {told.shown} was told of this window already"
    before = previous or told or outcome_before(out, verdict, history)
    return message_for(verdict, before, link, redact=redact) or (
        "nothing to tell: STABLE, and nothing bad before it"
    )


def told_of(out: Path, verdict: Verdict) -> VerdictOutcome | None:
    """The outcome that was told of this window already."""
    try:
        found = Told.model_validate_json((out / TOLD_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return found.outcome if found.window == verdict.window.id else None


def keep_told(out: Path, verdict: Verdict) -> None:
    """Remember that this verdict was told, after it was: killed in between, it is told again, not lost.

    Raises EvidenceError.
    """
    told = Told(window=verdict.window.id, outcome=verdict.outcome, judged_at=verdict.judged_at)
    write_json(out / TOLD_FILE, told)


def outcome_before(out: Path, verdict: Verdict, history: Path) -> VerdictOutcome | None:
    """The newest verdict of an earlier window on the same service and environment.

    From the history, or, on a runner that has none, from what the window's first look was told of earlier
    deployments. A word that is no outcome is none.
    """
    lines = [item for item in earlier_verdicts(history, verdict.subject) if _is_earlier(item, verdict)]
    found = [(item.judged_at, item.outcome) for item in lines] or [
        (item.judged_at, item.outcome)
        for loaded in read_evidence(out / "evidence")
        if isinstance(loaded, Loaded)
        for seen in loaded.evidence.observations
        if isinstance(seen, DeploymentObservation)
        for item in seen.judged
        if item.judged_at <= verdict.window.t0
    ]
    known = [item for item in found if item[1] in set(VerdictOutcome)]
    return VerdictOutcome(max(known)[1]) if known else None


def _is_earlier(item: EarlierVerdict, verdict: Verdict) -> bool:
    return item.window != verdict.window.id and item.judged_at <= verdict.judged_at
