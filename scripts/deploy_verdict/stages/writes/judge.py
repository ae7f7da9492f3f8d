"""Test data that a run wrote and did not restore itself: is it clean by now? Pure.

A run that restored what it wrote needs no finding.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.evidence.finding import passed, unknown
from deploy_verdict.model import Finding, LedgerEntry, LedgerObservation
from deploy_verdict.stages.writes.open_entries import settled_by


def judge_ledger(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """Yield one finding for each entry that its own run did not settle."""
    known = dict(_entries(bundle))
    for entry, pointer in known.values():
        if entry.state != "settled" and entry.settles is None:
            yield _finding(entry, pointer, [other for other, _ in known.values()])


def _entries(bundle: Bundle) -> Iterator[tuple[str, tuple[LedgerEntry, str]]]:
    for item in bundle.loaded:
        for index, observation in enumerate(item.evidence.observations):
            if isinstance(observation, LedgerObservation):
                for place, entry in enumerate(observation.entries):
                    yield entry.id, (entry, f"{item.name}#/observations/{index}/entries/{place}")


def _checks(entry: LedgerEntry, pointer: str) -> list[str]:
    stage = pointer.partition(".")[0]
    return [f"{stage}/{check}" for check in entry.checks or (entry.check,)]


def _finding(entry: LedgerEntry, pointer: str, known: list[LedgerEntry]) -> Finding:
    by = settled_by(entry, known)
    named = ", ".join(entry.entities) or "test data"
    ended = entry.told or "the run died before the cleanup"
    tried = [other.told for other in known if other.settles == entry.id and other.told]
    send = " and ".join(line for line in entry.restore) or f"restore {named} by hand"
    dirty = f"{named} was left dirty by {entry.check} at {entry.at:%Y-%m-%d %H:%M:%S} UTC ({ended})"
    if by:
        ruling = passed(f"{dirty}; {by.id.partition('#')[0]} restored it")
    else:
        since = "; ".join([*tried, "nothing has restored it since"])
        ruling = unknown(f"{dirty}; {since} — run again, or send: {send}", rests_on=_checks(entry, pointer))
    return ruling.at(pointer).as_finding(
        "test_data",
        named,
        "restored",
        f"what {entry.check} wrote is restored",
        expected="nothing is left dirty",
    )
