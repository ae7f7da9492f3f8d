"""A run kept as a column of later reports: what it measured, and what became of it."""

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from deploy_verdict.model.enums import Outcome, Record, VerdictOutcome
from deploy_verdict.model.files import CriterionResult, Subject


class MeasuredValue(Record):
    """A measure as tables show it, None where it is not known; `outcome` is the worst of its findings."""

    value: str | None = None
    outcome: Outcome | None = None


class CapturedRun(Record):
    """captures/NAME.json: small enough to keep beside the plan for good."""

    schema_: Literal["deploy-verdict/captured/1"] = Field(default="deploy-verdict/captured/1", alias="schema")
    name: str
    subject: Subject
    window_id: str
    t0: AwareDatetime
    length_s: float
    speed: float = 1.0
    plan_name: str
    plan_sha256: str
    tool_version: str
    judged_at: AwareDatetime
    outcome: VerdictOutcome
    criteria: tuple[CriterionResult, ...] = ()
    measures: dict[str, MeasuredValue] = Field(default={})

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
