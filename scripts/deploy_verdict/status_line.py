"""The line of the commit status, written so that it can be read again as a verdict. Pure."""

from deploy_verdict.model import VerdictOutcome

MAX_DESCRIPTION = 140


def status_line(outcome: VerdictOutcome, told: str, environment: str | None) -> str:
    """ "STABLE: 0 of 80 findings failed · production"; GitHub takes 140 characters."""
    tail = _tail(environment)
    room = MAX_DESCRIPTION - len(tail)
    line = f"{outcome.shown}: {told}"
    return (line if len(line) <= room else f"{line[: room - 1]}…") + tail


def outcome_told(description: str, environment: str | None) -> VerdictOutcome | None:
    """The outcome of a line of ours on this environment; None for every other line."""
    if not description.endswith(_tail(environment)):
        return None
    words = description.partition(":")[0]
    return next((outcome for outcome in VerdictOutcome if outcome.shown == words), None)


def _tail(environment: str | None) -> str:
    return f" · {(environment or 'no environment')[:60]}"
