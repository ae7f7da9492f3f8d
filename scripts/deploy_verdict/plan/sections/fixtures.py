"""Recorded answers and logs, healthy ones and the incident's, that prove a plan. Pure.

This module has only their shape and names; prove/ reads the files, and none outside the plan's folder.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from deploy_verdict.base.units import Duration
from deploy_verdict.plan.requests import Part
from deploy_verdict.plan.sections.e2e import E2E, Step

Faults = Literal["timeout", "refused"]


def _inside(value: Any) -> Any:
    """Return a path below the plan's folder; raise ValueError. Links that lead out are refused on reading."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a file's name — write one such as fixtures/a.yml")
    if value.startswith("/") or ".." in value.split("/") or "\\" in value or ":" in value:
        raise ValueError(f"{value!r} leads out of the plan's folder — put the file beside the plan")
    return value


FixtureFile = Annotated[str, BeforeValidator(_inside)]


class Answer(Part):
    """One recorded answer, or `fault` if none came."""

    status: int | None = Field(default=None, ge=100, le=599)
    json_: JsonValue = Field(default=None, alias="json", description="the body as JSON")
    body: str | None = Field(default=None, description="the body as text")
    file: FixtureFile | None = Field(default=None, description="the file that holds the body")
    headers: dict[str, str] = Field(default={})
    elapsed: Duration = Field(default=0.05, description="how long it took")
    fault: Faults | None = Field(default=None, description="why no answer came")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        bodies = sorted({"json_", "body", "file"} & self.model_fields_set)
        if len(bodies) > 1:
            raise ValueError(f"{' and '.join(bodies).replace('json_', 'json')} in one answer — keep one")
        if (self.status is None) == (self.fault is None):
            raise ValueError("an answer has a status; one that never came has a fault — write one of them")
        return self


def _several(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Answers = Annotated[
    tuple[Answer, ...],
    Field(strict=False, min_length=1),
    BeforeValidator(_several, json_schema_input_type=Answer | list[Answer]),
]


class Recording(Part):
    """Answers by the name of the request: inline, or in a file of the same form.

    Several answers of one name are in the order in which they came.
    """

    file: FixtureFile | None = None
    answers: dict[str, Answers] = Field(default={})


def _recording(value: Any) -> Any:
    if isinstance(value, str):
        return {"file": value}
    if not isinstance(value, dict):
        raise ValueError("write a mapping from names to answers, or the file that holds it")
    return {"answers": value}


_INLINE = dict[str, Answers]
Recorded = Annotated[Recording, BeforeValidator(_recording, json_schema_input_type=str | _INLINE)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


Incidents = Annotated[
    tuple[Recorded, ...],
    Field(strict=False, min_length=1),
    BeforeValidator(_listed, json_schema_input_type=str | _INLINE | list[str | _INLINE]),
]


class RecordedLog(Part):
    """A log: the file that holds it, or its lines."""

    file: FixtureFile | None = None
    lines: tuple[str, ...] = Field(default=(), strict=False)


def _log(value: Any) -> Any:
    if isinstance(value, str):
        return {"file": value}
    if not isinstance(value, list) or not value:
        raise ValueError("write the log's lines as a list, or the file that holds them")
    return {"lines": value}


Log = Annotated[RecordedLog, BeforeValidator(_log, json_schema_input_type=str | list[str])]


class FixtureLogs(Part):
    """What the service logged when it was healthy, and in the incident."""

    healthy: Log
    incident: Log | None = None


class Fixtures(Part):
    """What `check_plan.py --prove` holds the plan against; nothing else reads it."""

    healthy: Recorded = Field(description="answers that must pass")
    incident: Incidents = Field(default=(), description="answers that must fail; one entry for each incident")
    logs: FixtureLogs | None = None


PRE_CHECK_NAME, BEFORE_EACH_NAME = "pre-check", "before_each"


def step_name(part: str, step: Step) -> str:
    """Return the name of a step's answer; `part` is its test, before_each, or pre-check."""
    return f"e2e/{part}/{step.name}"


def step_names(e2e: E2E) -> Iterator[str]:
    """Yield the names of all answers of a suite."""
    yield from (step_name(PRE_CHECK_NAME, step) for step in e2e.pre_check)
    yield from (step_name(BEFORE_EACH_NAME, step) for step in e2e.before_each)
    for test in e2e.tests:
        yield from (step_name(test.name, step) for step in (*test.start, *test.steps, *test.cleanup))
