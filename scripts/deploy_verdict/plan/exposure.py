"""How often an operation must really have run in the window, for the verdict to speak of it. Pure."""

import re
from typing import Self

from pydantic import Field, model_validator

from deploy_verdict.model import Severity
from deploy_verdict.plan.parts import METHODS, Part, checked_path

_PLACE = re.compile(r"\\\{[A-Za-z_]+\\\}")


class Exposure(Part):
    """So many clean runs of one operation: n of them exclude error rates above 1 - 0.05^(1/n) at 95 %."""

    name: str
    operation: str = Field(
        description="a method and path, such as POST /orders/{id}; or e2e/TEST, or e2e/TEST/STEP"
    )
    at_least: int = Field(
        ge=1, le=100_000, description="59 clean runs exclude more than 5 %, 299 more than 1 %"
    )
    severity: Severity = Field(default=Severity.P1, strict=False, description="of a run that went wrong")

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
    def test_name(self) -> str:
        """The E2E test with its step, or nothing where a path is meant."""
        stage, _, rest = self.operation.partition("/")
        return rest if stage == "e2e" else ""

    def step_of(self, test: str) -> str | None:
        """Which step of this test is meant; "" for the test as a whole, None where it is another test."""
        if self.test_name == test:
            return ""
        return self.test_name.removeprefix(f"{test}/") if self.test_name.startswith(f"{test}/") else None

    def is_met_by(self, method: str, path: str) -> bool:
        """Whether a request is a run of this operation; `{id}` stands for one part of the path."""
        asked, _, pattern = self.operation.partition(" ")
        parts = _PLACE.sub("[^/]+", re.escape(pattern))
        return method == asked.upper() and re.fullmatch(parts, path) is not None
