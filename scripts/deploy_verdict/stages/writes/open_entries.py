"""Ledgers read together: what is still open over all runs of a window. Pure."""

from collections.abc import Iterable

from deploy_verdict.model import LedgerEntry


def unsettled(entries: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return the entries that nothing has settled: not their own run, a restore, or a later complete run.

    A later complete run of the same test ends with the same cleanup, so it counts if that needed the same
    values. The entry of a restore has nothing of its own to settle.
    """
    known = list({entry.id: entry for entry in entries}.values())
    return tuple(
        entry
        for entry in known
        if entry.state != "settled" and entry.settles is None and settled_by(entry, known) is None
    )


def settled_by(entry: LedgerEntry, known: Iterable[LedgerEntry]) -> LedgerEntry | None:
    """Return what settled an entry later, or None."""
    done = (other for other in known if other.state == "settled" and other.id != entry.id)
    return next(
        (
            other
            for other in done
            if other.settles == entry.id
            or (
                other.settles is None
                and other.check == entry.check
                and other.at > entry.at
                and other.captured == entry.captured
                and set(entry.entities) <= set(other.entities)
            )
        ),
        None,
    )
