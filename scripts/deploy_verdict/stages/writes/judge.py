"""Test data that a run wrote and did not restore itself: is it clean by now? Pure.

A run that restores what it wrote needs no finding.
"""

from collections.abc import Iterator, Sequence

from deploy_verdict.evidence.bundle import Bundle
from deploy_verdict.model import Finding, LedgerEntry, LedgerObservation, Outcome
from deploy_verdict.stages.writes.open_entries import settled_by


def judge_ledger(bundle: Bundle, findings: Sequence[Finding] = ()) -> Iterator[Finding]:
    """One finding for each entry that its own run did not settle."""
    seen = dict(_entries(bundle))
    for entry, pointer in ((entry, pointer) for entry, pointer in seen.values()):
        if entry.state != "settled" and entry.settles is None:
            yield _finding(entry, pointer, [other for other, _ in seen.values()])


def _entries(bundle: Bundle) -> Iterator[tuple[str, tuple[LedgerEntry, str]]]:
    for item in bundle.loaded:
        for index, observation in enumerate(item.evidence.observations):
            if isinstance(observation, LedgerObservation):
                for place, entry in enumerate(observation.entries):
                    yield entry.id, (entry, f"{item.name}#/observations/{index}/entries/{place}")


def _finding(entry: LedgerEntry, pointer: str, known: list[LedgerEntry]) -> Finding:
    by = settled_by(entry, known)
    named = ", ".join(entry.entities) or "test data"
    ended = entry.told or "the run died in the middle of it"
    tried = [other.told for other in known if other.settles == entry.id and other.told]
    send = " and ".join(line for line in entry.restore) or f"restore {named} by hand"
    return Finding(
        stage="test_data",
        check=named,
        rule="restored",
        expectation=f"what {entry.check} wrote is restored",
        outcome=Outcome.PASS if by else Outcome.INCONCLUSIVE,
        expected="nothing is left dirty",
        actual=f"{named} was left dirty by {entry.check} at {entry.at:%Y-%m-%d %H:%M:%S} UTC ({ended})"
        + (
            f"; {by.id.partition('#')[0]} restored it"
            if by
            else f"; {'; '.join([*tried, 'nothing has restored it since'])} — run again, or send: {send}"
        ),
        evidence=pointer,
    )
