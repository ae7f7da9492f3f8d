"""The logs section of a plan: what the service's own log must and must not say. Pure."""

import re
from collections.abc import Collection
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from deploy_verdict.base.linear_regex import check_regex
from deploy_verdict.base.log_templates import incident_templates
from deploy_verdict.base.units import Duration, Percent
from deploy_verdict.model import Severity
from deploy_verdict.plan.requests import Part


class LogPattern(Part):
    """A text (or regular expression) to search for in the logs."""

    text: str | None = None
    regex: str | None = None
    name: str = ""
    severity: Severity = Field(default=Severity.P1, strict=False)
    because: str | None = None
    within: Literal["window", "log"] = Field(
        default="window", description="log: also before T0, as start-up lines"
    )

    @model_validator(mode="after")
    def _text_or_regex(self) -> Self:
        if self.text is not None and not self.text.strip():
            raise ValueError("the text is empty — write the text to search for")
        if bool(self.text) == bool(self.regex):
            raise ValueError("write either text or regex: of both, keep one")
        if self.regex:
            try:
                re.compile(self.regex)
            except re.error as error:
                raise ValueError(f"{self.regex!r} is not a regular expression: {error}") from error
            if re.search(self.regex, "") is not None:
                raise ValueError(f"{self.regex!r} is found in any line — write one that can fail")
            check_regex(self.regex)
        if not self.name:
            object.__setattr__(self, "name", self.text or self.regex)
        return self

    @property
    def sought(self) -> str:
        """The search in full, so that evidence of another pattern with the same name does not count."""
        return f"{'text' if self.text else 'regex'} within {self.within}: {self.text or self.regex}"


def _pattern(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Pattern = Annotated[LogPattern, BeforeValidator(_pattern, json_schema_input_type=str | LogPattern)]


class LogCanary(Part):
    """Lines that our own requests must leave in the log; too few of them show that the log has gaps."""

    regex: str = Field(description="found in the line that the service logs for each request")
    at_least: Percent = Field(default=90.0, gt=0, description="of our own answered requests")

    @model_validator(mode="after")
    def _can_fail(self) -> Self:
        LogPattern(regex=self.regex)
        return self

    @property
    def pattern(self) -> LogPattern:
        """The pattern that counts these lines."""
        return LogPattern(regex=self.regex, name="canary")


class Novelty(Part):
    """Errors of a kind that the log did not have before the deployment."""

    severity: Severity = Field(default=Severity.P2, strict=False)
    min_count: int = Field(default=1, ge=1, description="seen less often, a new kind of error does not count")
    ignore: tuple[str, ...] = Field(
        default=(), strict=False, description="regular expressions: lines of these kinds are no finding"
    )
    before: Duration = Field(default=3600.0, gt=0, description="how much of the log before to compare with")

    @model_validator(mode="after")
    def _regexes(self) -> Self:
        for regex in self.ignore:
            LogPattern(regex=regex)
        return self


class Incident(Part):
    """The incident's own log lines: none of these kinds may come again. A file must lie beside the plan."""

    lines: tuple[str, ...] = Field(default=(), strict=False)
    file: str | None = None
    severity: Severity = Field(default=Severity.P1, strict=False)
    because: str | None = "this was the incident"

    @model_validator(mode="after")
    def _lines_or_file(self) -> Self:
        if bool(self.lines) == bool(self.file):
            raise ValueError("write either the incident's lines or the file that holds them")
        if self.lines and not self.templates:
            raise ValueError("none of these lines tells of an error — write the incident's own error lines")
        if self.file and (self.file.startswith("/") or ".." in self.file.split("/")):
            raise ValueError(f"{self.file!r} must lie beside the plan or below")
        return self

    @property
    def templates(self) -> tuple[str, ...]:
        """The lines' templates, which a recurrence would match; empty before a file is read."""
        return incident_templates(self.lines)


def _incident(value: Any) -> Any:
    if isinstance(value, str):
        return {"lines": value.splitlines()}
    return {"lines": value} if isinstance(value, list) else value


class LogRules(Part):
    """What one log must and must not say, and how to know that all of it was read."""

    must_not_appear: tuple[Pattern, ...] = Field(default=(), strict=False)
    must_appear: tuple[Pattern, ...] = Field(default=(), strict=False)
    max_silence: Duration = Field(default=1800.0, description="a longer time without a line is a gap")
    quiet: bool = Field(
        default=False, description="the log may have no line for hours, as a database's: silence is no gap"
    )
    max_errors: int | None = Field(default=None, ge=0, description="more lines of level error than this: P2")
    max_warnings: int | None = Field(
        default=None, ge=0, description="more lines of level warning than this: P2"
    )
    unlevelled: Literal["debug", "info", "warning", "error"] | None = Field(
        default=None,
        description="what lines mean that carry no level that is known; a crash is an error anyway",
    )
    starts: str | None = Field(
        default=None,
        description="found in the line that the service logs when it starts: its deployment begins there",
    )
    canary: LogCanary | None = None
    novelty: Novelty | None = Field(
        default=None,
        description="new kinds of errors are always reported; with this section they must also be known",
    )
    incident: (
        Annotated[
            Incident, BeforeValidator(_incident, json_schema_input_type=str | tuple[str, ...] | Incident)
        ]
        | None
    ) = None
    may_rise: tuple[int, ...] = Field(
        default=(),
        strict=False,
        description="statuses such as 401 that this deployment answers more often by intent",
    )
    examples: int = Field(default=5, ge=1, le=50, description="example lines kept for each pattern")

    @model_validator(mode="after")
    def _can_start(self) -> Self:
        if self.starts is not None:
            LogPattern(regex=self.starts)
        return self

    @property
    def asks(self) -> bool:
        """Whether anything here can fail."""
        limits = (self.max_errors, self.max_warnings)
        patterns = (self.must_not_appear, self.must_appear, self.novelty, self.incident)
        return any(patterns) or any(limit is not None for limit in limits)

    @property
    def patterns(self) -> tuple[LogPattern, ...]:
        """The forbidden patterns, then the required ones."""
        return (*self.must_not_appear, *self.must_appear)


class OtherService(Part):
    """Another service of the Railway project, such as the backend's Redis."""

    service: str = Field(
        min_length=1, description="its name or id, in the environment of the railway section"
    )


class OtherLog(LogRules):
    """A further log: a file, or that of another service of the Railway project."""

    name: str = Field(min_length=1, pattern=r"^[^/:*]+$", description="names it in findings and the report")
    file: str | None = Field(default=None, min_length=1, description="its path, where the window is watched")
    railway: OtherService | None = None

    @model_validator(mode="after")
    def _file_or_railway(self) -> Self:
        if bool(self.file) == bool(self.railway):
            raise ValueError("say where the log is: either `file: PATH` or `railway: {service: NAME}`")
        if not self.asks:
            raise ValueError(
                "nothing is asked of this log, so it can never fail — add must_not_appear, must_appear, "
                "max_errors, max_warnings, novelty or incident"
            )
        if self.incident is not None and self.incident.file:
            raise ValueError(
                "write the incident's lines here; a file is read for the service's own log alone"
            )
        return self


class Logs(LogRules):
    """What the service's own log must and must not say, and the logs of what it depends on."""

    sources: tuple[OtherLog, ...] = Field(
        default=(), strict=False, description="further logs, each with rules of its own"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.asks and not self.sources:
            raise ValueError(
                "no pattern, so this can never fail — add must_not_appear, must_appear, max_errors, "
                "max_warnings, novelty, incident or sources"
            )
        return self

    def asked(self, left_out: Collection[str] = ()) -> "tuple[tuple[str, LogRules], ...]":
        """Return every log that has rules, by name; the service's own is "".

        With the deployment stage among `left_out`, the logs of the platform's other services are left out
        too.
        """
        own: tuple[tuple[str, LogRules], ...] = (("", self),) if self.asks else ()
        without_platform = "deployment" in left_out
        return own + tuple(
            (other.name, other) for other in self.sources if not (other.railway and without_platform)
        )
