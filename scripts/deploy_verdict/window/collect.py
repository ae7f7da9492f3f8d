"""Taking one sample: the stage is given its context, and what it sees is kept as evidence."""

from pathlib import Path

from deploy_verdict.model import DeploymentObservation, Loaded, Observation
from deploy_verdict.stages.context import Context, Platform
from deploy_verdict.stages.deployment.state import same_commit
from deploy_verdict.stages.registry import ASK_THE_PLATFORM, COLLECTORS
from deploy_verdict.stages.writes.collect import Ledger, Turn
from deploy_verdict.window.entity_lock import turn, wait_of
from deploy_verdict.window.evidence_store import read_attempts
from deploy_verdict.window.history import read_history
from deploy_verdict.window.session import Session, Sheet


def collect(session: Session, stage: str, offset_s: float) -> Path:
    """Take one look and write its evidence; a stopped look is written too, marked as interrupted."""
    sheet = Sheet(session, stage, offset_s)
    ledger = Ledger(look=sheet.path.name, turn=turn_of(session))
    seen: tuple[Observation, ...] = ()

    def keep(partial: tuple[Observation, ...]) -> None:
        nonlocal seen
        seen = partial
        sheet.save((*seen, *ledger.seen(offset_s)), interrupted=True)

    # Unlike a checkpoint, this must outlive a power cut: the write that it tells of leaves next.
    ledger.save = lambda: sheet.save((*seen, *ledger.seen(offset_s)), interrupted=True, durable=True)
    platform = platform_of(session) if stage in ASK_THE_PLATFORM else None
    context = context_of(session, ledger, platform)
    # A look that was begun leaves its mark, whatever becomes of this process.
    keep(())
    observations = COLLECTORS[stage](session, context, offset_s, keep)
    sheet.save((*observations, *ledger.seen(offset_s)), interrupted=session.stop.requested)
    return sheet.path


def context_of(session: Session, ledger: Ledger, platform: Platform | None = None) -> Context:
    """The world of a collector."""
    return Context(
        plan=session.plan,
        probe=session.probe,
        pace=session.pace,
        stop=session.stop,
        tell=session.tell,
        redact=session.redactor.text,
        platform=platform,
        ledger=ledger,
    )


def turn_of(session: Session) -> Turn:
    """The wait for this window's turn to write."""
    file, may_write = session.file, session.plan.test_data.may_write
    named = [f"{key}={value}" for key, values in may_write.items() for value in values]
    clock, stop = session.pace.clock, session.stop
    wait_s = wait_of(session.environment)
    return lambda: turn(file.subject.target, named, file.window.id, clock=clock, stop=stop, wait_s=wait_s)


def platform_of(session: Session) -> Platform:
    """What the stages that ask the platform work with."""
    link, file = session.link, session.file
    return Platform(
        railway=link.railway,
        place=link.place,
        fault=link.fault,
        subject=file.subject,
        window=file.window,
        deployment_ids=_deployment_ids(session),
        judged=read_history(session.history, file.subject),
        waited_s=file.waited_s,
    )


def deployment_looks(session: Session) -> list[DeploymentObservation]:
    """What was seen of the platform so far, in the order of the looks."""
    files = [
        item
        for offset_s in session.plan.window.offsets_s
        for item in read_attempts(session.evidence_dir, "deployment", offset_s)
    ]
    return [
        observation
        for item in files
        if isinstance(item, Loaded)
        for observation in item.evidence.observations
        if isinstance(observation, DeploymentObservation)
    ]


def _deployment_ids(session: Session) -> tuple[str, ...]:
    """The subject, and what looks have seen live in its place with the same commit, oldest first."""
    ids = [session.file.subject.deployment] if session.file.subject.deployment else []
    for observation in deployment_looks(session):
        subject = observation.deployment
        if subject is not None:
            same = [live.id for live in observation.active or () if same_commit(live.commit, subject.commit)]
            ids += [subject.id, *same]
    return tuple(dict.fromkeys(ids))
