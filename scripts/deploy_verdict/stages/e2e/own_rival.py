"""A 409 on our own test entity because another window of ours holds it: no news about the service. Pure.

Recognised only where the answer names one of our own workers, and this test has not taken the entity itself:
a service that does not let go again refuses a test that has, and that stays a fail.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy_verdict.model import Exchange, StepRecord
from deploy_verdict.plan import Step
from deploy_verdict.plan.placeholders import filled, names_in

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
