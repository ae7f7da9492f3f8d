"""Whether one row can fail, from what it says of every scene. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy_verdict.model import Outcome
from deploy_verdict.prove.mutants import Spoilt
from deploy_verdict.prove.rows import Path, Row
from deploy_verdict.prove.scenes import Scene

MovedIn = Callable[[Scene], str | None]


class Proof(StrEnum):
    """What is known of a row. The last four are what makes a plan unproven."""

    INCIDENT = "fails in the incident"
    SPOILT = "fails when spoilt"
    NOT_RECORDED = "not proven: no incident answer"
    CANNOT_FAIL = "cannot fail"
    STAYS_GREEN = "stays green"
    NOT_GREEN = "not green when healthy"
    UNKNOWN = "not proven: no healthy answer"


UNPROVEN = (Proof.CANNOT_FAIL, Proof.STAYS_GREEN, Proof.NOT_GREEN, Proof.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """A row, decided: `why` is what was seen, `advice` what to write where it is unproven."""

    path: Path
    told: str
    proof: Proof
    why: str
    advice: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether something recorded, or spoilt, has turned it red."""
        return self.proof not in UNPROVEN


def decided(
    row: Row, healthy: Scene, incidents: Sequence[Scene], spoilt: Spoilt, moved_in: MovedIn
) -> Proven:
    """Green on the healthy answers, red on some others, and never green without its field?"""
    at_first = row.ask(healthy)
    if at_first is None:
        return _proven(row, Proof.UNKNOWN, "no healthy answer of it is recorded", _ANSWER)
    if at_first is not Outcome.PASS and not row.is_alternative:
        return _proven(row, Proof.NOT_GREEN, f"{_word(at_first)} on the healthy answers", _HEALTHY)
    seen = [(incident, row.ask(incident)) for incident in incidents]
    failed = [incident.name for incident, outcome in seen if outcome is Outcome.FAIL]
    passed = [incident for incident, outcome in seen if outcome is Outcome.PASS]
    for incident in passed if not failed else ():
        told = moved_in(incident)
        if told:
            why = f"it would pass in the incident too ({incident.name}): {told}"
            return _proven(row, Proof.CANNOT_FAIL, why, _TIGHTER)
    green = next((scene for scene in spoilt.lacking if row.ask(scene) is Outcome.PASS), None)
    if green is not None:
        return _proven(row, Proof.STAYS_GREEN, f"it is green with {green.name}", _TYPE)
    if failed:
        return _proven(row, Proof.INCIDENT, f"fails in {', '.join(failed)}")
    return _by_spoiling(row, at_first, [outcome for _, outcome in seen], spoilt)


def _by_spoiling(
    row: Row, at_first: Outcome, in_incidents: Sequence[Outcome | None], spoilt: Spoilt
) -> Proven:
    """Where no incident turns it red, something spoilt must."""
    by = _turned_red_by(row, spoilt)
    if by is None and at_first is Outcome.FAIL:
        by = "the healthy answers, which are of another kind"
    if by is None:
        return _proven(row, Proof.CANNOT_FAIL, "nothing turned it red", _SHOW if row.is_made else _RECORD)
    if row.is_made:
        return _proven(row, Proof.SPOILT, f"made up: fails with {by}")
    if all(outcome is None for outcome in in_incidents):
        return _proven(row, Proof.NOT_RECORDED, f"fails with {by}")
    told = "passes" if Outcome.PASS in in_incidents else "is not green"
    return _proven(row, Proof.SPOILT, f"{told} in the incident, fails with {by}")


def _turned_red_by(row: Row, spoilt: Spoilt) -> str | None:
    scenes = (*spoilt.crossing, *spoilt.lacking)
    return next((scene.name for scene in scenes if row.ask(scene) is Outcome.FAIL), None)


_ANSWER = "add one to fixtures.healthy"
_HEALTHY = "correct the line, or record healthy answers anew"
_TYPE = "name the value, or its type"
_TIGHTER = "tighten it; or, if that value is a healthy one, add such an answer to fixtures.healthy"
_SHOW = "name what shows it, or tighten the limit; or drop the line"
_RECORD = "record an incident in which it fails (fixtures.incident), or write a line that can fail"


def _word(outcome: Outcome) -> str:
    return "it fails" if outcome is Outcome.FAIL else "it is inconclusive"


def _proven(row: Row, proof: Proof, why: str, advice: str = "") -> Proven:
    return Proven(path=row.path, told=row.told, proof=proof, why=why, advice=advice)
