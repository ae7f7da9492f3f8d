"""Before anything else is written: what a run that died left open, by the ledgers in the evidence."""

from collections.abc import Iterator
from pathlib import Path

from deploy_verdict.model import LedgerEntry, LedgerObservation, Loaded
from deploy_verdict.stages.write_ledger import Ledger
from deploy_verdict.stages.writes.open_entries import unsettled
from deploy_verdict.window.collect import context_of, turn_of
from deploy_verdict.window.evidence_store import read_file
from deploy_verdict.window.session import Session, Sheet

STAGE = "ledger"


def settle_first(session: Session) -> None:
    """Restore every entity that an earlier run left dirty, and write in the evidence what came of it."""
    if not _open(session):
        return
    with turn_of(session)() as held:
        if held:
            session.tell(f"the ledger has open entries, and {held}")
            return
        # Read again: who had the turn before may have closed its own.
        _restored(session, _open(session))


def _open(session: Session) -> tuple[LedgerEntry, ...]:
    return unsettled(_entries(session))


def _entries(session: Session) -> Iterator[LedgerEntry]:
    for path in sorted(session.evidence_dir.glob("*.json")):
        if not _holds_one(path):
            continue
        item = read_file(path)
        if isinstance(item, Loaded) and item.evidence.subject.target == session.file.subject.target:
            for observation in item.evidence.observations:
                if isinstance(observation, LedgerObservation):
                    yield from observation.entries


def _holds_one(path: Path) -> bool:
    """Most files hold no ledger, and need not be read as evidence. What cannot be read, the judge tells."""
    try:
        return b'"kind": "ledger"' in path.read_bytes()
    except OSError:
        return False


def _restored(session: Session, entries: tuple[LedgerEntry, ...]) -> None:
    from deploy_verdict.stages.e2e.restore import restore  # noqa: PLC0415  # only where something is open

    if not entries:
        return
    offset_s = max(0.0, round(session.pace.offset_s()))
    sheet = Sheet(session, STAGE, offset_s)
    ledger = Ledger(sample=sheet.path.name, lock=turn_of(session))
    ledger.save = lambda: sheet.save(ledger.observations(offset_s), interrupted=True, durable=True)
    context = context_of(session, ledger)
    for entry in entries:
        named = ", ".join(entry.entities) or entry.check
        done = restore(context, entry)
        told = "restored it" if done.state == "settled" else f"could not restore it: {done.told}"
        session.tell(f"an earlier run left {named} dirty in {entry.check!r} ({entry.id}): {told}")
    sheet.save(ledger.observations(offset_s), interrupted=False)
