"""Proves that every line, rule, limit, pattern and criterion of a plan can fail, on recorded answers. Pure.

The judge itself decides. Healthy answers must pass. The incident's own answers, or a mutant of the healthy
ones, must make each row fail; and no answer without the value in question may leave it passing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from deploy_verdict.model import VerdictOutcome
from deploy_verdict.plan import Answer, Plan
from deploy_verdict.prove.decision import Proof, ProvenRow, decide
from deploy_verdict.prove.rows import Path, ReadLog, RecordedRows
from deploy_verdict.prove.scenario import Evaluator, Scenario
from deploy_verdict.prove.synthetic import SyntheticRows, synthetic_evidence
from deploy_verdict.stages.registry import loads

__all__ = ["Proof", "ProvenRow", "RecordedIncident", "Recordings", "prove", "unrecordable_stages"]


@dataclass(frozen=True, kw_only=True)
class RecordedIncident:
    """The answers of one incident."""

    name: str
    answers: Mapping[str, tuple[Answer, ...]]


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Everything recorded, with the bodies read from their files. Logs are lines."""

    healthy: Mapping[str, tuple[Answer, ...]]
    incidents: tuple[RecordedIncident, ...] = ()
    healthy_log: tuple[str, ...] | None = None
    incident_log: tuple[str, ...] | None = None


def unrecordable_stages(plan: Plan) -> tuple[str, ...]:
    """Return the plan's stages that cannot be recorded, and for which no healthy evidence can be made up."""
    return tuple(stage for stage in loads() if stage in plan.stages)


def prove(plan: Plan, recordings: Recordings, read_log: ReadLog) -> Iterator[ProvenRow]:
    """Yield every row of the plan in its order, then the verdict on each incident."""
    healthy_log = recordings.healthy_log or ()
    baseline = Scenario(
        name="healthy",
        answers=recordings.healthy,
        log=read_log(healthy_log) if plan.logs and healthy_log else None,
        synthetic=synthetic_evidence(plan),
    )
    evaluator = Evaluator(plan, baseline)
    incidents = [
        replace(baseline, name=incident.name, answers=incident.answers, log=None)
        for incident in recordings.incidents
    ]
    scenarios = [*incidents]
    if plan.logs and recordings.incident_log:
        log = read_log(recordings.incident_log)
        scenarios.append(Scenario(name="the incident's log", answers={}, log=log))
    recorded = RecordedRows(evaluator, healthy_log, read_log)
    crossing: list[Scenario] = []
    for row in chain(recorded.rows(), SyntheticRows(plan, evaluator).rows()):
        crossing += row.crossing
        yield decide(row, baseline, scenarios)
    for row in recorded.criterion_rows(tuple(crossing)):
        yield decide(row, baseline, scenarios)
    for index, incident in enumerate(incidents):
        outcome = evaluator.verdict(incident).outcome
        is_bad = outcome in (VerdictOutcome.CRITICAL, VerdictOutcome.ATTENTION)
        path: Path = ("fixtures", "incident", index) if len(incidents) > 1 else ("fixtures", "incident")
        yield ProvenRow(
            path=path,
            text=f"the verdict on {incident.name}",
            proof=Proof.INCIDENT if is_bad else Proof.CANNOT_FAIL,
            why=f"{outcome.shown} in {incident.name}" if is_bad else f"it would be {outcome.shown}",
            advice="" if is_bad else "write a line that fails on these answers",
        )
