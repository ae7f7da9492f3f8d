"""Ledgers read together: what is still open over all runs of a window. Pure."""

from collections.abc import Iterable

from deploy_verdict.model import LedgerEntry


def unsettled(entries: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """The entries that neither they, nor a restoring, nor a later complete run of the same has settled.

    A later complete run ends with the same cleanup, where that needed the same values. What only restores
    leaves nothing to restore itself.
    """
    known = list({entry.id: entry for entry in entries}.values())
    return tuple(
        entry
        for entry in known
        if entry.state != "settled" and entry.settles is None and settled_by(entry, known) is None
    )


def settled_by(entry: LedgerEntry, known: Iterable[LedgerEntry]) -> LedgerEntry | None:
    """What settled an entry later, or None."""
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
