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
    """`save` writes the sample's evidence durably; `lock` holds the test entities, or yields why it cannot.

    `sample` is the name of the evidence file, with which the entries' ids begin.
    """

    sample: str = "sample"
    save: Callable[[], None] = _nothing
    lock: WriteLock = _free
    entries: list[LedgerEntry] = field(default_factory=list)

    def observations(self, offset_s: float) -> tuple[LedgerObservation, ...]:
        """The ledger as an observation; none where nothing was written."""
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
        """Before a write: return once the disk holds these entities; raise EvidenceError when it cannot.

        `restore` lists the requests of the cleanup, and is called only where something is new.
        """
        with self._guard:
            known = self._ledger.entries[self._index] if self._index is not None else None
            named = tuple(dict.fromkeys((*(known.entities if known else ()), *entities)))
            if known and (named, dict(captured)) == (known.entities, known.captured):
                return
            update = {"entities": named, "captured": dict(captured), "restore": tuple(restore())}
            self._put((known or self._new()).model_copy(update=update))

    def close(self, left: str | None = None) -> None:
        """After the cleanup: restored, or `left` says why not. Without a write there is nothing to close."""
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
