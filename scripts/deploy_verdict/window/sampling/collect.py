"""Takes one sample: gives the stage its context and writes what it observes as evidence.

After a P0, the tool's own writes stop: the suite, load, cycles and top-ups; reading goes on. A broken service
is not written to any further. What was already written is still restored: a test cleans up as part of its
run, and restore_leftovers.py cleans up after a run that died.
"""

from datetime import datetime, timedelta
from pathlib import Path

from deploy_verdict import __version__
from deploy_verdict.base.errors import UsageError
from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.bundle import bundled
from deploy_verdict.evidence.stopped import stop_words
from deploy_verdict.model import (
    Evidence,
    Finding,
    Loaded,
    Observation,
    Outcome,
    PreviousTrafficObservation,
    Severity,
    StoppedObservation,
)
from deploy_verdict.plan import Plan
from deploy_verdict.stages.context import Context, Platform
from deploy_verdict.stages.deployment.state import deployment_readings, same_commit
from deploy_verdict.stages.registry import during, function, named
from deploy_verdict.stages.stage import Asks, Due, Stage
from deploy_verdict.stages.write_ledger import Ledger, WriteLock
from deploy_verdict.window.directory.entity_lock import lock_wait_s, locked
from deploy_verdict.window.directory.evidence_store import read_evidence, read_stage
from deploy_verdict.window.directory.history import read_history
from deploy_verdict.window.directory.session import EvidenceFile, Session

# Real time. A line that reaches the platform late is read again by the next reading.
OVERLAP = timedelta(seconds=60)
# A slow platform must not delay the next samples, and the next reading requests the same lines again.
BRIEF_S = 15.0


def collect(session: Session, stage: str, offset_s: float, log: Path | None = None) -> Path:
    """Take one sample and return its evidence file; a stopped sample is written too, marked as interrupted.

    `log` is the service's log file. Without any log to read, print a progress line and write no file.
    """
    row = named(stage)
    if row.collect is None:
        raise UsageError(f"{stage} takes no samples")
    evidence = EvidenceFile(session, stage, offset_s)
    if row.asks is Asks.LOG and log is None and not names_log(session.plan):
        session.tell(f"{stage}: no log to read — give --logs FILE")
        return evidence.path
    ledger = Ledger(sample=evidence.path.name, lock=write_lock(session))
    observed: tuple[Observation, ...] = ()
    stopped = _why_stopped(session, row, offset_s)
    if stopped is not None:
        evidence.save((stopped,), interrupted=False)
        return evidence.path

    def keep(partial: tuple[Observation, ...]) -> None:
        nonlocal observed
        observed = partial
        evidence.save((*observed, *ledger.observations(offset_s)), interrupted=True)

    # Flushed to disk, unlike a checkpoint: it records a write that is sent next and may need restoring after
    # a power cut.
    ledger.save = lambda: evidence.save(
        (*observed, *ledger.observations(offset_s)), interrupted=True, durable=True
    )
    asks_platform = row.asks is Asks.PLATFORM or (
        row.asks is Asks.LOG and (log is None or _asks_other_service(session.plan))
    )
    since = new_since(session, row, offset_s)
    platform = platform_of(session, brief=since is not None) if asks_platform else None
    context = context_of(session, ledger, platform, log, since)
    # Even a killed process leaves a file of a sample that has begun.
    keep(())
    observations = function(row.collect)(context, offset_s, keep)
    # The log is read to its end even after a stop request.
    interrupted = session.stop.requested and row.asks is not Asks.LOG
    evidence.save((*observations, *ledger.observations(offset_s)), interrupted=interrupted)
    return evidence.path


def context_of(
    session: Session,
    ledger: Ledger,
    platform: Platform | None = None,
    log: Path | None = None,
    since: datetime | None = None,
) -> Context:
    """Build what a collector works with."""
    return Context(
        plan=session.plan,
        probe=session.probe,
        pace=session.pace,
        stop=session.stop,
        tell=session.detail or session.tell,
        redact=session.redactor.text,
        platform=platform,
        ledger=ledger,
        file=session.file,
        evidence=lambda: read_evidence(session.evidence_dir),
        log=log,
        since=since,
    )


def has_source(session: Session, stage: str, log: Path | None = None) -> bool:
    """Whether a stage that reads its source at the end can read it earlier: from a file or the platform."""
    if named(stage).asks is Asks.LOG and log is not None:
        return log.is_file()
    if named(stage).asks is Asks.LOG and _has_other_file(session.plan):
        return True
    if session.plan.railway is None or session.railway.client is None or session.railway.place is None:
        return False
    return bool(_deployment_ids(session))


def names_log(plan: Plan) -> bool:
    """Whether the plan says where a log is: on a platform, or in a file."""
    return plan.railway is not None or (
        plan.logs is not None and any(other.file for other in plan.logs.sources)
    )


def _has_other_file(plan: Plan) -> bool:
    others = plan.logs.sources if plan.logs else ()
    return any(other.file and Path(other.file).is_file() for other in others)


def _asks_other_service(plan: Plan) -> bool:
    return plan.logs is not None and any(other.railway for other in plan.logs.sources)


def new_since(session: Session, row: Stage, offset_s: float) -> datetime | None:
    """Return from when an interim reading is new; None for the final one and for other stages.

    That is the previous offset, as a job has no evidence of the other jobs, or the last reading here without
    a fault if that is earlier.
    """
    if row.due is not Due.END or offset_s not in during(session.plan).get(row.name, ()):
        return None
    window = session.file.window
    before_s = max(item for item in window.offsets_s if item < offset_s)
    since = window.t0 + timedelta(seconds=before_s / window.speed)
    files = [item.evidence for item in read_stage(session.evidence_dir, row.name) if isinstance(item, Loaded)]
    if files:
        read = (item.started_at for item in files if not item.interrupted and not _has_fault(item))
        since = min(since, max(read, default=window.t0))
    return max(window.t0, since - OVERLAP)


def _has_fault(evidence: Evidence) -> bool:
    # The previous deployment has a log of its own, requested again each time.
    parts = (item for item in evidence.observations if not isinstance(item, PreviousTrafficObservation))
    return any(getattr(observation, "fault", None) is not None for observation in parts)


def write_lock(session: Session) -> WriteLock:
    """Return the lock on the plan's test entities, which one window holds at a time."""
    file, may_write = session.file, session.plan.test_data.may_write
    named = [f"{key}={value}" for key, values in may_write.items() for value in values]
    clock, stop = session.pace.clock, session.stop
    wait_s = lock_wait_s(session.environment)
    return lambda: locked(file.subject.target, named, file.window.id, clock=clock, stop=stop, wait_s=wait_s)


def platform_of(session: Session, *, brief: bool = False) -> Platform:
    """Build what the stages that ask the platform work with; `brief` gives each request at most BRIEF_S."""
    railway, file = session.railway, session.file
    client = railway.client
    return Platform(
        railway=client.within(BRIEF_S) if client is not None and brief else client,
        place=railway.place,
        fault=railway.fault,
        subject=file.subject,
        window=file.window,
        deployment_ids=_deployment_ids(session),
        judged=read_history(session.history, file.subject, session.plan.name),
        waited_s=file.waited_s,
    )


def _deployment_ids(session: Session) -> tuple[str, ...]:
    """Return the subject and every live deployment of the same commit seen so far, in the order seen."""
    ids = [session.file.subject.deployment] if session.file.subject.deployment else []
    for observation in deployment_readings(read_evidence(session.evidence_dir)):
        subject = observation.deployment
        if subject is not None:
            same = [live.id for live in observation.active or () if same_commit(live.commit, subject.commit)]
            ids += [subject.id, *same]
    return tuple(dict.fromkeys(ids))


def _why_stopped(session: Session, row: Stage, offset_s: float) -> StoppedObservation | None:
    """Return the reason not to take this sample, as its evidence; None if it is to be taken.

    A sample after the window's end writes again: it shows whether the trouble is over.
    """
    plan, file = session.plan, session.file
    if plan.escalation.keep_writing or offset_s > plan.window.end_s or not row.writes(plan, offset_s):
        return None
    # Only a stage that writes needs the judge.
    from deploy_verdict.verdict.judge import judge  # noqa: PLC0415

    files = read_evidence(session.evidence_dir)
    bundle = bundled(plan, file.window, file.subject, files, left_out=file.left_out)
    now = session.pace.clock.now()
    verdict = judge(bundle, judged_at=now, tool_version=__version__)
    failed = next((finding for finding in verdict.findings if _is_p0(finding)), None)
    if failed is None:
        return None
    stopped = StoppedObservation(
        check=f"{failed.stage}/{failed.check}/{failed.rule}",
        offset_s=offset_s,
        at=now,
        failed_at_s=_seen_at_s(bundle.loaded, failed),
    )
    session.tell(f"{row.name} {shown_offset(offset_s)}: {stop_words(stopped)}")
    return stopped


def _is_p0(finding: Finding) -> bool:
    return finding.outcome is Outcome.FAIL and finding.severity is Severity.P0


def _seen_at_s(loaded: tuple[Loaded, ...], finding: Finding) -> float | None:
    """Return the offset of the sample that shows a finding; a pointer begins with its file's name."""
    if finding.offset_s is not None:
        return finding.offset_s
    name = (finding.evidence or "").partition("#")[0]
    return next((item.evidence.offset_s for item in loaded if item.name == name), None)
