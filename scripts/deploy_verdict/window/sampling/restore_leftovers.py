"""Restores, before the first write, what a run that died left dirty, by the ledgers in the evidence."""

from collections.abc import Iterator
from pathlib import Path

from deploy_verdict.model import LedgerEntry, LedgerObservation, Loaded
from deploy_verdict.stages.write_ledger import Ledger
from deploy_verdict.stages.writes.open_entries import unsettled
from deploy_verdict.window.directory.evidence_store import read_file
from deploy_verdict.window.directory.session import EvidenceFile, Session
from deploy_verdict.window.sampling.collect import context_of, write_lock

STAGE = "ledger"


def restore_leftovers(session: Session) -> None:
    """Restore every entity that an earlier run left dirty, and record the result as evidence."""
    if not _open(session):
        return
    with write_lock(session)() as held:
        if held:
            session.tell(f"the ledger has open entries, and {held}")
            return
        # Read again: the window that held the lock may have settled its own entries.
        _restore(session, _open(session))


def _open(session: Session) -> tuple[LedgerEntry, ...]:
    return unsettled(_entries(session))


def _entries(session: Session) -> Iterator[LedgerEntry]:
    for path in sorted(session.evidence_dir.glob("*.json")):
        if not _holds_ledger(path):
            continue
        item = read_file(path)
        if isinstance(item, Loaded) and item.evidence.subject.target == session.file.subject.target:
            for observation in item.evidence.observations:
                if isinstance(observation, LedgerObservation):
                    yield from observation.entries


def _holds_ledger(path: Path) -> bool:
    """Whether to parse a file: most hold no ledger. The judge reports those that cannot be read."""
    try:
        return b'"kind": "ledger"' in path.read_bytes()
    except OSError:
        return False


def _restore(session: Session, entries: tuple[LedgerEntry, ...]) -> None:
    from deploy_verdict.stages.e2e.restore import restore  # noqa: PLC0415  # only where something is open

    if not entries:
        return
    offset_s = max(0.0, round(session.pace.offset_s()))
    evidence = EvidenceFile(session, STAGE, offset_s)
    ledger = Ledger(sample=evidence.path.name, lock=write_lock(session))
    ledger.save = lambda: evidence.save(ledger.observations(offset_s), interrupted=True, durable=True)
    context = context_of(session, ledger)
    for entry in entries:
        named = ", ".join(entry.entities) or entry.check
        done = restore(context, entry)
        result = "restored" if done.state == "settled" else f"could not restore it: {done.told}"
        session.tell(f"an earlier run left {named} dirty in {entry.check!r} ({entry.id}): {result}")
    evidence.save(ledger.observations(offset_s), interrupted=False)
