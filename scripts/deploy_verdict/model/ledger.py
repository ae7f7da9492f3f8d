"""What we wrote and have to restore: it stands in the evidence before the first write leaves."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from deploy_verdict.model.enums import Record


class LedgerEntry(Record):
    """One test's writes, or those of checks that belong together.

    `open`: begun, and nobody knows how it ended. `left`: it ended, and `told` says why the entity is not
    restored. `captured` is what the cleanup needs; `settles` names a dead run's entry that this one restores.
    """

    id: str
    at: AwareDatetime
    check: str
    checks: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    captured: dict[str, JsonValue] = Field(default={})
    restore: tuple[str, ...] = ()
    state: Literal["open", "settled", "left"] = "open"
    told: str = ""
    settles: str | None = None


class LedgerObservation(Record):
    """The ledger of one look."""

    kind: Literal["ledger"] = "ledger"
    check: str = "ledger"
    offset_s: float
    entries: tuple[LedgerEntry, ...]
