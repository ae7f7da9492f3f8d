"""How often an operation must have run in the window for the verdict to cover it. Pure."""

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from deploy_verdict.base.units import Duration, percent, shown_duration
from deploy_verdict.model import Severity
from deploy_verdict.plan.requests import METHODS, Part, checked_path
from deploy_verdict.stats.bounds import clean_needed

_PLACE = re.compile(r"\\\{[A-Za-z_]+\\\}")


def _rarest(value: Any) -> float:
    """Parse the error rate to exclude, in percent; a rarer one than 0.1 % would take thousands of runs."""
    share = percent(value)
    if not 0.1 <= share < 100:
        raise ValueError(f"{value!r} cannot be excluded by a top-up — write a share from 0.1% to 99%")
    return share


Excluded = Annotated[
    float, BeforeValidator(_rarest), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?%$"})
]


class TopUp(Part):
    """Safe runs of our own at the window's end, as many as are missing."""

    of: str = Field(description="whose runs: e2e/TEST, or health/CHECK; it must do the operation")
    to_exclude: Excluded | None = Field(
        default=None, description="so rare an error is to be excluded, which takes 299 clean runs for 1%"
    )
    at_most: int = Field(default=300, ge=1, le=5000, description="runs of it in all, whatever is lacking")
    every: Duration = Field(default=2.0, ge=0.1, description="at most one run in this time")
    limit: Duration = Field(default=600.0, gt=0, le=1800, description="the longest that all runs may take")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.at_most * self.every > self.limit:
            takes, limit = shown_duration(self.at_most * self.every), shown_duration(self.limit)
            raise ValueError(
                f"{self.at_most} runs, one every {shown_duration(self.every)}, take {takes}, longer than the "
                f"limit of {limit} — lower at_most or every, or raise limit (at most 30 min)"
            )
        return self

    @property
    def part(self) -> tuple[str, str]:
        """The stage and the name: ("e2e", "ARM Flow")."""
        stage, _, name = self.of.partition("/")
        return stage, name


class Exposing(Part):
    """How many clean runs an operation needs: n of them exclude error rates above 1 - 0.05^(1/n) at 95 %."""

    operation: str = Field(
        description="a method and path, such as POST /orders/{id}; or e2e/TEST, or e2e/TEST/STEP"
    )
    at_least: int = Field(
        ge=1, le=100_000, description="59 clean runs exclude more than 5 %, 299 more than 1 %"
    )
    severity: Severity = Field(default=Severity.P1, strict=False, description="of a run that went wrong")
    top_up: TopUp | None = Field(default=None, description="runs of ours for those that are lacking")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.test_name:
            return self
        method, _, path = self.operation.partition(" ")
        if method.lower() not in METHODS or not path:
            raise ValueError(
                f"'{self.operation}' is no operation — write POST /path, e2e/TEST or e2e/TEST/STEP"
            )
        checked_path(path)
        return self

    @property
    def wanted(self) -> int:
        """The number of clean runs: `at_least`, or what the top-up needs to exclude `to_exclude`."""
        rarest = self.top_up.to_exclude if self.top_up is not None else None
        return max(self.at_least, clean_needed(rarest) if rarest is not None else 0)

    @property
    def test_name(self) -> str:
        """The E2E test with its step, or "" if the operation is a method and path."""
        stage, _, rest = self.operation.partition("/")
        return rest if stage == "e2e" else ""

    def step_of(self, test: str) -> str | None:
        """Return which step of this test is meant: "" for the complete test, None for another test."""
        if self.test_name == test:
            return ""
        return self.test_name.removeprefix(f"{test}/") if self.test_name.startswith(f"{test}/") else None

    def is_met_by(self, method: str, path: str) -> bool:
        """Whether a request is a run of this operation; `{id}` stands for one segment of the path."""
        asked, _, pattern = self.operation.partition(" ")
        parts = _PLACE.sub("[^/]+", re.escape(pattern))
        return method == asked.upper() and re.fullmatch(parts, path) is not None


class Exposure(Exposing):
    """The required runs of one operation; its finding carries `name`."""

    name: str
