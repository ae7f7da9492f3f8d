"""Prints the proof: first what is unproven with what to write, then every row. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from deploy_verdict.prove.decision import Proof, ProvenRow
from deploy_verdict.prove.rows import Path

PlaceOf = Callable[[Path], str]
LONGEST = 64


def proof_lines(
    name: str, proven: Sequence[ProvenRow], place_of: PlaceOf, *, unrecordable: Sequence[str] = ()
) -> Iterator[str]:
    """Yield lines for people; places are LINE:COLUMN in the plan's file."""
    unproven = [row for row in proven if not row.is_proven]
    summary = f"{name}: {len(proven) - len(unproven)} of {len(proven)} rows can fail"
    yield summary + (
        f"; {len(unproven)} {'is' if len(unproven) == 1 else 'are'} unproven:" if unproven else "."
    )
    for row in unproven:
        yield f"  {name}:{place_of(row.path)}: {row.text} — {row.proof}: {row.why}; {row.advice}"
    yield ""
    cells = [(place_of(row.path), _short(row.text), str(row.proof), row.why) for row in proven]
    cells.insert(0, ("place", "what", "can it fail?", "how that is known"))
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    for *first, how in cells:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(first, widths, strict=True)), how])
    yield ""
    silent = sum(row.proof is Proof.NOT_RECORDED for row in proven)
    if silent:
        yield f"{silent} rows were turned red by spoilt answers only: no incident answer of them is there."
    if unrecordable:
        yield f"Not looked at: {', '.join(unrecordable)}. Their answers cannot be recorded here."


def proof_json(proven: Sequence[ProvenRow], place_of: PlaceOf, *, unrecordable: Sequence[str]) -> Any:
    """Return the proof for --json."""
    rows = [
        {
            "place": place_of(row.path),
            "path": list(row.path),
            "what": row.text,
            "proof": row.proof.value,
            "proven": row.is_proven,
            "why": row.why,
            "advice": row.advice,
        }
        for row in proven
    ]
    return {
        "proven": all(row.is_proven for row in proven),
        "not_looked_at": list(unrecordable),
        "rows": rows,
    }


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
