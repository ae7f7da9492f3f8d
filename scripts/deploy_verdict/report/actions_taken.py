"""Lists what was done about a window, as far as its directory shows. Pure."""

from collections.abc import Iterator

from deploy_verdict.base.units import shown_duration, shown_offset
from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.markup.labels import listed, moment
from deploy_verdict.model import RollbackFile, SentNotification, StoppedObservation
from deploy_verdict.stages.deployment.state import short


def actions_taken(bundle: Bundle) -> tuple[str, ...]:
    """Return one phrase for each action."""
    return tuple(_phrases(bundle))


def _phrases(bundle: Bundle) -> Iterator[str]:
    # A later sample does not extend the window: nobody watched between it and the window's end.
    earlier_s, end_s = bundle.window.earlier_lengths_s, bundle.plan.window.end_s
    if earlier_s and end_s > earlier_s[0]:
        yield f"the window was extended from {shown_duration(earlier_s[0])} to {shown_duration(end_s)}"
    if bundle.ended:
        yield f"the window ended early ({bundle.ended})"
    stops = [
        observation
        for item in bundle.loaded
        for observation in item.evidence.observations
        if isinstance(observation, StoppedObservation)
    ]
    if stops:
        first = min(stops, key=lambda stop: stop.offset_s)
        since_s = first.offset_s if first.failed_at_s is None else first.failed_at_s
        yield f"our own writes stopped at {shown_offset(since_s)}, after {first.check} failed"
    if bundle.notified is not None:
        yield _notified(bundle.notified)
    if bundle.rolled_back is not None:
        yield _rolled_back(bundle.rolled_back)


def _notified(sent: SentNotification) -> str:
    by = f" by {listed(sent.services)}" if sent.services else ""
    at = f" at {moment(sent.sent_at)}" if sent.sent_at else " by the alarm during the window"
    return f"people were notified of {sent.outcome.shown}{by}{at}"


_ROLLED_BACK = {
    "live": "rolled back to {target}, requested at {at}; that is live",
    "failed": "a rollback to {target} was requested at {at}, and failed",
    "refused": "a rollback to {target} was requested at {at}, and the platform refused it",
}


def _rolled_back(file: RollbackFile) -> str:
    commit = f" of commit {short(file.target_commit)}" if file.target_commit else ""
    unknown = "a rollback to {target} was requested at {at}; what became of it is not known"
    words = _ROLLED_BACK.get(file.state, unknown)
    return words.format(target=f"{short(file.target)}{commit}", at=moment(file.asked_at))
