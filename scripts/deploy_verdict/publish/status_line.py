"""The line of the commit status, written so that it can be read again as a verdict. Pure."""

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.redaction.control_chars import visible

MAX_DESCRIPTION = 140


def status_line(told: str, environment: str | None) -> str:
    """What is told, and for which environment: at most the 140 characters that GitHub takes."""
    tail = _tail(environment)
    room = MAX_DESCRIPTION - len(tail)
    return (told if len(told) <= room else f"{told[: room - 1]}…") + tail


def outcome_told(description: str, environment: str | None) -> VerdictOutcome | None:
    """The outcome of a line of ours on this environment; None for every other line."""
    if not description.endswith(_tail(environment)):
        return None
    words = description.partition(":")[0]
    return next((outcome for outcome in VerdictOutcome if outcome.shown == words), None)


def _tail(environment: str | None) -> str:
    # An environment's name is somebody else's text: it must neither hide anything nor begin a line.
    name = " ".join(visible(environment or "").split())
    return f" · {(name or 'no environment')[:60]}"
