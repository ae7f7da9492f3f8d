"""Decides whether a row can fail, from its outcome in every scenario. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy_verdict.model import Outcome
from deploy_verdict.prove.rows import Path, PlanRow
from deploy_verdict.prove.scenario import Scenario


class Proof(StrEnum):
    """What is known of a row. The last four leave a plan unproven."""

    INCIDENT = "fails in the incident"
    MUTANT = "fails when spoilt"
    NOT_RECORDED = "not proven: no incident answer"
    CANNOT_FAIL = "cannot fail"
    STAYS_GREEN = "stays green"
    NOT_GREEN = "not green when healthy"
    UNKNOWN = "not proven: no healthy answer"


UNPROVEN = (Proof.CANNOT_FAIL, Proof.STAYS_GREEN, Proof.NOT_GREEN, Proof.UNKNOWN)


# What is known, how, and what to write.
_Decision = tuple[Proof, str, str]


@dataclass(frozen=True, kw_only=True)
class ProvenRow:
    """A decided row: `why` is how the proof is known, `advice` what to write if it is unproven."""

    path: Path
    text: str
    proof: Proof
    why: str
    advice: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether a recorded answer or a mutant made the row fail."""
        return self.proof not in UNPROVEN


def decide(row: PlanRow, baseline: Scenario, incidents: Sequence[Scenario]) -> ProvenRow:
    """Decide a row: it must pass when healthy, fail in another scenario, and never pass without its value."""
    proof, why, advice = _decision(row, baseline, incidents)
    return ProvenRow(path=row.path, text=row.text, proof=proof, why=why, advice=advice)


def _decision(row: PlanRow, baseline: Scenario, incidents: Sequence[Scenario]) -> _Decision:
    healthy = row.outcome(baseline)
    if healthy is None:
        return Proof.UNKNOWN, "no healthy answer of it is recorded", "add one to fixtures.healthy"
    if healthy is not Outcome.PASS and not row.is_alternative:
        verb = "it fails" if healthy is Outcome.FAIL else "it is inconclusive"
        return Proof.NOT_GREEN, f"{verb} on the healthy answers", _HEALTHY
    outcomes = [(incident, row.outcome(incident)) for incident in incidents]
    failed = [incident.name for incident, outcome in outcomes if outcome is Outcome.FAIL]
    for incident, outcome in outcomes if not failed else ():
        value = row.incident_value(incident) if outcome is Outcome.PASS else None
        if value:
            why = f"it would pass in the incident too ({incident.name}): {value}"
            return Proof.CANNOT_FAIL, why, _TIGHTER
    green = next((mutant for mutant in row.lacking if row.outcome(mutant) is Outcome.PASS), None)
    if green is not None:
        return Proof.STAYS_GREEN, f"it is green with {green.name}", "name the value, or its type"
    if failed:
        return Proof.INCIDENT, f"fails in {', '.join(failed)}", ""
    return _by_mutants(row, healthy, [outcome for _, outcome in outcomes])


def _by_mutants(row: PlanRow, healthy: Outcome, in_incidents: Sequence[Outcome | None]) -> _Decision:
    """Decide by the mutants, if no incident makes the row fail."""
    mutants = (*row.crossing, *row.lacking)
    by = next((mutant.name for mutant in mutants if row.outcome(mutant) is Outcome.FAIL), None)
    if by is None and healthy is Outcome.FAIL:
        by = "the healthy answers, which are of another kind"
    if by is None:
        return Proof.CANNOT_FAIL, "nothing turned it red", _SHOW if row.is_synthetic else _RECORD
    if row.is_synthetic:
        return Proof.MUTANT, f"made up: fails with {by}", ""
    if all(outcome is None for outcome in in_incidents):
        return Proof.NOT_RECORDED, f"fails with {by}", ""
    verb = "passes" if Outcome.PASS in in_incidents else "is not green"
    return Proof.MUTANT, f"{verb} in the incident, fails with {by}", ""


_HEALTHY = "correct the line, or record healthy answers anew"
_TIGHTER = "tighten it; or, if that value is a healthy one, add such an answer to fixtures.healthy"
_SHOW = "name what shows it, or tighten the limit; or drop the line"
_RECORD = "record an incident in which it fails (fixtures.incident), or write a line that can fail"
