"""Prints an examination as lines or JSON: every problem with its file, line and the text to write. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from deploy_verdict.adopt.blind_spots import Path
from deploy_verdict.adopt.doctor import Examination, ExaminedLine
from deploy_verdict.model import Outcome
from deploy_verdict.plan.reading.positioned_yaml import Position

PlaceOf = Callable[[Path], Position]
MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?", None: "–"}
WORDS = {Outcome.FAIL: "fails", Outcome.INCONCLUSIVE: "cannot be told"}


def examination_lines(name: str, seen: Examination, place_of: PlaceOf) -> Iterator[str]:
    """Yield lines for people: what was sent, what does not hold, and what would make the plan stronger."""
    asked = [line for line in seen.lines if line.outcome is not None]
    good = sum(line.outcome is Outcome.PASS for line in asked)
    yield f"{seen.target}: {good} of {len(asked)} lines hold; asked once, and nothing was written"
    widths = [max((len(getattr(line, key)) for line in seen.lines), default=0) for key in ("check", "text")]
    for line in seen.lines:
        check, text = line.check.ljust(min(widths[0], 30)), line.text.ljust(min(widths[1], 50))
        yield f"  {MARKS[line.outcome]} {check}  {text}  {line.actual}".rstrip()
    bad = [line for line in asked if line.outcome is not Outcome.PASS]
    if bad:
        yield "\nWhat does not hold:"
        for line in bad:
            place = place_of(line.path)
            rest = f" — {line.advice}" if line.advice else ""
            yield f"  {name}:{place.line}:{place.column}: {line.check}: {line.text}: {line.actual}{rest}"
    if seen.blind_spots:
        yield "\nWhat would make the plan stronger:"
        for spot in seen.blind_spots:
            place = place_of(spot.path)
            where = f"{name}:{place.line}:{place.column}" if spot.path else name
            yield f"  {where}: {spot.what}"
            yield f"      write  {spot.write}"
    if not bad:
        yield f"\nNext: deploy-verdict watch --plan {name} --target {seen.target} --out out/first"


def examination_json(name: str, seen: Examination, place_of: PlaceOf) -> dict[str, Any]:
    """Return the examination for programs: `problems` has everything to fix, each with the text to write."""
    problems = [
        _problem(
            name,
            place_of(line.path),
            WORDS[line.outcome],
            f"{line.check}: {line.text}: {line.actual}",
            line.advice,
        )
        for line in seen.lines
        if line.outcome in WORDS
    ]
    problems += [
        _problem(name, place_of(spot.path), "not seen", spot.what, spot.write) for spot in seen.blind_spots
    ]
    return {
        "plan": name,
        "target": seen.target,
        "outcome": seen.outcome.value,
        "lines": [_line(line, place_of) for line in seen.lines],
        "problems": problems,
    }


def _line(line: ExaminedLine, place_of: PlaceOf) -> dict[str, Any]:
    return {
        "path": list(line.path),
        "line": place_of(line.path).line,
        "check": line.check,
        "text": line.text,
        "outcome": line.outcome.value if line.outcome else "not asked",
        "actual": line.actual,
    }


def _problem(name: str, place: Position, kind: str, message: str, write: str) -> dict[str, Any]:
    return {
        "file": name,
        "line": place.line,
        "column": place.column,
        "kind": kind,
        "message": message,
        "write": write,
    }
