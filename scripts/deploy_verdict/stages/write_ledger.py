"""The ledger of one sample: each write is in the evidence on disk before its request leaves."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from deploy_verdict.model import LedgerEntry, LedgerObservation

WriteLock = Callable[[], AbstractContextManager[str | None]]


def _nothing() -> None:
    return None


def _free() -> AbstractContextManager[str | None]:
    return nullcontext(None)


@dataclass
class Ledger:
    """The writes of one sample.

    `save` writes the sample's evidence durably. `lock` holds the test entities; it yields None, or why it
    cannot hold them. `sample` is the name of the evidence file, with which the ids of the entries begin.
    """

    sample: str = "sample"
    save: Callable[[], None] = _nothing
    lock: WriteLock = _free
    entries: list[LedgerEntry] = field(default_factory=list)

    def observations(self, offset_s: float) -> tuple[LedgerObservation, ...]:
        """Return the ledger as one observation, or nothing if nothing was written."""
        return (LedgerObservation(offset_s=offset_s, entries=tuple(self.entries)),) if self.entries else ()


class OpenEntry:
    """A ledger entry that its first write opens and `close` ends. Safe to use from several threads."""

    def __init__(
        self,
        ledger: Ledger,
        check: str,
        now: Callable[[], datetime],
        *,
        checks: Iterable[str] = (),
        settles: str | None = None,
    ) -> None:
        self._ledger, self._now, self._guard = ledger, now, threading.Lock()
        self._check, self._checks, self._settles = check, tuple(checks), settles
        self._index: int | None = None

    def record_write(
        self,
        entities: Iterable[str],
        captured: Mapping[str, JsonValue],
        restore: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Record a write before it is sent; return once these entities are on disk.

        Raises EvidenceError if they cannot be saved. `restore` lists the requests of the cleanup; it is
        called only if there is something new to record.
        """
        with self._guard:
            known = self._ledger.entries[self._index] if self._index is not None else None
            named = tuple(dict.fromkeys((*(known.entities if known else ()), *entities)))
            if known and (named, dict(captured)) == (known.entities, known.captured):
                return
            update = {"entities": named, "captured": dict(captured), "restore": tuple(restore())}
            self._put((known or self._new()).model_copy(update=update))

    def close(self, left: str | None = None) -> None:
        """Close the entry after the cleanup: as restored, or with `left`, the reason why not.

        Does nothing if nothing was written.
        """
        with self._guard:
            if self._index is not None:
                entry = self._ledger.entries[self._index]
                update = {"state": "left" if left else "settled", "told": left or ""}
                self._put(entry.model_copy(update=update))

    def _new(self) -> LedgerEntry:
        return LedgerEntry(
            id=f"{self._ledger.sample}#{len(self._ledger.entries)}",
            at=self._now(),
            check=self._check,
            checks=self._checks,
            settles=self._settles,
        )

    def _put(self, entry: LedgerEntry) -> None:
        if self._index is None:
            self._index = len(self._ledger.entries)
            self._ledger.entries.append(entry)
        else:
            self._ledger.entries[self._index] = entry
        self._ledger.save()
