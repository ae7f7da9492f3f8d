"""What the tests left behind: every cleanup step of every run, with the request that restores it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.steps import may_have_written, step_label
from deploy_verdict.model import Finding, Outcome, Severity, TestObservation
from deploy_verdict.plan import E2E, Test
from deploy_verdict.stages.e2e.judge_runs import Files, observed, tested_record


@dataclass(frozen=True)
class _Left:
    """Something that is not clean, or not known to be."""

    outcome: Outcome
    told: str
    offset_s: float
    pointer: str | None


def judge_cleanup(e2e: E2E, test: Test, files: Files) -> Finding:
    """One finding over all runs and attempts; what one attempt left behind, no other takes back."""
    found = list(_found(e2e, test, files))
    bad = next((left for left in found if left.outcome is Outcome.FAIL), None) or next(iter(found), None)
    outcome = bad.outcome if bad else Outcome.PASS
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Finding(
        stage="e2e",
        check=test.name,
        rule="cleanup",
        expectation="everything that the test changed is restored",
        outcome=outcome,
        severity=Severity.P2 if outcome is Outcome.FAIL else None,
        expected="nothing is left behind",
        actual=f"{bad.told}{more}" if bad else f"restored after each of {len(e2e.at)}",
        because="test data was left changed" if outcome is Outcome.FAIL else None,
        evidence=bad.pointer if bad else None,
        offset_s=bad.offset_s if bad else None,
    )


def _found(e2e: E2E, test: Test, files: Files) -> Iterator[_Left]:
    seen = list(observed(test.name, files))
    for pointer, observation in seen:
        yield from _left(test, observation, pointer)
    at = {observation.offset_s for _, observation in seen}
    for offset_s in e2e.at:
        if offset_s not in at:
            yield _Left(Outcome.INCONCLUSIVE, f"not run at {shown_offset(offset_s)}", offset_s, None)


def _left(test: Test, observation: TestObservation, pointer: str) -> Iterator[_Left]:
    offset_s, when = observation.offset_s, shown_offset(observation.offset_s)
    for item in observation.unrestored:
        told = f"{when}: not restored ({item.reason}); send: {item.request}"
        yield _Left(Outcome.FAIL, told, offset_s, pointer)
    if observation.unrestored or not _wrote(observation):
        return
    # The last of each: a race that is tried again cleans up in between.
    records = {record.index: record for record in observation.steps if record.part == "cleanup"}
    for index, step in enumerate(test.cleanup):
        label = step_label("cleanup", index, step.name)
        record = records.get(index)
        if record is None or record.name != step.name:
            yield _Left(Outcome.INCONCLUSIVE, f"{when}: {label} is not in the evidence", offset_s, pointer)
            continue
        result = tested_record(record, step)
        if result.outcome is not Outcome.PASS:
            yield _Left(result.outcome, f"{when}: {label}: {result.told}", offset_s, pointer)


def _wrote(observation: TestObservation) -> bool:
    """Whether there was something to restore; an interrupted run may have sent what it could not record."""
    if observation.interrupted:
        return True
    for record in observation.steps:
        races = record.race.exchanges if record.race else ()
        single = (record.exchange,) if record.exchange else ()
        if any(may_have_written(exchange) for exchange in (*record.earlier, *single, *races)):
            return True
    return False
