"""The logs section of a plan: what the service's own log must and must not say. Pure."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from deploy_verdict.model import Severity
from deploy_verdict.plan.parts import Part
from deploy_verdict.units import Duration, Percent


class LogPattern(Part):
    """A text (or regular expression) to look for in the logs."""

    text: str | None = None
    regex: str | None = None
    name: str = ""
    severity: Severity = Field(default=Severity.P1, strict=False)
    because: str | None = None
    within: Literal["window", "log"] = Field(
        default="window", description="log: also before T0, as start-up lines"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.text is not None and not self.text.strip():
            raise ValueError("the text is empty — write what is looked for")
        if bool(self.text) == bool(self.regex):
            raise ValueError("write either text or regex")
        if self.regex:
            try:
                re.compile(self.regex)
            except re.error as error:
                raise ValueError(f"{self.regex!r} is not a regular expression: {error}") from error
            if re.search(self.regex, "") is not None:
                raise ValueError(f"{self.regex!r} is found in any line — write one that can fail")
        if not self.name:
            object.__setattr__(self, "name", self.text or self.regex)
        return self

    @property
    def sought(self) -> str:
        """What is looked for and where, so that evidence of another pattern of this name is not taken."""
        return f"{'text' if self.text else 'regex'} within {self.within}: {self.text or self.regex}"


def _pattern(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Pattern = Annotated[LogPattern, BeforeValidator(_pattern, json_schema_input_type=str | LogPattern)]


class LogCanary(Part):
    """Lines that each of our own requests must have left in the log: too few, and the log has holes."""

    regex: str = Field(description="found in the line that the service logs for each request")
    at_least: Percent = Field(default=90.0, gt=0, description="of our own answered requests")

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        LogPattern(regex=self.regex)
        return self

    @property
    def pattern(self) -> LogPattern:
        """The pattern by which the log's reviewer counts these lines."""
        return LogPattern(regex=self.regex, name="canary")


class Logs(Part):
    """What the service's own log must and must not say."""

    must_not_appear: tuple[Pattern, ...] = Field(default=(), strict=False)
    must_appear: tuple[Pattern, ...] = Field(default=(), strict=False)
    max_silence: Duration = Field(default=1800.0, description="a longer stretch without a line is a hole")
    max_errors: int | None = Field(default=None, ge=0, description="more lines of level error than this: P2")
    canary: LogCanary | None = None
    examples: int = Field(default=5, ge=1, le=50, description="example lines kept for each pattern")

    @model_validator(mode="after")
    def _something_asked(self) -> Self:
        if not self.must_not_appear and not self.must_appear:
            raise ValueError("no pattern, so this can never fail — add must_not_appear or must_appear")
        return self
