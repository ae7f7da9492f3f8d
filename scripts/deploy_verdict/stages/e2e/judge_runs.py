"""What the record of one run of one declared test proves. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import JsonValue

from deploy_verdict.base.units import shown_offset
from deploy_verdict.evidence.answers.steps import (
    is_targets_trouble,
    refusal_body,
    step_label,
    tested_race,
    tested_step,
    worst_ruling,
)
from deploy_verdict.evidence.finding import Ruling, passed, unknown
from deploy_verdict.evidence.stopped import stopped_at
from deploy_verdict.model import Evidence, Exchange, FailedRun, Outcome, StepRecord, TestObservation
from deploy_verdict.plan import E2E, Step, Test
from deploy_verdict.plan.checks.references import PRE_CHECK
from deploy_verdict.plan.placeholders import filled, names_in, with_captures

SHORTEST = 3
NOT_RUN = "not run"


def has_written(record: StepRecord) -> bool:
    """Return whether the test itself wrote something in this step."""
    is_own = record.part in ("start", "steps")
    return is_own and any(
        _is_good(answer) for answer in _answers(record) if answer.method not in ("GET", "HEAD")
    )


def rival_in(
    record: StepRecord, steps: Sequence[Step], captured: Mapping[str, Any], held_by: Sequence[str]
) -> str | None:
    """Return the worker of this tool that all responses to a step name as the holder, or None."""
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
    """Yield the workers that our requests name in the plan's `held_by` fields."""
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
    """A planned run of a test. `pointer` is None if the evidence has no observation of it."""

    offset_s: float
    pointer: str | None
    observation: TestObservation | None
    result: Ruling

    @property
    def actual(self) -> str:
        """The offset and the result, in words."""
        when = shown_offset(self.offset_s)
        if self.observation is None and self.result.actual == NOT_RUN:
            return f"{NOT_RUN} at {when}"
        return f"{when}: {self.result.actual}"


def pre_check(e2e: E2E) -> Test | None:
    """Return the plan's pre-check as a test, or None."""
    return Test(name=PRE_CHECK, steps=e2e.pre_check) if e2e.pre_check else None


def runs_of(e2e: E2E, test: Test, files: Files) -> tuple[JudgedRun, ...]:
    """Return each planned run of a test: its first attempt that fails, else its newest."""
    before_each = () if test.name == PRE_CHECK else e2e.before_each
    attempts: dict[float, list[tuple[str, TestObservation]]] = {}
    for pointer, observation in runs_in(test.name, files):
        attempts.setdefault(observation.offset_s, []).append((pointer, observation))

    def run(offset_s: float) -> JudgedRun:
        observed: list[tuple[str | None, TestObservation | None]] = [*attempts.get(offset_s, [])]
        runs = [
            JudgedRun(
                offset_s=offset_s,
                pointer=pointer,
                observation=observation,
                result=tested_run(test, before_each, observation, e2e.held_by)
                if observation is not None
                else unknown(why_not_run(files, offset_s)),
            )
            for pointer, observation in observed or [(None, None)]
        ]
        return next((item for item in runs if item.result.outcome is Outcome.FAIL), runs[-1])

    return tuple(run(offset_s) for offset_s in e2e.at)


def why_not_run(files: Files, offset_s: float) -> str:
    """Return why the evidence has no run at an offset, as far as it says so."""
    return stopped_at((evidence for _, evidence in files), "e2e", offset_s) or NOT_RUN


def runs_in(name: str, files: Files) -> Iterator[tuple[str, TestObservation]]:
    """Yield every observation of a test with its pointer, older attempts first."""
    for file, evidence in sorted(files, key=lambda item: item[1].attempt):
        for index, observation in enumerate(evidence.observations):
            if isinstance(observation, TestObservation) and observation.check == name:
                yield f"{file}#/observations/{index}", observation


def tested_run(
    test: Test,
    before_each: Sequence[Step],
    observation: TestObservation | None,
    held_by: Sequence[str],
) -> Ruling:
    """Judge a run from its record: it passes if every step of the plan is there and passes."""
    if observation is None:
        return unknown(NOT_RUN)
    planned = _planned(test, before_each)
    tested = list(_tested_records(planned, observation, held_by))
    results = [result for _, result in tested]
    recorded = {(record.part, record.index) for record, _ in tested}
    absent = [place for place in planned if place not in recorded]
    if absent or observation.interrupted:
        results.append(unknown(_why_absent(observation, len(absent), len(planned))))
    return worst_ruling(results)


def run_outcomes(
    test: Test,
    before_each: Sequence[Step],
    observation: TestObservation,
    step_name: str,
    held_by: Sequence[str],
) -> Iterator[Outcome]:
    """Yield the outcome of the test in this run, or of each execution of the step with that name."""
    if not step_name:
        yield tested_run(test, before_each, observation, held_by).outcome
        return
    for record, result in _tested_records(_planned(test, before_each), observation, held_by):
        if record.part == "steps" and record.name == step_name:
            yield result.outcome


def _tested_records(
    planned: Mapping[Place, Step], observation: TestObservation, held_by: Sequence[str]
) -> Iterator[tuple[StepRecord, Ruling]]:
    """Yield each record with its ruling. A refusal caused by another run of this tool is not a fail."""
    records = [record for record in observation.steps if record.part != "cleanup"]
    wrote = False
    for record, captured in _with_captured(records):
        step = planned.get((record.part, record.index))
        result = _tested_record(record, step and with_captures(step, captured))
        if result.outcome is Outcome.FAIL and not wrote:
            rival = rival_in(record, tuple(planned.values()), captured, held_by)
            if rival:
                result = unknown(_rival_text(rival, result))
        wrote = wrote or has_written(record)
        yield record, result


def failed_result(e2e: E2E, test: Test, failure: FailedRun, *, is_first: bool) -> Ruling:
    """Judge the step that ended a run of a top-up: it counts if it belongs to the test and fails.

    `is_first`: no run before it wrote to the test entity, so another run of this tool may hold it.
    """
    planned, record = _planned(test, e2e.before_each), failure.step
    step = planned.get((record.part, record.index))
    result = _tested_record(record, step and with_captures(step, failure.captured))
    if result.outcome is Outcome.FAIL and is_first and record.index == 0 and not test.start:
        rival = rival_in(record, tuple(planned.values()), failure.captured, e2e.held_by)
        if rival:
            return unknown(_rival_text(rival, result))
    return result


def _rival_text(rival: str, result: Ruling) -> str:
    return f"another run of this tool was writing: {rival} held the test entity ({result.actual})"


def _with_captured(records: Sequence[StepRecord]) -> Iterator[tuple[StepRecord, dict[str, JsonValue]]]:
    """Yield each record with what the steps before it captured."""
    captured: dict[str, JsonValue] = {}
    for record in records:
        yield record, dict(captured)
        captured |= record.captured


def _planned(test: Test, before_each: Sequence[Step]) -> dict[Place, Step]:
    parts = {"before_each": before_each, "start": test.start, "steps": test.steps}
    return {(part, index): step for part, steps in parts.items() for index, step in enumerate(steps)}


def _why_absent(observation: TestObservation, absent: int, planned: int) -> str:
    """Describe why steps are absent. Without `stopped`, the plan has been corrected since."""
    if observation.interrupted:
        return f"interrupted: {observation.stopped}"
    if observation.stopped:
        return f"stopped: {observation.stopped}"
    return f"{absent} of its {planned} steps are not in the evidence"


def _tested_record(record: StepRecord, step: Step | None) -> Ruling:
    label = step_label(record.part, record.index, record.name)
    if step is None or step.name != record.name:
        return unknown(f"{label}: the plan has another step there")
    result = tested_record(record, step)
    if result.outcome is Outcome.PASS:
        return result
    trouble = _troubled(record)
    actual = f"{label}: {result.actual}"
    if record.part != "steps" and not trouble:
        return unknown(f"its start state was not reached: {actual}")
    return replace(result, outcome=Outcome.FAIL if trouble else result.outcome, actual=actual)


def _troubled(record: StepRecord) -> bool:
    """Return whether the target itself broke in this step, whatever the step was for."""
    return any(is_targets_trouble(answer) for answer in _answers(record))


def tested_record(record: StepRecord, step: Step) -> Ruling:
    """Judge one recorded step by what the plan expects of it."""
    if record.refused:
        return unknown(f"refused: {record.refused}")
    if step.together is not None:
        if record.race is None:
            return unknown(_why_unsent(record))
        return tested_race(step.together, record.race)
    if record.exchange is None:
        return unknown(_why_unsent(record))
    result = tested_step(step, record.exchange)
    if result.outcome is not Outcome.PASS:
        return replace(result, actual=result.actual + refusal_body(record.exchange))
    lost = [name for name in step.capture if name not in record.captured]
    if lost:
        reasons = "; ".join(
            f"{name} ({record.not_captured.get(name, 'no reason recorded')})" for name in lost
        )
        return unknown(f"not captured: {reasons}")
    return passed()


def _why_unsent(record: StepRecord) -> str:
    if record.not_captured:
        return f"not filled: {', '.join(record.not_captured)} was not captured"
    return "not sent"
