"""Taking one sample: the stage is given its context, and what it sees is kept as evidence."""

from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.model import Observation
from deploy_verdict.stages.context import Context, Platform
from deploy_verdict.stages.deployment.state import deployment_readings, same_commit
from deploy_verdict.stages.registry import Asks, function, named
from deploy_verdict.stages.write_ledger import EntityLock, Ledger
from deploy_verdict.window.entity_lock import turn, wait_of
from deploy_verdict.window.evidence_store import read_evidence
from deploy_verdict.window.history import read_history
from deploy_verdict.window.session import Session, Sheet


def collect(session: Session, stage: str, offset_s: float, log: Path | None = None) -> Path:
    """Take one sample and write its evidence; a stopped one is written too, marked as interrupted.

    `log` is the service's log file. Where there is no log to read, no file is written and that is said.
    """
    row = named(stage)
    if row.collect is None:
        raise UsageError(f"{stage} takes no samples")
    sheet = Sheet(session, stage, offset_s)
    if row.asks is Asks.LOG and log is None and session.plan.railway is None:
        session.tell(f"{stage}: there is no log to read — give --logs FILE")
        return sheet.path
    ledger = Ledger(sample=sheet.path.name, lock=turn_of(session))
    seen: tuple[Observation, ...] = ()

    def keep(partial: tuple[Observation, ...]) -> None:
        nonlocal seen
        seen = partial
        sheet.save((*seen, *ledger.observations(offset_s)), interrupted=True)

    # Unlike a checkpoint, this must outlive a power cut: the write that it tells of leaves next.
    ledger.save = lambda: sheet.save((*seen, *ledger.observations(offset_s)), interrupted=True, durable=True)
    asks_platform = row.asks is Asks.PLATFORM or (row.asks is Asks.LOG and log is None)
    context = context_of(session, ledger, platform_of(session) if asks_platform else None, log)
    # A sample that was begun leaves its mark, whatever becomes of this process.
    keep(())
    observations = function(row.collect)(context, offset_s, keep)
    # The log is read to its end even when the window was asked to stop.
    interrupted = session.stop.requested and row.asks is not Asks.LOG
    sheet.save((*observations, *ledger.observations(offset_s)), interrupted=interrupted)
    return sheet.path


def context_of(
    session: Session, ledger: Ledger, platform: Platform | None = None, log: Path | None = None
) -> Context:
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
        file=session.file,
        evidence=lambda: read_evidence(session.evidence_dir),
        log=log,
    )


def turn_of(session: Session) -> EntityLock:
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


def _deployment_ids(session: Session) -> tuple[str, ...]:
    """The subject, and what looks have seen live in its place with the same commit, oldest first."""
    ids = [session.file.subject.deployment] if session.file.subject.deployment else []
    for observation in deployment_readings(read_evidence(session.evidence_dir)):
        subject = observation.deployment
        if subject is not None:
            same = [live.id for live in observation.active or () if same_commit(live.commit, subject.commit)]
            ids += [subject.id, *same]
    return tuple(dict.fromkeys(ids))
