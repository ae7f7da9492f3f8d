"""One run of one declared test: what its record proves. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.steps import (
    PASSED,
    StepResult,
    is_targets_trouble,
    step_label,
    tested_race,
    tested_step,
    told_body,
    worst_result,
)
from deploy_verdict.model import Evidence, Exchange, FailedRun, Outcome, StepRecord, TestObservation
from deploy_verdict.plan import E2E, Step, Test
from deploy_verdict.plan.placeholders import filled, names_in, with_captures
from deploy_verdict.plan.references import PRE_CHECK

SHORTEST = 3


def has_taken(record: StepRecord) -> bool:
    """Whether the test itself got something written in this step."""
    is_own = record.part in ("start", "steps")
    return is_own and any(
        _is_good(answer) for answer in _answers(record) if answer.method not in ("GET", "HEAD")
    )


def rival_in(
    record: StepRecord, steps: Sequence[Step], captured: Mapping[str, Any], held_by: Sequence[str]
) -> str | None:
    """The worker of ours that all the answers of a step name as the holder, or None."""
    answers = _answers(record)
    if not answers or any(answer.status != 409 or answer.fault is not None for answer in answers):
        return None
    ours = dict.fromkeys(_workers(steps, captured, held_by))
    named = [next((name for name in ours if _names(answer, name)), None) for answer in answers]
    return named[0] if all(named) else None


def _answers(record: StepRecord) -> list[Exchange]:
    return [record.exchange] if record.exchange else list(record.race.exchanges) if record.race else []


def _is_good(answer: Exchange) -> bool:
    return answer.fault is None and answer.status is not None and 200 <= answer.status < 300


def _names(answer: Exchange, worker: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(worker)}(?!\w)", answer.body or ""))


def _workers(steps: Sequence[Step], captured: Mapping[str, Any], held_by: Sequence[str]) -> Iterator[str]:
    """What our requests say of who we are, in the plan's `held_by` fields."""
    for step in steps:
        for request in step.together.requests if step.together else (step,):
            body = request.json_ if isinstance(request.json_, dict) else {}
            for key in held_by:
                value = body.get(key)
                if isinstance(value, str) and all(name in captured for name in names_in(value)):
                    worker = str(filled(value, captured))
                    if len(worker) >= SHORTEST:
                        yield worker


Files = Sequence[tuple[str, Evidence]]
Place = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """A planned run of a test. `pointer` is None where the evidence holds no observation of it."""

    offset_s: float
    pointer: str | None
    observation: TestObservation | None
    result: StepResult

    @property
    def told(self) -> str:
        """What came of it, beginning with when it was."""
        when = shown_offset(self.offset_s)
        return f"not run at {when}" if self.observation is None else f"{when}: {self.result.told}"


def pre_check(e2e: E2E) -> Test | None:
    """The plan's pre-check as a test."""
    return Test(name=PRE_CHECK, steps=e2e.pre_check) if e2e.pre_check else None


def runs_of(e2e: E2E, test: Test, files: Files) -> tuple[JudgedRun, ...]:
    """Each planned run of a test: its first attempt that fails, else its newest."""
    before_each = () if test.name == PRE_CHECK else e2e.before_each
    attempts: dict[float, list[tuple[str, TestObservation]]] = {}
    for pointer, observation in observed(test.name, files):
        attempts.setdefault(observation.offset_s, []).append((pointer, observation))

    def run(offset_s: float) -> JudgedRun:
        taken: list[tuple[str | None, TestObservation | None]] = [*attempts.get(offset_s, [])]
        runs = [
            JudgedRun(
                offset_s=offset_s,
                pointer=pointer,
                observation=seen,
                result=tested_run(test, before_each, seen, e2e.held_by),
            )
            for pointer, seen in taken or [(None, None)]
        ]
        failed = [item for item in runs if item.result.outcome is Outcome.FAIL]
        return failed[0] if failed else runs[-1]

    return tuple(run(offset_s) for offset_s in e2e.at)


def observed(name: str, files: Files) -> Iterator[tuple[str, TestObservation]]:
    """Every observation of a test with its pointer, older attempts first."""
    for file, evidence in sorted(files, key=lambda item: item[1].attempt):
        for index, observation in enumerate(evidence.observations):
            if isinstance(observation, TestObservation) and observation.check == name:
                yield f"{file}#/observations/{index}", observation


def tested_run(
    test: Test,
    before_each: Sequence[Step],
    observation: TestObservation | None,
    held_by: Sequence[str],
) -> StepResult:
    """Test every step of a record again: a test passes when each step of the plan is there and passes."""
    if observation is None:
        return StepResult(Outcome.INCONCLUSIVE, "it was not run")
    planned = _planned(test, before_each)
    tested = list(_tested_records(planned, observation, held_by))
    results = [result for _, result in tested]
    taken = {(record.part, record.index) for record, _ in tested}
    absent = [place for place in planned if place not in taken]
    if absent or observation.interrupted:
        results.append(StepResult(Outcome.INCONCLUSIVE, _told_end(observation, len(absent), len(planned))))
    return worst_result(results)


def run_outcomes(
    test: Test,
    before_each: Sequence[Step],
    observation: TestObservation,
    step_name: str,
    held_by: Sequence[str],
) -> Iterator[Outcome]:
    """What came of the test in this run; or of each step of that name, as often as it was taken."""
    if not step_name:
        yield tested_run(test, before_each, observation, held_by).outcome
        return
    for record, result in _tested_records(_planned(test, before_each), observation, held_by):
        if record.part == "steps" and record.name == step_name:
            yield result.outcome


def _tested_records(
    planned: Mapping[Place, Step], observation: TestObservation, held_by: Sequence[str]
) -> Iterator[tuple[StepRecord, StepResult]]:
    """Each record with its result; a refusal that another window of ours brought about is no fail."""
    records = [record for record in observation.steps if record.part != "cleanup"]
    took = False
    for record, captured in _with_captured(records):
        step = planned.get((record.part, record.index))
        result = _tested_record(record, step and with_captures(step, captured))
        if result.outcome is Outcome.FAIL and not took:
            rival = rival_in(record, tuple(planned.values()), captured, held_by)
            if rival:
                result = StepResult(Outcome.INCONCLUSIVE, _told_rival(rival, result))
        took = took or has_taken(record)
        yield record, result


def failed_result(e2e: E2E, test: Test, failure: FailedRun, *, is_first: bool) -> StepResult:
    """What the step that ended a run of a top-up proves: it counts if it is the test's and fails.

    `is_first`: no run before it has taken the test entity, which another window of ours may hold.
    """
    planned, record = _planned(test, e2e.before_each), failure.step
    step = planned.get((record.part, record.index))
    result = _tested_record(record, step and with_captures(step, failure.captured))
    if result.outcome is Outcome.FAIL and is_first and record.index == 0 and not test.start:
        rival = rival_in(record, tuple(planned.values()), failure.captured, e2e.held_by)
        if rival:
            return StepResult(Outcome.INCONCLUSIVE, _told_rival(rival, result))
    return result


def _told_rival(rival: str, result: StepResult) -> str:
    return f"another window of ours was writing: {rival} held the test entity ({result.told})"


def _with_captured(records: Sequence[StepRecord]) -> Iterator[tuple[StepRecord, dict[str, JsonValue]]]:
    """Each record with what the steps before it had captured."""
    captured: dict[str, JsonValue] = {}
    for record in records:
        yield record, dict(captured)
        captured |= record.captured


def _planned(test: Test, before_each: Sequence[Step]) -> dict[Place, Step]:
    parts = {"before_each": before_each, "start": test.start, "steps": test.steps}
    return {(part, index): step for part, steps in parts.items() for index, step in enumerate(steps)}


def _told_end(observation: TestObservation, absent: int, planned: int) -> str:
    """Why steps are absent. A `stopped` without an absent step is that of a plan that was corrected since."""
    if observation.interrupted:
        return f"it was interrupted: {observation.stopped}"
    if observation.stopped:
        return f"it went no further: {observation.stopped}"
    return f"{absent} of its {planned} steps are not in the evidence"


def _tested_record(record: StepRecord, step: Step | None) -> StepResult:
    label = step_label(record.part, record.index, record.name)
    if step is None or step.name != record.name:
        return StepResult(Outcome.INCONCLUSIVE, f"{label}: the plan has another step there")
    result = tested_record(record, step)
    if result.outcome is Outcome.PASS:
        return result
    trouble = _troubled(record)
    if trouble and result.outcome is Outcome.INCONCLUSIVE:
        result = StepResult(Outcome.FAIL, result.told, result.severity, result.because)
    told = f"{label}: {result.told}"
    if record.part == "steps" or trouble:
        return StepResult(result.outcome, told, result.severity, result.because)
    return StepResult(Outcome.INCONCLUSIVE, f"its start state was not reached: {told}")


def _troubled(record: StepRecord) -> bool:
    """Whether the target itself broke in this step, whatever the step was for."""
    answers = [record.exchange] if record.exchange else list(record.race.exchanges) if record.race else []
    return any(is_targets_trouble(answer) for answer in answers)


def tested_record(record: StepRecord, step: Step) -> StepResult:
    """Test one recorded step with what the plan expects of it."""
    if record.refused:
        return StepResult(Outcome.INCONCLUSIVE, f"refused: {record.refused}")
    if step.together is not None:
        if record.race is None:
            return StepResult(Outcome.INCONCLUSIVE, _told_unsent(record))
        return tested_race(step.together, record.race)
    if record.exchange is None:
        return StepResult(Outcome.INCONCLUSIVE, _told_unsent(record))
    result = tested_step(step, record.exchange)
    if result.outcome is not Outcome.PASS:
        told = result.told + told_body(record.exchange)
        return StepResult(result.outcome, told, result.severity, result.because)
    lost = [name for name in step.capture if name not in record.captured]
    if lost:
        reasons = "; ".join(f"{name} ({record.not_captured.get(name, 'no reason told')})" for name in lost)
        return StepResult(Outcome.INCONCLUSIVE, f"not captured: {reasons}")
    return PASSED


def _told_unsent(record: StepRecord) -> str:
    if record.not_captured:
        return f"it could not be filled: {', '.join(record.not_captured)} was not captured"
    return "it was not sent"
